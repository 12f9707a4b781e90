//! Prints the action, required flag, type and format of each resource type of each action, separated by tabs,
//! for `plugins/aws/policy/data/parameters.py`.

fn main() {
    for service in aws_catalogue::services() {
        let types = service.types();
        let mut names = service.names();
        while names.advance() {
            for (place, required) in service.types_of(names.set()) {
                let Some(kind) = types.get(place) else { continue };
                let required = u8::from(required);
                println!(
                    "{}:{}\t{required}\t{}\t{}",
                    service.name(),
                    names.name(),
                    kind.name,
                    kind.arn
                );
            }
        }
    }
}
