//! The arguments of tools, read strictly.

use std::ffi::OsString;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::super::Cli;
use super::super::Command;
use super::super::plan;
use crate::failure::Failure;
use clap::Parser as _;

/// The maximum number of bytes of all arguments of a call. A command line is far shorter, and each argument goes into the audit log.
const MAX_BYTES: usize = 128 << 10;
/// The default and the maximum number of listed sessions or records.
const LISTED: usize = 20;
const MAX_LISTED: usize = 200;

/// Reads the arguments of a tool.
///
/// # Errors
/// When an argument is unknown, missing, of another type, or too long.
pub(super) fn read<T: DeserializeOwned>(
    arguments: Option<Map<String, Value>>,
) -> Result<T, Failure> {
    let arguments = Value::Object(arguments.unwrap_or_default());
    let bytes = arguments.to_string().len();
    if bytes > MAX_BYTES {
        let message = format!("the arguments have {bytes} bytes, and {MAX_BYTES} are allowed");
        return Err(Failure::usage(&message, "put large data into a file, and name the file"));
    }
    serde_json::from_value(arguments).map_err(|error| {
        let message = format!("the arguments do not fit the tool: {error}");
        Failure::usage(&message, "see the input schema of the tool in `tools/list`")
    })
}

/// A request for permissions.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Request {
    pub(super) allow: Vec<String>,
    pub(super) profile: Vec<String>,
    pub(super) resource: Vec<String>,
    pub(super) provider: Option<String>,
    pub(super) region: Option<String>,
    pub(super) ttl: Option<String>,
    pub(super) reason: Option<String>,
    /// Only of `plan` and `run`.
    pub(super) command: Vec<String>,
    /// Only of `request_access`.
    pub(super) session: Option<String>,
}

impl Request {
    /// Returns the request as options of `run` and `plan`.
    ///
    /// Security: each value stands in one word with its option, so that no value is read as an option.
    pub(super) fn options(&self) -> Vec<OsString> {
        let lists =
            [("allow", &self.allow), ("profile", &self.profile), ("resource", &self.resource)];
        let lists = lists
            .into_iter()
            .flat_map(|(name, values)| values.iter().map(move |value| (name, value)));
        let single = [
            ("provider", &self.provider),
            ("region", &self.region),
            ("ttl", &self.ttl),
            ("justification", &self.reason),
        ];
        let single = single.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
        lists.chain(single).map(|(name, value)| format!("--{name}={value}").into()).collect()
    }

    /// Returns the arguments of `tryaudex plan` for this request and `command`.
    ///
    /// # Errors
    /// When the command line does not accept a value.
    pub(super) fn plan(&self, command: &[OsString]) -> Result<plan::Args, Failure> {
        let words = ["tryaudex".into(), "plan".into(), "--quiet".into()];
        let end = [OsString::from("--")];
        let words =
            words.into_iter().chain(self.options()).chain(end).chain(command.iter().cloned());
        match Cli::try_parse_from(words) {
            Ok(Cli { command: Command::Plan(args) }) => Ok(args),
            Ok(_) => Err(Failure::usage("the arguments are not a request", "see the input schema")),
            Err(error) => {
                let text = error.to_string();
                let line = text.lines().next().unwrap_or_default();
                let message = line.strip_prefix("error: ").unwrap_or(line);
                Err(Failure::usage(message, "see the input schema of the tool in `tools/list`"))
            }
        }
    }
}

/// The arguments of `check_permission`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Check {
    pub(super) permissions: Vec<String>,
    #[serde(default)]
    pub(super) provider: Option<String>,
}

/// The arguments of `explain_denial`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Explain {
    #[serde(default)]
    pub(super) text: Option<String>,
    #[serde(default)]
    pub(super) session: Option<String>,
}

/// The arguments of `sessions`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sessions {
    #[serde(default)]
    limit: Option<usize>,
}

/// The arguments of `receipt`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Receipt {
    pub(super) session: String,
}

/// The arguments of `audit`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Audit {
    #[serde(default)]
    pub(super) session: Option<String>,
    #[serde(default)]
    pub(super) event: Option<String>,
    #[serde(default)]
    limit: Option<usize>,
}

impl Sessions {
    pub(super) fn limit(&self) -> Result<usize, Failure> {
        limit(self.limit)
    }
}

impl Audit {
    pub(super) fn limit(&self) -> Result<usize, Failure> {
        limit(self.limit)
    }
}

fn limit(limit: Option<usize>) -> Result<usize, Failure> {
    match limit {
        None => Ok(LISTED),
        Some(limit @ 1..=MAX_LISTED) => Ok(limit),
        Some(limit) => {
            let message = format!("`limit` is {limit}, and not 1 to {MAX_LISTED}");
            Err(Failure::usage(&message, "ask for fewer"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn request(value: &Value) -> Result<Request, Failure> {
        read(value.as_object().cloned())
    }

    #[test]
    fn a_value_is_never_an_option() {
        let hostile = json!({ "allow": ["--method=role", "s3:GetObject"], "resource": ["-q"], "ttl": "--json" });
        let options = request(&hostile).unwrap().options();
        assert_eq!(
            options,
            ["--allow=--method=role", "--allow=s3:GetObject", "--resource=-q", "--ttl=--json"]
        );
        assert!(request(&hostile).unwrap().plan(&[]).is_err(), "not a duration");
        let command = [OsString::from("--help")];
        let plan = request(&json!({ "allow": ["s3:GetObject"] })).unwrap().plan(&command);
        assert!(plan.is_ok(), "words of the command are not options");
    }

    #[test]
    fn unknown_and_huge_arguments_are_refused() {
        for wrong in [
            json!({ "role_arn": "x" }),
            json!({ "allow": "s3:GetObject" }),
            json!({ "allow": [1] }),
            json!({ "allow": ["x".repeat(MAX_BYTES)] }),
        ] {
            let failure = request(&wrong).unwrap_err();
            assert!(failure.hint.is_some() && failure.message().len() < 500, "{failure:?}");
        }
    }
}
