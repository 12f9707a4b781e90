//! Prints the prefix of every service, one on a line.

fn main() {
    for service in aws_catalogue::services() {
        println!("{}", service.name());
    }
}
