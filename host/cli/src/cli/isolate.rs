//! `tryaudex isolate`: shows what this system can keep a command from.

use serde_json::Value;

use crate::console;
use crate::failure::Kind;
use crate::isolation::{levels, told};
use audex_child::isolate::Assessment;
use audex_core::environment::Environment;
use audex_core::isolation::Level;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Try every mechanism of the kernel; 69 if a level does not hold in full [default]
    #[arg(long = "check")]
    _check: bool,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

/// Prints each level with its parts, and returns the exit status.
pub(super) fn isolate(environment: &Environment, args: &Args) -> u8 {
    let levels = levels(environment);
    if args.json {
        let level =
            |(level, assessment): &(Level, Assessment)| told::level_json(*level, assessment);
        console::result(&Value::from(levels.iter().map(level).collect::<Vec<_>>()).to_string());
    } else {
        let text = |(level, assessment): &(Level, Assessment)| told::level_text(*level, assessment);
        let all: Vec<String> = levels.iter().map(text).collect();
        console::result(&all.join("\n"));
    }
    let is_whole = levels.iter().all(|(_, assessment)| assessment.is_whole());
    if is_whole { 0 } else { Kind::Unavailable.exit_code() }
}
