//! The corpus of the fuzz targets, which is checked in every run. `make fuzz` searches for more inputs. (The
//! crates `plugins/aws/policy` and `plugins/deny-list/entry` check the corpus of the targets `action` and
//! `deny`.)

use std::collections::BTreeSet;
use std::path::Path;

use audex::settings::config_file::{ConfigFile, OrganisationFile};
use audex::settings::source;
use proptest::prelude::*;

use crate::support::oracle::{aws_profiles, environment, pattern, settings};

/// Every input of a target. Panics where there are too few: a test without inputs proves nothing.
fn replay(target: &str, judge: impl Fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let mut count = 0;
    for entry in std::fs::read_dir(&corpus).unwrap() {
        judge(&std::fs::read(entry.unwrap().path()).unwrap());
        count += 1;
    }
    assert!(count >= 8, "{count} inputs in {}", corpus.display());
}

#[test]
fn patterns_are_what_the_definition_says() {
    replay("pattern", pattern::judge);
}

#[test]
fn profiles_are_read_whole_or_refused() {
    let scratch = settings::Scratch::new();
    replay("profiles", |input| settings::profiles(&scratch, input));
}

#[test]
fn deny_lists_are_read_whole_or_refused() {
    let scratch = settings::Scratch::new();
    replay("deny_list", |input| settings::deny_list(&scratch, input));
}

#[test]
fn config_files_are_read_whole_or_refused() {
    let scratch = settings::Scratch::new();
    replay("config", |input| settings::config(&scratch, input));
}

/// The corpus has a file with every key that the parser names, so the oracle's own lists stay complete.
#[test]
fn files_with_every_key_are_accepted() {
    fn check<T: serde::de::DeserializeOwned>(name: &str) {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/config").join(name);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(source::parse::<T>(&path, &text).is_ok(), "{name}");
        let unknown = source::parse::<T>(&path, "no_such_key = 1").err().unwrap().to_string();
        let (_, known) = unknown.split_once("expected one of").unwrap();
        let known: BTreeSet<&str> = known.split('`').skip(1).step_by(2).collect();
        let table: toml::Table = text.parse().unwrap();
        assert_eq!(table.keys().map(String::as_str).collect::<BTreeSet<_>>(), known, "{name}");
    }
    check::<ConfigFile>("every_key");
    check::<OrganisationFile>("every_key_of_the_organisation");
}

#[test]
fn no_planted_secret_is_left_in_an_environment() {
    replay("environment", environment::judge);
}

proptest! {
    /// Where no fuzzer runs, chance looks a little.
    #[test]
    fn no_planted_secret_is_left_in_a_random_environment(input in proptest::collection::vec(any::<u8>(), 0..300)) {
        environment::judge(&input);
    }
}

#[test]
fn aws_profiles_are_read_back_the_same_and_no_key_is_handed_on() {
    let scratch = aws_profiles::Scratch::new();
    replay("aws_profiles", |input| aws_profiles::judge(&scratch, input));
}
