//! Runs the steps and shows them. The exit status tells if all had the expected result.

use nix::sys::signal::Signal;

use super::home::Home;
use super::program::{Output, Program};
use super::step::{Also, Call, STEPS, Step};
use super::{ADMIN, DemoError, ROLE, USER};
use crate::console;
use audex_child::Signals;
use audex_core::environment::Environment;
use audex_loopback::{AccessKey, LoopbackCloud, Seed};

/// The number of characters shown of a secret, enough to tell two apart.
const SHOWN_OF_SECRET: usize = 4;
/// The variables whose values are cut.
const CUT: [&str; 2] = ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];

/// The result of the tour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Every step had the expected result.
    Passed,
    /// This many steps did not have the expected result.
    Failed(usize),
    /// The signal of this number ended the tour. It is 13 (SIGPIPE) if the reader closed the output.
    Interrupted(i32),
}

/// The result of a step.
enum Taken {
    Passed,
    Failed,
    Interrupted(Signal),
}

struct Tour {
    cloud: LoopbackCloud,
    program: Program,
    keys: [AccessKey; 2],
    /// The path that is shown as `~`.
    home: String,
    /// False once the reader has closed the output.
    heard: bool,
}

/// Starts a cloud, runs every step against it, and prints the steps as they happen.
///
/// # Errors
/// [`DemoError`] when the tour cannot begin.
pub fn tour(environment: &Environment) -> Result<Outcome, DemoError> {
    let mut signals = Signals::install()?;
    let cloud = LoopbackCloud::start(Seed::demo(), None)?;
    let (developer, admin) = (key(&cloud, USER)?, key(&cloud, ADMIN)?);
    let home = Home::create(environment, &admin).map_err(DemoError::Home)?;
    let program =
        Program::new(environment, &cloud, &developer, &home).map_err(DemoError::Program)?;
    let at = home.path().display().to_string();
    let mut tour = Tour { cloud, program, keys: [developer, admin], home: at, heard: true };

    tour.show(&opening(&tour.cloud));
    let mut failed = 0;
    for (index, step) in STEPS.iter().enumerate() {
        let passed = match tour.take(index + 1, step, &mut signals)? {
            Taken::Passed => true,
            Taken::Failed => false,
            Taken::Interrupted(signal) => return Ok(Outcome::Interrupted(signal as i32)),
        };
        if !tour.heard {
            return Ok(Outcome::Interrupted(Signal::SIGPIPE as i32));
        }
        failed += usize::from(!passed);
    }
    if failed > 0 {
        return Ok(Outcome::Failed(failed));
    }
    tour.show(CLOSING);
    Ok(Outcome::Passed)
}

impl Tour {
    fn show(&mut self, text: &str) {
        self.heard = self.heard && console::show(text);
    }

    /// Runs and shows one step.
    fn take(
        &mut self,
        number: usize,
        step: &Step,
        signals: &mut Signals,
    ) -> Result<Taken, DemoError> {
        self.show(&format!("\n{number}. {}\n", step.title));
        let asked_before = self.cloud.requests().len();
        let mut wrong = Vec::new();
        for call in step.calls {
            self.show(&format!("   $ {}\n", self.program.line(call.arguments)));
            let output = self.program.run(call.arguments).map_err(DemoError::Program)?;
            self.show(&indented(&displayed(&output.text, step.also).replace(&self.home, "~")));
            // If a signal arrived, the output of the command is not evaluated: the signal may have reached
            // the command too.
            if let Some(signal) = signals.interrupted() {
                return Ok(Taken::Interrupted(signal));
            }
            wrong.extend(differences(call, &output));
            if step.also == Also::NoUserKeys
                && self.keys.iter().any(|key| contains_key(&output.text, key))
            {
                wrong.push("a key of the account's users is in the output".to_owned());
            }
        }
        if step.also == Also::NothingAsked && self.cloud.requests().len() != asked_before {
            wrong.push("the cloud was asked for something".to_owned());
        }
        if wrong.is_empty() {
            self.show(&format!("   ✓ {}\n", step.shows));
            return Ok(Taken::Passed);
        }
        self.show(&format!("   ✗ not as it must be: {}\n", wrong.join("; ")));
        Ok(Taken::Failed)
    }
}

pub(super) fn key(cloud: &LoopbackCloud, user: &'static str) -> Result<AccessKey, DemoError> {
    cloud.access_key(user).ok_or(DemoError::NoUser(user))
}

fn opening(cloud: &LoopbackCloud) -> String {
    format!(
        "This is a demo on {}: an AWS account inside this process, gone with it. It is not a cloud.\n\
         You are its user `{USER}`, who may assume the role `{ROLE}`, which may do everything in S3.\n\
         A command started by `tryaudex run` may do what --allow says. The account enforces it.\n",
        cloud.endpoint()
    )
}

const CLOSING: &str = "
With your own account: AWS credentials where the aws CLI finds them, and a role that you may assume
   $ export AUDEX_ROLE_ARN=arn:aws:iam::ACCOUNT:role/ROLE
   $ tryaudex health --check aws
   $ tryaudex plan --allow s3:GetObject --resource 'arn:aws:s3:::BUCKET/*'
   $ tryaudex run --allow s3:GetObject --resource 'arn:aws:s3:::BUCKET/*' -- aws s3 cp s3://BUCKET/KEY -
   $ tryaudex audit list
Without a role, leave the first line out; the plan shows which method is used.
To try the aws CLI or curl on this account by hand: tryaudex demo --serve
";

/// Returns the output as it is shown: of a list of variables only the relevant ones, without whole secrets.
fn displayed(text: &str, also: Also) -> String {
    if also != Also::NoUserKeys {
        return text.to_owned();
    }
    let mut shown = Vec::new();
    let mut others = 0;
    for line in text.lines() {
        match line.split_once('=') {
            Some((name, value)) if CUT.contains(&name) => {
                let start: String = value.chars().take(SHOWN_OF_SECRET).collect();
                shown.push(format!("{name}={start}…"));
            }
            Some((name, _)) if !name.starts_with("AWS_") => others += 1,
            _ => shown.push(line.to_owned()),
        }
    }
    shown.push(format!("(and {others} more)"));
    shown.join("\n")
}

/// Returns the differences between `output` and the expectation of `call`.
fn differences(call: &Call, output: &Output) -> Vec<String> {
    let mut wrong = Vec::new();
    if output.code() != call.exit {
        wrong.push(format!("exit {} instead of {}", output.code(), call.exit));
    }
    let mut rest = output.text.as_str();
    for expected in call.says {
        match rest.split_once(expected) {
            Some((_, after)) => rest = after,
            None => wrong.push(format!("`{expected}` is missing")),
        }
    }
    wrong
}

fn indented(text: &str) -> String {
    text.lines().flat_map(|line| ["     ", line, "\n"]).collect()
}

fn contains_key(text: &str, key: &AccessKey) -> bool {
    text.contains(&key.id) || text.contains(key.secret.expose())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_whole_secret_of_a_variable_is_shown() {
        let text = "AWS_SECRET_ACCESS_KEY=abcdefgh\nAWS_REGION=r\nHOME=/x\naudex: exit 0\n";
        let shown = displayed(text, Also::NoUserKeys);
        assert_eq!(shown, "AWS_SECRET_ACCESS_KEY=abcd…\nAWS_REGION=r\naudex: exit 0\n(and 1 more)");
    }
}
