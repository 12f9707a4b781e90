//! The words of an `aws` command line.

/// Options of the AWS CLI that stand before the service and take a value.
/// Source: AWS CLI command reference, "Global options".
const GLOBAL_WITH_VALUE: [&str; 11] = [
    "--endpoint-url",
    "--output",
    "--query",
    "--profile",
    "--region",
    "--color",
    "--ca-bundle",
    "--cli-read-timeout",
    "--cli-connect-timeout",
    "--cli-binary-format",
    "--cli-error-format",
];
/// Options of `aws s3` that take no value, so that the word after them is an operand.
/// Source: AWS CLI command reference, `s3 ls`, `s3 cp`, `s3 mv`, `s3 rm`, `s3 sync`, `s3 presign`.
const FLAGS: [&str; 25] = [
    "--recursive",
    "--human-readable",
    "--summarize",
    "--dryrun",
    "--quiet",
    "--only-show-errors",
    "--no-progress",
    "--delete",
    "--exact-timestamps",
    "--size-only",
    "--follow-symlinks",
    "--no-follow-symlinks",
    "--no-guess-mime-type",
    "--force",
    "--force-glacier-transfer",
    "--ignore-glacier-warnings",
    "--no-verify-ssl",
    "--no-paginate",
    "--no-sign-request",
    "--debug",
    "--no-overwrite",
    "--no-cli-pager",
    "--cli-auto-prompt",
    "--no-cli-auto-prompt",
    "--validate-same-s3-paths",
];

/// Options with which the command does not call AWS with the session's credentials, or makes no call at all.
const ELSEWHERE: [&str; 5] =
    ["--endpoint-url", "--no-sign-request", "--profile", "--generate-cli-skeleton", "--version"];
/// The prefix of variables that, assigned before the command, change its credentials or endpoint.
const OWN_VARIABLES: &str = "AWS_";

/// The words of a command `aws SERVICE OPERATION …`.
pub struct Words<'a> {
    pub service: &'a str,
    pub operation: &'a str,
    /// Words that are neither an option nor an option's value.
    pub operands: Vec<&'a str>,
    /// Options with their values; flags have none.
    options: Vec<(&'a str, Option<&'a str>)>,
}

impl<'a> Words<'a> {
    /// Parses a command; returns `None` if it is not the AWS CLI, or asks for help or the version.
    pub fn of(command: &'a [String]) -> Option<Self> {
        let mut words = command.iter().map(String::as_str).peekable();
        let mut program = words.next()?;
        if base(program) == "env" {
            // Options of `env` are not read: `-i` or `-u` may remove the credentials.
            program = words.by_ref().find(|word| !word.contains('='))?;
            let assigned = command.iter().skip(1).take_while(|word| word.contains('='));
            if assigned.into_iter().any(|word| word.starts_with(OWN_VARIABLES)) {
                return None;
            }
        }
        if !matches!(base(program), "aws" | "aws.exe" | "aws.cmd") {
            return None;
        }
        let (mut operands, mut options) = (Vec::new(), Vec::new());
        while let Some(word) = words.next() {
            if !word.starts_with("--") {
                operands.push(word);
            } else if let Some((name, value)) = word.split_once('=') {
                options.push((name, Some(value)));
            } else if takes_value(word, &operands) {
                options.push((word, words.next_if(|value| !value.starts_with("--"))));
            } else {
                options.push((word, None));
            }
        }
        let elsewhere = options.iter().any(|(name, _)| ELSEWHERE.contains(name));
        if elsewhere || operands.contains(&"help") || operands.len() < 2 {
            return None;
        }
        let rest = operands.split_off(2);
        let (service, operation) = (*operands.first()?, *operands.get(1)?);
        Some(Self { service, operation, operands: rest, options })
    }

    /// Returns the command in the form of notices: `aws s3 ls`.
    pub fn said(&self) -> String {
        format!("aws {} {}", self.service, self.operation)
    }

    pub fn has(&self, option: &str) -> bool {
        self.options.iter().any(|(name, _)| *name == option)
    }

    pub fn value(&self, option: &str) -> Option<&'a str> {
        self.options.iter().find(|(name, _)| *name == option).and_then(|(_, value)| *value)
    }
}

/// Returns the last part of a path.
fn base(program: &str) -> &str {
    program.rsplit(['/', '\\']).next().unwrap_or(program)
}

/// Returns true if the word after `option` is its value. Before the service only global options are valid;
/// the flags of `aws s3` are known; operands of any other command do not matter here.
fn takes_value(option: &str, operands: &[&str]) -> bool {
    match operands.first() {
        None => GLOBAL_WITH_VALUE.contains(&option),
        Some(_) => !FLAGS.contains(&option),
    }
}
