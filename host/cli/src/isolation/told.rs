//! The isolation of a run in words: for the plan, the notices and the report about this system.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::Isolating;
use crate::console::table;
use crate::settings::isolation::{ChosenBy, IsolationSettings};
use audex_child::isolate::{Assessment, Standing};
use audex_core::isolation::Level;

/// Returns the line about the parts that this system does not hold, if there are any.
#[must_use]
pub fn degraded(isolating: &Isolating) -> Option<String> {
    // Each cause once, with everything that it leaves open.
    let mut missing: Vec<(String, Vec<&str>)> = Vec::new();
    for (part, mechanism, reason) in isolating.assessment.missing() {
        let cause = format!("{mechanism}: {reason}");
        match missing.iter_mut().find(|(known, _)| *known == cause) {
            Some((_, parts)) => parts.push(part.text()),
            None => missing.push((cause, vec![part.text()])),
        }
    }
    let level = isolating.level();
    // The session's own word: it changes what is said here, and nothing else.
    if let Some(outer) = isolating.outer.as_ref().filter(|_| !missing.is_empty()) {
        return Some(format!(
            "this run is inside the isolated session `{outer}`, whose isolation stays; this run adds less than `{level}` to it"
        ));
    }
    (!missing.is_empty()).then(|| {
        let missing: Vec<_> = missing
            .into_iter()
            .map(|(cause, parts)| format!("{} ({cause})", parts.join("; ")))
            .collect();
        let missing = missing.join("; ");
        format!(
            "the isolation `{level}` does not hold in full here: the command can still {missing}"
        )
    })
}

/// Returns the level with its origin.
#[must_use]
pub fn level(settings: &IsolationSettings) -> String {
    let level = settings.level.name();
    match &settings.chosen_by {
        ChosenBy::Default | ChosenBy::User => level.to_owned(),
        ChosenBy::Agent(agent) => format!("{level} (the default for the agent `{agent}`)"),
        ChosenBy::Organisation(file) => format!("{level} (the minimum in {})", file.display()),
    }
}

/// Returns the tables of a plan.
#[must_use]
pub fn tables(isolating: &Isolating) -> String {
    let mut out = format!("\n{}", parts(&isolating.assessment));
    let rows: Vec<_> = isolating
        .hidden
        .groups
        .iter()
        .map(|(of, paths)| {
            let here =
                paths.iter().filter(|path| exists(path)).map(|path| path.display().to_string());
            let here: Vec<_> = here.collect();
            let here = if here.is_empty() { "none here".to_owned() } else { here.join(", ") };
            vec![of.clone(), here]
        })
        .collect();
    let _ = write!(out, "\n{}", table(&["HIDDEN", "PATHS THAT EXIST"], &rows));
    let mut fixed: Vec<(&str, Vec<String>)> = Vec::new();
    for one in isolating.fixed.iter().filter(|one| exists(&one.path)) {
        let path = one.path.display().to_string();
        match fixed.iter_mut().find(|(of, _)| *of == one.of) {
            Some((_, paths)) => paths.push(path),
            None => fixed.push((one.of, vec![path])),
        }
    }
    let rows: Vec<_> =
        fixed.into_iter().map(|(of, paths)| vec![of.to_owned(), paths.join(", ")]).collect();
    let _ = write!(out, "\n{}", table(&["READ-ONLY", "PATHS THAT EXIST"], &rows));
    out
}

/// Returns the table of the parts of a level.
#[must_use]
pub fn parts(assessment: &Assessment) -> String {
    let rows: Vec<_> = assessment
        .parts
        .iter()
        .map(|(part, standing)| {
            let (holds, by) = match standing {
                Standing::Held(mechanisms) => {
                    let names: Vec<_> = mechanisms.iter().map(|one| one.name()).collect();
                    ("yes", names.join(", "))
                }
                Standing::Missing(mechanism, reason) => ("no", format!("{mechanism}: {reason}")),
            };
            vec![part.text().to_owned(), holds.to_owned(), by]
        })
        .collect();
    table(&["THE COMMAND CANNOT", "HELD", "BY"], &rows)
}

/// Returns a level of this system as text.
#[must_use]
pub fn level_text(level: Level, assessment: &Assessment) -> String {
    let whole = if assessment.is_whole() { "holds in full" } else { "does not hold in full" };
    format!("{level} {whole}\n\n{}", parts(assessment))
}

/// Returns a level of this system as JSON.
#[must_use]
pub fn level_json(level: Level, assessment: &Assessment) -> Value {
    json!({ "level": level.name(), "holds": assessment.is_whole(), "parts": parts_json(assessment) })
}

/// Returns the parts of a level as JSON.
#[must_use]
pub fn parts_json(assessment: &Assessment) -> Value {
    let part = |(part, standing): &(audex_child::isolate::Part, Standing)| match standing {
        Standing::Held(mechanisms) => {
            let by: Vec<_> = mechanisms.iter().map(|one| one.name()).collect();
            json!({ "cannot": part.text(), "held": true, "by": by, "reason": null })
        }
        Standing::Missing(mechanism, reason) => {
            json!({ "cannot": part.text(), "held": false, "by": [mechanism.name()], "reason": reason })
        }
    };
    assessment.parts.iter().map(part).collect()
}

/// Returns the isolation of a plan as JSON.
#[must_use]
pub fn json(settings: &IsolationSettings, isolating: Option<&Isolating>) -> Value {
    let agent = match &settings.chosen_by {
        ChosenBy::Agent(agent) => Some(agent),
        _ => None,
    };
    let Some(isolating) = isolating else { return json!({ "level": Level::Off.name() }) };
    let group = |(of, paths): &(String, Vec<PathBuf>)| json!({ "of": of, "paths": paths });
    json!({
        "level": settings.level.name(),
        "default_for_agent": agent,
        "holds": isolating.assessment.is_whole(),
        "parts": parts_json(&isolating.assessment),
        "hidden": isolating.hidden.groups.iter().map(group).collect::<Vec<_>>(),
        "read_only": isolating.fixed.iter().map(|one| &one.path).collect::<Vec<_>>(),
    })
}

fn exists(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok()
}
