//! The operations that are read, by service: a table of `docs/gateway.md`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use audex_gateway::decide::On;

use super::models::{Reading, all};
use super::page;

/// The operations of a service.
#[derive(Clone, Copy, Default)]
struct Coverage {
    operations: usize,
    /// Those that are read with their actions.
    actions: usize,
    /// Those of which each need names its resources or cannot be limited to some.
    resources: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    NotRead,
    Actions,
    Resources,
}

/// Returns the coverage by signing name. An operation counts by the best of its requests, so that a resource
/// in an optional parameter counts.
fn coverage() -> BTreeMap<&'static str, Coverage> {
    let mut levels = BTreeMap::new();
    for one in all() {
        let level = match &one.reading {
            Reading::Unknown(_) | Reading::Ambiguous(_) => Level::NotRead,
            Reading::Needs(needs) if needs.iter().any(|need| need.on == On::Unseen) => {
                Level::Actions
            }
            Reading::Needs(_) => Level::Resources,
        };
        let key = (one.sent.service.as_str(), one.sent.model.as_str(), one.sent.operation.as_str());
        let best = levels.entry(key).or_insert(level);
        *best = level.max(*best);
    }
    let mut coverage: BTreeMap<&str, Coverage> = BTreeMap::new();
    for ((service, ..), level) in levels {
        let of = coverage.entry(service).or_default();
        of.operations += 1;
        of.actions += usize::from(level >= Level::Actions);
        of.resources += usize::from(level == Level::Resources);
    }
    coverage
}

fn table() -> String {
    let coverage = coverage();
    let mut total = Coverage::default();
    for of in coverage.values() {
        total.operations += of.operations;
        total.actions += of.actions;
        total.resources += of.resources;
    }
    let percent = |part: usize| part * 100 / total.operations;
    let mut table = format!(
        "Of {} operations of {} services, {} ({} %) are read with their actions, and {} ({} %) with their resources too, or need none.\n\n",
        total.operations,
        coverage.len(),
        total.actions,
        percent(total.actions),
        total.resources,
        percent(total.resources)
    );
    table +=
        "| signed for | operations | read with actions | and with resources |\n|---|---|---|---|\n";
    for (service, of) in coverage {
        let Coverage { operations, actions, resources } = of;
        writeln!(table, "| {service} | {operations} | {actions} | {resources} |").unwrap();
    }
    table
}

#[test]
fn the_page_has_the_coverage_of_each_service() {
    page::check("coverage", &table());
}
