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

/// With these the command does not call AWS with the session's credentials, or makes no call at all.
const ELSEWHERE: [&str; 5] =
    ["--endpoint-url", "--no-sign-request", "--profile", "--generate-cli-skeleton", "--version"];
/// Assignments before the command that change who calls, or whom.
const OWN_VARIABLES: &str = "AWS_";

/// A parsed `aws SERVICE OPERATION …`.
pub struct Words<'a> {
    pub service: &'a str,
    pub operation: &'a str,
    /// What is neither an option nor an option's value.
    pub operands: Vec<&'a str>,
    /// Options with their values; flags have none.
    options: Vec<(&'a str, Option<&'a str>)>,
}

impl<'a> Words<'a> {
    /// None if the command is not the AWS CLI, or asks it for help or its version.
    pub fn of(command: &'a [String]) -> Option<Self> {
        let mut words = command.iter().map(String::as_str).peekable();
        let mut program = words.next()?;
        if base(program) == "env" {
            // Its options are not read: `-i` or `-u` may take the credentials away.
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

    /// `aws s3 ls`: how notices speak of the command.
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

/// The last part of a path.
fn base(program: &str) -> &str {
    program.rsplit(['/', '\\']).next().unwrap_or(program)
}

/// Whether the word after `option` is its value. Before the service only global options can stand; of `aws s3` the flags
/// are known; any other command takes no operands that matter here.
fn takes_value(option: &str, operands: &[&str]) -> bool {
    match operands.first() {
        None => GLOBAL_WITH_VALUE.contains(&option),
        Some(_) => !FLAGS.contains(&option),
    }
}
