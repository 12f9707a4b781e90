//! What is asked: the request before it is planned, or the plan. The contract's shapes are turned into these at the border.

use cedar_policy::{Context, RestrictedExpression as Value};

use crate::calendar::Calendar;
use crate::line;

/// One request and all that is known about it.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// `aws`, `gcp`, …
    pub provider: &'a str,
    /// What is asked for.
    pub permissions: &'a [Permission],
    /// What is denied already, as patterns.
    pub deny: &'a [String],
    /// How long it is asked for.
    pub ttl_seconds: u32,
    /// The run.
    pub session: &'a str,
    /// Who asks.
    pub user: &'a str,
    /// What is going to be run.
    pub command: &'a [String],
    /// Seconds since 1970.
    pub now: u64,
    /// The profiles that were named.
    pub profiles: &'a [String],
    /// What the user said it is for.
    pub justification: Option<&'a str>,
    /// How far the request has come.
    pub stage: Stage<'a>,
}

/// One permission.
#[derive(Clone, Debug, Default)]
pub struct Permission {
    /// The provider's own action, or a pattern of such.
    pub action: String,
    /// What the user wrote.
    pub origin: String,
    /// Names or patterns; none is every resource.
    pub resources: Vec<String>,
    /// `cloud`, `token` or `none`, once there is a plan.
    pub enforced_by: Option<String>,
}

/// How far the request has come.
#[derive(Clone, Copy, Debug)]
pub enum Stage<'a> {
    /// It is asked; nothing is known about how it will be enforced.
    Request,
    /// There is a plan.
    Plan {
        /// The provider's method.
        method: &'a str,
        /// The longest that the credentials may live.
        longest_life_seconds: u32,
    },
}

impl Question<'_> {
    /// What Cedar's `context` is for one permission.
    ///
    /// # Errors
    /// One line. A plan that does not say who enforces a permission is one: `context has enforced_by` must not be false then.
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
                let by =
                    by.ok_or_else(|| format!("the plan does not say who enforces `{}`", permission.action))?;
                let life = Value::new_long(i64::from(longest_life_seconds));
                pairs.extend([("stage", text("plan")), ("method", text(method)), ("enforced_by", text(by))]);
                pairs.push(("longest_life_seconds", life));
            }
        }
        Context::from_pairs(pairs.into_iter().map(|(key, value)| (key.to_owned(), value)))
            .map_err(|error| line(&error))
    }
}
