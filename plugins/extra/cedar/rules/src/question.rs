//! The question to the policies: the request before planning, or the plan. The border converts the contract's
//! types to these.

use cedar_policy::{Context, RestrictedExpression as Value};

use crate::calendar::Calendar;
use crate::line;

/// One request and all known facts about it.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The provider: `aws`, `gcp`, ….
    pub provider: &'a str,
    /// The requested permissions.
    pub permissions: &'a [Permission],
    /// The actions that are denied already, as patterns.
    pub deny: &'a [String],
    /// The requested duration.
    pub ttl_seconds: u32,
    /// The session of the run.
    pub session: &'a str,
    /// The user who makes the request.
    pub user: &'a str,
    /// The command to run.
    pub command: &'a [String],
    /// The time of the request, in seconds since 1970.
    pub now: u64,
    /// The profiles named in the request.
    pub profiles: &'a [String],
    /// The purpose that the user stated.
    pub justification: Option<&'a str>,
    /// The stage of the request.
    pub stage: Stage<'a>,
}

/// One permission.
#[derive(Clone, Debug, Default)]
pub struct Permission {
    /// The provider's own action, or a pattern of actions.
    pub action: String,
    /// The permission as the user wrote it.
    pub origin: String,
    /// Names or patterns; an empty list means every resource.
    pub resources: Vec<String>,
    /// `cloud`, `token` or `none`, once there is a plan.
    pub enforced_by: Option<String>,
}

/// The stage of a request.
#[derive(Clone, Copy, Debug)]
pub enum Stage<'a> {
    /// The request before planning; its enforcement is not known yet.
    Request,
    /// The request with its plan.
    Plan {
        /// The provider's method.
        method: &'a str,
        /// The longest possible life of the credentials.
        longest_life_seconds: u32,
    },
}

impl Question<'_> {
    /// Returns Cedar's `context` for one permission.
    ///
    /// # Errors
    /// If a plan does not say who enforces a permission: `context has enforced_by` must not be false then.
    /// The error is one line.
    pub fn context(&self, permission: &Permission, calendar: &Calendar) -> Result<Context, String> {
        let text = |text: &str| Value::new_string(text.to_owned());
        let moment = calendar.at(self.now);
        let mut pairs = vec![
            ("provider", text(self.provider)),
            ("origin", text(&permission.origin)),
            ("session", text(self.session)),
            ("ttl_seconds", Value::new_long(i64::from(self.ttl_seconds))),
            ("command", Value::new_set(self.command.iter().map(|word| text(word)))),
            ("profiles", Value::new_set(self.profiles.iter().map(|name| text(name)))),
            ("now", Value::new_long(moment.unix)),
            ("time", Value::new_datetime(moment.iso)),
            ("hour", Value::new_long(moment.hour)),
            ("weekday", Value::new_long(moment.weekday)),
        ];
        if let Some(first) = self.command.first() {
            pairs.push(("program", text(first.rsplit('/').next().unwrap_or_default())));
        }
        if let Some(why) = self.justification.filter(|why| !why.trim().is_empty()) {
            pairs.push(("justification", text(why)));
        }
        match self.stage {
            Stage::Request => pairs.push(("stage", text("request"))),
            Stage::Plan { method, longest_life_seconds } => {
                let by = permission.enforced_by.as_deref();
                let by = by.ok_or_else(|| {
                    format!("the plan does not say who enforces `{}`", permission.action)
                })?;
                let life = Value::new_long(i64::from(longest_life_seconds));
                pairs.extend([
                    ("stage", text("plan")),
                    ("method", text(method)),
                    ("enforced_by", text(by)),
                ]);
                pairs.push(("longest_life_seconds", life));
            }
        }
        Context::from_pairs(pairs.into_iter().map(|(key, value)| (key.to_owned(), value)))
            .map_err(|error| line(&error))
    }
}
