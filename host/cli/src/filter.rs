//! Every filter sees the request; each can only take away. The remaining permissions are the grant.
//!
//! INVARIANT: a [`Grant`] is made only here, and nothing can be minted without one.

use crate::check::Checked;
use crate::components::DENY_LIST;
use crate::request::Request;
use audex_components::component::PluginError;
use audex_components::filter::{Context, Delivery, Filter, Isolation, Restriction, Verdict};
use audex_components::provider;
use audex_core::digest;
use audex_core::hint::Hint;
use std::borrow::Cow;

/// The permissions that a request gets. A grant cannot be copied or read from anywhere: `mint` consumes it.
#[derive(Debug)]
pub struct Grant {
    /// What is minted at once: all of it, unless one policy has no room for it.
    shown: provider::Grant,
    /// What is minted when a request first needs it.
    later: Vec<provider::Permission>,
}

impl Grant {
    /// Returns the grant as components see it.
    #[must_use]
    pub fn shown(&self) -> &provider::Grant {
        &self.shown
    }

    /// Returns the grant as components see it, for credentials that live `seconds` at most. The ttl never grows.
    #[must_use]
    pub(crate) fn lasting(&self, seconds: u32) -> provider::Grant {
        provider::Grant { ttl_seconds: seconds.min(self.shown.ttl_seconds), ..self.shown.clone() }
    }

    /// Puts all permissions but the first `number` off.
    pub(crate) fn put_off(&mut self, number: usize) {
        let kept = number.min(self.shown.permissions.len());
        self.later = self.shown.permissions.split_off(kept);
    }

    /// Returns every permission of the grant, those that are put off too.
    pub fn whole(&self) -> impl Iterator<Item = &provider::Permission> {
        self.shown.permissions.iter().chain(&self.later)
    }

    /// Returns a digest of everything that the grant allows and denies, and for how long.
    #[must_use]
    pub fn digest(&self) -> String {
        let permission = |one: &provider::Permission| {
            serde_json::json!([one.action, one.resources.is_every(), one.resources.named()])
        };
        let permissions: Vec<_> = self.whole().map(permission).collect();
        let whole = (&self.shown.provider, permissions, &self.shown.deny, self.shown.ttl_seconds);
        digest::sha256(serde_json::json!(whole).to_string().as_bytes())
    }

    /// Denies these patterns too. Only denials can be added to a grant.
    pub fn forbid(&mut self, patterns: Vec<String>) {
        for pattern in patterns {
            if !self.shown.deny.contains(&pattern) {
                self.shown.deny.push(pattern);
            }
        }
    }
}

/// A requested permission that is not granted, or only in part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    /// The permission, or the pattern that is denied within others.
    pub action: String,
    /// The filter's name.
    pub by: String,
    /// The filter's reason.
    pub reason: String,
}

/// The grant, and the permissions removed from the request.
#[derive(Debug)]
pub struct Filtered {
    /// The remaining permissions.
    pub grant: Grant,
    /// The removed permissions.
    pub denied: Vec<Denied>,
    /// The notices for the user.
    pub notices: Vec<String>,
}

/// The error for a request without a grant.
#[derive(Debug, thiserror::Error)]
pub enum FilterError {
    /// A filter failed. Security: the failure denies the request, as a missing guard would.
    #[error("a filter failed, so nothing is granted")]
    Failed(#[source] PluginError),
    /// A filter rejected the whole request.
    #[error("filter `{by}` refused: {reason}")]
    Refused {
        /// The filter's name.
        by: String,
        /// The filter's reason.
        reason: String,
        /// The place of the filter's settings, if it has any.
        settings: Option<String>,
    },
    /// A filter rejected the method that was used in place of the planned one.
    #[error(
        "filter `{by}` refused `{method}`, which was used where `{planned}` was planned: {reason}"
    )]
    RefusedMethod {
        /// The filter's name.
        by: String,
        /// The method that was used.
        method: String,
        /// The method that every filter had approved.
        planned: String,
        /// The filter's reason.
        reason: String,
    },
    /// A filter lets the request pass only in a session of another kind.
    #[error("filter `{by}` requires {required}, which this session does not have: {reason}")]
    Unmet {
        /// The filter's name.
        by: String,
        /// The kind of session, in words.
        required: String,
        /// Its reason.
        reason: String,
    },
    /// The filters removed every permission.
    #[error("{}", nothing_left(denied))]
    NothingLeft {
        /// Every requested permission, with the filter that removed it.
        denied: Vec<Denied>,
    },
}

impl Hint for FilterError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(match self {
            Self::Failed(_) => "fix or remove the filter: `tryaudex plugin list`".into(),
            Self::Refused { settings: Some(place), .. } => {
                format!("its settings are at {place}").into()
            }
            Self::Refused { .. } | Self::RefusedMethod { .. } => {
                "ask whoever installed the filter, or wrote its [filters] table (`tryaudex plugin list`)".into()
            }
            Self::Unmet { .. } => "ask whoever installed the filter (`tryaudex plugin list`)".into(),
            Self::NothingLeft { denied } if denied.iter().all(|one| one.by == DENY_LIST) => {
                "remove it from --allow, or ask whoever owns the deny list".into()
            }
            Self::NothingLeft { .. } => {
                "remove it from --allow, or ask whoever installed or set that filter".into()
            }
        })
    }
}

impl FilterError {
    /// Returns this error with the place of the rejecting filter's settings. The filter itself knows only
    /// their values.
    #[must_use]
    pub(crate) fn placed(mut self, place: impl FnOnce(&str) -> String) -> Self {
        if let Self::Refused { by, settings, .. } = &mut self {
            let place = place(by);
            *settings = place.strip_suffix(": ").map(str::to_owned);
        }
        self
    }
}

/// Asks every filter about the same request, so that their order does not matter, and applies every
/// restriction.
///
/// # Errors
/// When a filter fails or rejects the request, or nothing remains.
pub fn filter(
    request: &Request,
    checked: Checked,
    filters: &[Filter],
    context: &Context,
) -> Result<Filtered, FilterError> {
    let asked = provider::Grant {
        provider: request.provider.clone(),
        permissions: checked.permissions,
        deny: Vec::new(),
        ttl_seconds: u32::try_from(request.ttl.as_secs()).unwrap_or(u32::MAX),
        session: request.session.clone(),
        gateway: context.delivery == Some(Delivery::Gateway),
    };
    let mut taken =
        Taken { notices: checked.notices, ttl_seconds: asked.ttl_seconds, ..Taken::default() };
    for filter in filters {
        let name = &filter.loaded().name;
        match filter.review(&asked, context).map_err(FilterError::Failed)? {
            Verdict::Pass => {}
            Verdict::Refuse(reason) => {
                return Err(FilterError::Refused { by: name.clone(), reason, settings: None });
            }
            Verdict::Restrict(restrictions) => {
                for restriction in &restrictions {
                    if let Some(required) = unmet(restriction, context) {
                        let (by, reason) = (name.clone(), restriction.reason.clone());
                        return Err(FilterError::Unmet { by, required, reason });
                    }
                    taken.take(restriction, name, &asked);
                }
            }
        }
    }
    let mut grant = asked;
    let mut position = 0;
    grant.permissions.retain(|_| {
        position += 1;
        !taken.dropped.contains(&(position - 1))
    });
    if grant.permissions.is_empty() {
        return Err(FilterError::NothingLeft { denied: taken.denied });
    }
    grant.deny = taken.deny;
    grant.ttl_seconds = taken.ttl_seconds;
    Ok(Filtered {
        grant: Grant { shown: grant, later: Vec::new() },
        denied: taken.denied,
        notices: taken.notices,
    })
}

/// The restrictions so far. All of them only grow, except the ttl, which only shrinks.
#[derive(Default)]
struct Taken {
    dropped: Vec<usize>,
    deny: Vec<String>,
    denied: Vec<Denied>,
    ttl_seconds: u32,
    notices: Vec<String>,
}

impl Taken {
    fn take(&mut self, restriction: &Restriction, by: &str, asked: &provider::Grant) {
        let denied = |action: &str| Denied {
            action: action.to_owned(),
            by: by.to_owned(),
            reason: restriction.reason.clone(),
        };
        for position in &restriction.drop {
            let position = *position as usize;
            if let Some(permission) = asked.permissions.get(position) {
                self.dropped.push(position);
                self.say(denied(&permission.action));
            }
        }
        for pattern in &restriction.deny {
            if !self.deny.contains(pattern) {
                self.deny.push(pattern.clone());
            }
            self.say(denied(pattern));
        }
        if let Some(ceiling) = restriction.max_ttl_seconds.map(|ceiling| ceiling.max(1))
            && ceiling < self.ttl_seconds
        {
            self.ttl_seconds = ceiling;
            self.notices.push(format!(
                "filter `{by}` limits the ttl to {ceiling} s: {}",
                restriction.reason
            ));
        }
    }
}

impl Taken {
    /// Adds a denial once. An action that is requested by name and within a wildcard is denied twice.
    fn say(&mut self, denied: Denied) {
        if !self.denied.contains(&denied) {
            self.denied.push(denied);
        }
    }
}

/// Returns what `restriction` requires of the session and the session does not have.
fn unmet(restriction: &Restriction, context: &Context) -> Option<String> {
    let rank = |isolation: Isolation| match isolation {
        Isolation::Off => 0,
        Isolation::Credentials => 1,
        Isolation::Strict => 2,
    };
    let isolation =
        restriction.min_isolation.filter(|least| rank(*least) > rank(context.isolation));
    let delivery = restriction.delivery.filter(|only| context.delivery != Some(*only));
    let isolation = isolation.map(|least| {
        format!(
            "the isolation `{}`",
            match least {
                Isolation::Off => "off",
                Isolation::Credentials => "credentials",
                Isolation::Strict => "strict",
            }
        )
    });
    let delivery = delivery.map(|only| {
        format!(
            "the delivery `{}`",
            match only {
                Delivery::Env => "env",
                Delivery::Endpoint => "endpoint",
                Delivery::File => "file",
                Delivery::Gateway => "gateway",
            }
        )
    });
    isolation.or(delivery)
}

fn nothing_left(denied: &[Denied]) -> String {
    let list: Vec<String> = denied
        .iter()
        .map(|denied| format!("`{}` by `{}` ({})", denied.action, denied.by, denied.reason))
        .collect();
    format!("every requested permission is denied: {}", list.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn restriction(min_isolation: Option<Isolation>, delivery: Option<Delivery>) -> Restriction {
        let (drop, deny, reason) = (Vec::new(), Vec::new(), String::new());
        Restriction { drop, deny, max_ttl_seconds: None, min_isolation, delivery, reason }
    }

    #[test]
    fn a_session_meets_what_it_has_and_nothing_above() {
        use Isolation::{Credentials, Off, Strict};
        for (session, least, is_met) in [
            (Off, Off, true),
            (Off, Credentials, false),
            (Off, Strict, false),
            (Credentials, Credentials, true),
            (Credentials, Strict, false),
            (Strict, Credentials, true),
        ] {
            let context = Context {
                isolation: session,
                ..audex_workbench::conformance::context(&[], Some("x"))
            };
            assert_eq!(
                unmet(&restriction(Some(least), None), &context).is_none(),
                is_met,
                "{session:?} {least:?}"
            );
        }
        let with = |delivery| Context {
            delivery,
            ..audex_workbench::conformance::context(&[], Some("x"))
        };
        let only = restriction(None, Some(Delivery::Gateway));
        assert_eq!(unmet(&only, &with(None)).as_deref(), Some("the delivery `gateway`"));
        assert_eq!(
            unmet(&only, &with(Some(Delivery::Env))).as_deref(),
            Some("the delivery `gateway`")
        );
        assert_eq!(unmet(&only, &with(Some(Delivery::Gateway))), None);
        assert_eq!(unmet(&restriction(None, None), &with(None)), None);
    }
}
