//! `tryaudex health`: checks providers with real calls, and prints a table or JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::request_args::RequestArgs;
use crate::components::Components;
use crate::console::{self, Console, table};
use crate::failure::{Failure, Kind};
use crate::health::{Report, status_name};
use crate::pipeline::open::{self, Opened};
use crate::settings::{DEFAULT_PROVIDER, Flags, Settings};
use audex_components::provider::{CheckResult, HealthStatus};
use audex_core::environment::Environment;
use audex_core::shape::Misplaced;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Provider to check; may be repeated [default: every one that is configured]
    #[arg(long, value_name = "ID")]
    check: Vec<String>,
    #[arg(long, value_name = "ARN", help = "IAM role to try (AWS) [env: AUDEX_ROLE_ARN]")]
    role_arn: Option<String>,
    /// Region of the calls
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn health(environment: &Environment, args: Args) -> Result<u8, Failure> {
    let options = RequestArgs::of_provider(args.role_arn, args.region);
    let settings = Settings::resolve(environment, options.flags())?;
    let components = Components::open(&settings)?;
    let reports = if let [only] = args.check.as_slice() {
        let opened = open::provider(environment, &settings, &components, only)?;
        vec![report(environment, opened)?]
    } else if args.check.is_empty() {
        // The options belong to AWS. For another provider they would be unknown settings.
        let plain = Settings::resolve(environment, Flags::default())?;
        let settings = |id: &str| if id == DEFAULT_PROVIDER { &settings } else { &plain };
        let is_unused = |opened: &Opened| !opened.provider.is_configured(&opened.description);
        let look_if_used = |id: &String| {
            let opened = open::provider(environment, settings(id), &components, id);
            let is_unused = opened.as_ref().is_ok_and(is_unused);
            (!is_unused).then(|| look(environment, id, opened))
        };
        components.provider_ids().iter().filter_map(look_if_used).collect()
    } else {
        let open = |id| open::provider(environment, &settings, &components, id);
        args.check.iter().map(|id| look(environment, id, open(id))).collect()
    };
    if args.json {
        console::result(&Value::from(reports.iter().map(to_json).collect::<Vec<_>>()).to_string());
    } else {
        console::result(&to_text(&reports, console::is_result_watched()));
    }
    let failed = reports.iter().any(Report::failed);
    Ok(if failed { Kind::Unavailable.exit_code() } else { 0 })
}

fn report(environment: &Environment, opened: Opened) -> Result<Report, Failure> {
    let Opened { id, provider, .. } = opened;
    let checks = provider.health();
    if let Err(reason) = provider.close() {
        Console::default()
            .notice(&format!("the end of the login for the check was not confirmed: {reason}"));
    }
    let mut checks = checks?;
    // The text of a check can come from a library that quotes a value.
    let misplaced = Misplaced::of(environment);
    for check in &mut checks {
        check.detail = misplaced.hide(&check.detail).into_owned();
        check.hint = check.hint.as_deref().map(|hint| misplaced.hide(hint).into_owned());
    }
    Ok(Report { provider: id, checks })
}

/// Checks one of several providers. If the provider cannot be asked, the failure becomes its result, and the
/// other providers are still checked.
fn look(environment: &Environment, id: &str, opened: Result<Opened, Failure>) -> Report {
    opened.and_then(|opened| report(environment, opened)).unwrap_or_else(|failure| {
        let failure = failure.without(&Misplaced::of(environment));
        let broken = CheckResult {
            name: "component".to_owned(),
            status: HealthStatus::Failed,
            detail: failure.line(),
            hint: failure.hint,
        };
        Report { provider: id.to_owned(), checks: vec![broken] }
    })
}

fn to_json(report: &Report) -> Value {
    let check = |check: &audex_components::provider::CheckResult| {
        json!({
            "name": check.name, "status": status_name(check.status), "detail": check.detail, "hint": check.hint,
        })
    };
    json!({
        "provider": report.provider,
        // A provider without checks is neither healthy nor unhealthy.
        "healthy": if report.checks.is_empty() { Value::Null } else { (!report.failed()).into() },
        "checks": report.checks.iter().map(check).collect::<Vec<_>>(),
    })
}

/// Returns the word for a status. On a terminal, a mark comes before the word.
fn marked(status: HealthStatus, is_watched: bool) -> String {
    let mark = match status {
        _ if !is_watched => "",
        HealthStatus::Ok => "✓ ",
        HealthStatus::Warning => "! ",
        HealthStatus::Failed => "✗ ",
    };
    format!("{mark}{}", status_name(status))
}

fn to_text(reports: &[Report], is_watched: bool) -> String {
    let (mut rows, mut hints) = (Vec::new(), String::new());
    for report in reports {
        for check in &report.checks {
            let status = marked(check.status, is_watched);
            rows.push(vec![
                report.provider.clone(),
                check.name.clone(),
                status,
                check.detail.clone(),
            ]);
            if let Some(hint) = &check.hint {
                let _ = write!(hints, "\nhint: {}: {hint}", check.name);
            }
        }
        if report.checks.is_empty() {
            let none = "this provider has no checks".to_owned();
            rows.push(vec![report.provider.clone(), "-".to_owned(), "skipped".to_owned(), none]);
        }
    }
    table(&["PROVIDER", "CHECK", "STATUS", "DETAIL"], &rows) + &hints
}
