//! Real calls that show if a token could be made now. These calls make no token.

use audex_sdk::provider::{CheckResult, Error, HealthStatus};
use serde::Deserialize;

use crate::api::App;
use crate::explain::{self, Asked};
use crate::installation::{self, Installation, suspended};

/// The most installations that are read; an organisation's own App is on a few accounts.
const PAGE: usize = 30;

#[derive(Deserialize)]
struct Itself {
    slug: String,
}

pub fn health() -> Vec<CheckResult> {
    let app = match App::log_in() {
        Ok(app) => app,
        Err(error) => return vec![failed("app", error)],
    };
    let itself = app.get("app").and_then(|reply| explain::read::<Itself>(&reply, Asked::App));
    let said = match itself {
        Ok(itself) => {
            result("app", HealthStatus::Ok, format!("`{}` ({})", itself.slug, app.id), None)
        }
        Err(error) => return vec![failed("app", error)],
    };
    vec![said, installations(&app).unwrap_or_else(|error| failed("installation", error))]
}

fn installations(app: &App) -> Result<CheckResult, Error> {
    if let Some(id) = installation::configured()? {
        let path = format!("app/installations/{id}");
        let one: Installation = explain::read(&app.get(&path)?, Asked::Installation(&path))?;
        if one.suspended_at.is_some() {
            return Err(suspended(&one.account.login));
        }
        let detail = format!("on `{}`, with {}", one.account.login, permissions(&one));
        return Ok(result("installation", HealthStatus::Ok, detail, None));
    }
    let path = format!("app/installations?per_page={PAGE}");
    let all: Vec<Installation> =
        explain::read(&app.get(&path)?, Asked::Installation("app/installations"))?;
    let usable = all.iter().filter(|one| one.suspended_at.is_none());
    let names: Vec<String> = usable.map(|one| format!("`{}`", one.account.login)).collect();
    if names.is_empty() {
        let hint = "install it on an account from its page (`Install App`)".to_owned();
        let detail = "the App is installed nowhere, or suspended everywhere".to_owned();
        return Ok(result("installation", HealthStatus::Failed, detail, Some(hint)));
    }
    Ok(result("installation", HealthStatus::Ok, format!("on {}", names.join(", ")), None))
}

fn permissions(one: &Installation) -> String {
    let all: Vec<String> =
        one.permissions.iter().map(|(name, level)| format!("{name}:{level}")).collect();
    if all.is_empty() { "no permissions".to_owned() } else { all.join(", ") }
}

fn failed(name: &str, error: Error) -> CheckResult {
    result(name, HealthStatus::Failed, error.message, error.hint)
}

fn result(name: &str, status: HealthStatus, detail: String, hint: Option<String>) -> CheckResult {
    CheckResult { name: name.to_owned(), status, detail, hint }
}
