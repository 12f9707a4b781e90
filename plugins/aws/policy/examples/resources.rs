//! Counts the operations whose resources can be read from their parameters;
//! `data/parameters.py TYPES --sample` writes the requests.

use std::io::stdin;

use aws_policy::observed::{actions, resource};

fn main() {
    let place = resource::Place { region: Some("eu-west-1"), account: Some("123456789012") };
    let (mut read, mut all) = (0, 0);
    for line in stdin().lines().map_while(Result::ok) {
        let mut words = line.split('\t');
        let (Some(service), Some(operation)) = (words.next(), words.next()) else { continue };
        let pair = |text: &str| {
            text.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()))
        };
        let parameters: Vec<(String, String)> = words.filter_map(pair).collect();
        let Some((prefix, needed)) = actions(service, operation) else { continue };
        let request =
            resource::Request { service: prefix, operation, parameters: &parameters, place };
        let of = |action: &String| resource::fitting(action, &resource::arns(action, &request));
        let found: Vec<String> = needed.iter().flat_map(of).collect();
        all += 1;
        read += usize::from(!found.is_empty());
        if std::env::args().count() > 1 {
            println!("{service}:{operation}\t{}", found.join(" "));
        }
    }
    println!("{read} of {all}");
}
