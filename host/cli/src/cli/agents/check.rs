//! `tryaudex agents check`: prints what is wrong with the agents that were set up.

use std::path::Path;

use serde_json::{Value, json};

use super::{PROFILE, program, say};
use crate::agents::checkup::{Look, looks};
use crate::agents::target::Ours;
use crate::agents::{Agent, Place, setup};
use crate::console::{self, table};
use crate::failure::Failure;
use crate::isolation;
use audex_core::environment::Environment;
use audex_core::isolation::Level;

/// The exit status if something is wrong; as `drift`.
const WRONG: u8 = 1;
const DEFAULT_PROVIDER: &str = crate::settings::DEFAULT_PROVIDER;

pub(super) fn check(
    environment: &Environment,
    state: &Path,
    agents: &[Agent],
    place: &Place,
    json: bool,
) -> Result<u8, Failure> {
    let mut rows: Vec<(Agent, Look)> = Vec::new();
    let asked = if agents.is_empty() { &Agent::ALL[..] } else { agents };
    for &agent in asked {
        let record = setup::load(state, agent, place)?;
        if record.is_none() && agents.is_empty() {
            continue;
        }
        let (profile, provider) = record.as_ref().map_or_else(
            || (PROFILE.to_owned(), DEFAULT_PROVIDER.to_owned()),
            |record| (record.profile.clone(), record.provider.clone()),
        );
        let ours = Ours { agent, program: program(place)?, profile, provider };
        let version = record.as_ref().map(|record| record.version.as_str());
        let found = looks(environment, place, &ours, version)?;
        rows.extend(found.into_iter().map(|look| (agent, look)));
        if agent.is_started_by_a_command() {
            rows.push((agent, isolation(environment)));
        }
    }
    if json {
        let row = |(agent, look): &(Agent, Look)| {
            json!({
                "agent": agent.name(), "check": look.name, "ok": look.is_ok,
                "detail": look.detail, "hint": look.hint,
            })
        };
        console::result(&Value::from(rows.iter().map(row).collect::<Vec<_>>()).to_string());
    } else if rows.is_empty() {
        say("no agent was set up here; `tryaudex agents setup AGENT` does it");
    } else {
        console::result(&to_text(&rows));
    }
    Ok(if rows.iter().all(|(_, look)| look.is_ok) { 0 } else { WRONG })
}

/// Looks at whether the isolation of a launcher holds on this system.
fn isolation(environment: &Environment) -> Look {
    const NAME: &str = "isolation";
    let levels = isolation::levels(environment);
    let holds = levels
        .iter()
        .any(|(level, assessment)| *level == Level::Credentials && assessment.is_whole());
    if holds {
        Look::ok(NAME, "`--isolate credentials` holds here")
    } else {
        Look::wrong(
            NAME,
            "`--isolate credentials` does not hold in full here",
            "`tryaudex isolate --check` says what is missing",
        )
    }
}

fn to_text(rows: &[(Agent, Look)]) -> String {
    let row = |(agent, look): &(Agent, Look)| {
        let status = if look.is_ok { "ok" } else { "wrong" };
        vec![
            agent.name().to_owned(),
            look.name.to_owned(),
            status.to_owned(),
            look.detail.clone(),
            look.hint.clone().unwrap_or_default(),
        ]
    };
    let rows: Vec<Vec<String>> = rows.iter().map(row).collect();
    table(&["AGENT", "CHECK", "STATUS", "DETAIL", "HINT"], &rows)
}
