//! The permissions that a request needs, read strictly: what a gateway decides on.

mod copy;
mod place;
mod unread;
mod uses;

use audex_sdk::provider::{Need, Reading, Scope, SeenRequest};
use aws_api::{Members, strict};
use aws_policy::observed::{self, exact, resource};
use serde_json::Value;

use crate::recognise;

/// The most characters of a path in a reason.
const PATH: usize = 80;

/// Returns the meaning of `request`; `account` is the caller's.
pub fn read(request: &SeenRequest, account: Option<&str>) -> Reading {
    let Some(service) = request.service.as_deref() else {
        return Reading::Unknown("a request without a service".to_owned());
    };
    let Some(mut asked) = aws_api::recognise(request) else {
        let path: String = request.path.chars().take(PATH).collect();
        return Reading::Unknown(format!("{} {path} of {service}", request.method));
    };
    let prefix = observed::prefix(service).unwrap_or(service);
    let name = format!("{prefix}:{}", asked.operation);
    let yields_credentials = observed::yields_credentials(service, &asked.operation);
    let Some(members) = Members::of(request, &asked.operation) else {
        // Security: such a name, in another case or with a version, is never left to the cloud.
        let (action, on) = (name.clone(), Scope::Unseen);
        let need = Need { action, on, yields_credentials, free: false, uses: 1 };
        return if yields_credentials {
            Reading::Calls(vec![need])
        } else {
            Reading::Unknown(name)
        };
    };
    let checked =
        strict::check(request, &asked, &members).and_then(|()| copy::check(request, &asked));
    if let Err(reason) = checked {
        return Reading::Ambiguous(format!("{name}: {reason}"));
    }
    let is_unsure = place::is_unsure(request, &asked, account);
    // A payload is data of the user's, whatever names it has.
    let parameters: &[u8] = if members.has_data_body() { &[] } else { &request.body };
    let body: Option<Value> = serde_json::from_slice(parameters).ok();
    let uses = uses::of(parameters, body.as_ref(), &asked);
    let (_, needs) = recognise::told(service, &mut asked, request, account);
    let mut needs = match needs {
        None if yields_credentials => vec![(name.clone(), Vec::new())],
        None => return Reading::Unknown(name),
        Some(needs) => needs,
    };
    let unread = unread::Unread { service, asked: &asked, parameters, body: body.as_ref() };
    // Such a request is one of a grant on every resource.
    let is_unseen = is_unsure
        || unread.hides_a_resource()
        || place::is_elsewhere(&asked, &needs, request.region.as_deref(), account);
    needs.extend(unread.further(&needs));
    // A deny counts even for what AWS lets everybody do.
    let free = needs.is_empty() && !yields_credentials;
    if needs.is_empty() {
        needs.push((name, Vec::new()));
    }
    let need = |(action, on): exact::Need| {
        let on = if is_unseen { Scope::Unseen } else { scope(&action, on) };
        Need { action, on, yields_credentials, free, uses }
    };
    Reading::Calls(needs.into_iter().map(need).collect())
}

fn scope(action: &str, on: Vec<String>) -> Scope {
    // A name with a wildcard or a variable in it can be written in a policy, and not be compared with one.
    if on.iter().any(|resource| resource.contains("${")) {
        return Scope::Unseen;
    }
    match on.is_empty() {
        true if resource::can_be_limited(action) => Scope::Unseen,
        true => Scope::Every,
        false => Scope::These(on),
    }
}

#[cfg(test)]
pub mod tests;
