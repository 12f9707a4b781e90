//! With the same files and variables, the source identity is that of the real AWS CLI, or there is an error.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::support::{ROLE, Sandbox, python};

const ALLOW: [&str; 5] = ["run", "--allow", "s3:GetObject", "--", "true"];

/// A machine without keys in its environment; `{D}` and `{A}` in its files are the developer's and the administrator's keys,
/// `{BROKER}` is a program that prints the administrator's.
struct Machine {
    sandbox: Sandbox,
    replacements: Vec<(&'static str, String)>,
}

impl Machine {
    fn new() -> Self {
        let mut sandbox = Sandbox::new().with_aws_cli();
        sandbox.unset("AWS_ACCESS_KEY_ID").unset("AWS_SECRET_ACCESS_KEY");
        let mut replacements = vec![("{ROLE}", ROLE.to_owned())];
        let mut add = |sandbox: &mut Sandbox, mark, user| {
            let key = sandbox.cloud().access_key(user).unwrap();
            sandbox.plant_secret(key.secret.expose());
            let lines = format!(
                "aws_access_key_id = {}\naws_secret_access_key = {}",
                key.id,
                key.secret.expose()
            );
            replacements.push((mark, lines));
            key
        };
        add(&mut sandbox, "{D}", "developer");
        let admin = add(&mut sandbox, "{A}", "admin");
        let printed = format!(
            "#!/bin/sh\necho '{{\"Version\":1,\"AccessKeyId\":\"{}\",\"SecretAccessKey\":\"{}\"}}'\n",
            admin.id,
            admin.secret.expose()
        );
        let broker = sandbox.plant("bin/broker", printed);
        fs::set_permissions(&broker, fs::Permissions::from_mode(0o755)).unwrap();
        replacements.push(("{BROKER}", broker.display().to_string()));
        Self { sandbox, replacements }
    }

    fn fill(&self, text: &str) -> String {
        self.replacements
            .iter()
            .fold(text.to_owned(), |text, (mark, value)| text.replace(mark, value))
    }

    fn with(mut self, config: &str, credentials: &str, variables: &[(&str, &str)]) -> Self {
        let (config, credentials) = (self.fill(config), self.fill(credentials));
        self.sandbox.plant(".aws/config", config);
        self.sandbox.plant(".aws/credentials", credentials);
        for (name, value) in variables {
            self.sandbox.set(name, value);
        }
        self
    }

    /// Who the AWS CLI is, if anyone.
    fn cli(&self) -> Option<String> {
        let aws = python::binaries().join("aws");
        let words = ["sts", "get-caller-identity", "--query", "Arn", "--output", "text"];
        let output = self.sandbox.program(aws, words).unscanned().output();
        // What the CLI keeps of a role's session is its own matter.
        let _ = fs::remove_dir_all(self.sandbox.home().join(".aws/cli"));
        (output.code == 0).then(|| identity(output.stdout.trim()))
    }

    /// Who assumes the role for a run, if anyone.
    fn audex(&self) -> Result<String, String> {
        let before = self.sandbox.cloud().requests().len();
        let output = self.sandbox.run(ALLOW);
        let requests = self.sandbox.cloud().requests();
        let asked = requests[before..].iter().rfind(|request| request.action == "sts:AssumeRole");
        match asked {
            Some(request) if !request.principal_arn.is_empty() => {
                Ok(identity(&request.principal_arn))
            }
            _ => Err(output.exits(69).stderr),
        }
    }
}

/// An ARN without the name of a role's session, which each tool chooses.
fn identity(arn: &str) -> String {
    match arn.split_once(":assumed-role/") {
        Some((account, role)) => {
            format!("{account}:assumed-role/{}", role.split('/').next().unwrap())
        }
        None => arn.to_owned(),
    }
}

/// The files `config` and `credentials`, the variables, and the user or role that both are; `""`: Audex refuses.
type Case<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], &'a str);

fn same(cases: &[Case<'_>]) {
    for (config, credentials, variables, expected) in cases {
        let machine = Machine::new().with(config, credentials, variables);
        let (cli, audex) = (machine.cli(), machine.audex());
        match audex {
            Ok(audex) => {
                assert_eq!(Some(&audex), cli.as_ref(), "{config}\n{credentials}\n{variables:?}");
                assert!(
                    !expected.is_empty() && audex.ends_with(expected),
                    "{audex}: {config}\n{credentials}"
                );
            }
            Err(said) => {
                assert_eq!("", *expected, "{said}\n{config}\n{credentials}\n{variables:?}");
            }
        }
    }
}

const TWO: &str = "[default]\n{A}\n[dev]\n{D}\n";

#[test]
fn the_variables_select_the_profile_that_the_cli_selects() {
    same(&[
        ("", TWO, &[("AWS_DEFAULT_PROFILE", "dev")], "user/developer"),
        ("", TWO, &[("AWS_PROFILE", "dev")], "user/developer"),
        ("", TWO, &[("AWS_PROFILE", "dev"), ("AWS_DEFAULT_PROFILE", "dev")], "user/developer"),
        ("", TWO, &[("AWS_PROFILE", "default"), ("AWS_DEFAULT_PROFILE", "dev")], ""),
        ("", TWO, &[("AWS_PROFILE", "absent")], ""),
        ("", TWO, &[("AWS_DEFAULT_PROFILE", "absent")], ""),
        ("", TWO, &[("AWS_PROFILE", "")], ""),
    ]);
}

#[test]
fn half_a_pair_of_keys_is_what_it_is_to_the_cli() {
    same(&[
        ("", TWO, &[("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")], ""),
        ("", TWO, &[("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"), ("SECRET_ACCESS_KEY", "x")], ""),
        ("", TWO, &[("AWS_SECRET_ACCESS_KEY", "0123456789abcdef")], "user/admin"),
    ]);
}

#[test]
fn a_second_factor_is_never_dropped() {
    let role = "[profile role]\nrole_arn = {ROLE}\nsource_profile = dev\n";
    let mfa = "mfa_serial = arn:aws:iam::123456789012:mfa/developer\n";
    let outer = "[profile outer]\nrole_arn = {ROLE}\nsource_profile = role\n";
    same(&[
        (role, TWO, &[("AWS_PROFILE", "role")], "assumed-role/AudexDemo"),
        (&format!("{role}{mfa}"), TWO, &[("AWS_PROFILE", "role")], ""),
        (&format!("{role}{mfa}{outer}"), TWO, &[("AWS_PROFILE", "outer")], ""),
        (&format!("{role}mfa_serial =\n"), TWO, &[("AWS_PROFILE", "role")], ""),
    ]);
    let machine = Machine::new().with(&format!("{role}{mfa}"), TWO, &[("AWS_PROFILE", "role")]);
    let said = machine.audex().unwrap_err();
    assert!(
        said.contains(".aws/config:4: profile `role`") && said.contains("`mfa_serial`"),
        "{said}"
    );
    assert!(said.contains("export-credentials --format env --profile 'role'"), "{said}");
}

#[test]
fn of_several_sources_in_a_profile_the_clis_is_taken() {
    let process = "[default]\ncredential_process = {BROKER}\n";
    same(&[
        (process, "[default]\n{D}\n", &[], "user/developer"),
        ("[default]\n{D}\ncredential_process = {BROKER}\n", "", &[], "user/admin"),
        ("[profile default]\n{A}\n[default]\n{D}\n", "", &[], "user/developer"),
        ("[default]\n{A}\n[profile default]\n{D}\n", "", &[], "user/developer"),
        ("[DEFAULT]\n{D}\n[default]\nregion = eu-west-1\n", "", &[], "user/developer"),
        // A profile with keys of its own is not a role, when it is the source of another's.
        (
            "[profile a]\nrole_arn = {ROLE}\nsource_profile = b\n[profile b]\nrole_arn = {ROLE}x\nsource_profile = c\n{D}\n",
            "",
            &[("AWS_PROFILE", "a")],
            "assumed-role/AudexDemo",
        ),
        (
            "[default]\nrole_arn = {ROLE}\nsource_profile = default\n{D}\n",
            "",
            &[],
            "assumed-role/AudexDemo",
        ),
        (
            "",
            "[default]\n{A}\n",
            &[("AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere"), ("AWS_ROLE_ARN", ROLE)],
            "",
        ),
    ]);
}

#[test]
fn names_and_lines_are_read_as_the_cli_reads_them() {
    let laptop = [("AWS_PROFILE", "My Laptop")];
    let team = [("AWS_PROFILE", "équipe")];
    same(&[
        ("[default]\n   region = eu-west-1\n", "  [default]\n  # note\n", &[], ""),
        ("", "[default] # mine\n  {D}\n", &[], "user/developer"),
        ("[default] # mine\n\tregion = eu-west-1\n{D}\n", "", &[], "user/developer"),
        ("[profile \"My Laptop\"]\n{D}\n", "[default]\n{A}\n", &laptop, "user/developer"),
        ("", "[default]\n{A}\n[My Laptop]\n{D}\n", &laptop, "user/developer"),
        (
            "[profile 'équipe']\nrole_arn: {ROLE}\nSource_Profile: My Laptop\n",
            "[My Laptop]\n{D}\n",
            &team,
            "assumed-role/AudexDemo",
        ),
        ("[profile équipe]\n{D}\n", "[default]\n{A}\n", &team, "user/developer"),
        ("[default]\n{D}\n[default]\n{A}\n", "", &[], ""),
        (
            "[default]\ncredential_process = sh -c 'true ; exec {BROKER} # x'\n",
            "",
            &[],
            "user/admin",
        ),
    ]);
}

#[test]
fn keys_in_the_environment_win_over_every_profile() {
    let role = "[profile role]\nrole_arn = {ROLE}\ncredential_source = Environment\n";
    for profile in ["dev", "role"] {
        let mut machine = Machine::new().with(role, TWO, &[("AWS_PROFILE", profile)]);
        let key = machine.sandbox.cloud().access_key("developer").unwrap();
        machine.sandbox.set("AWS_ACCESS_KEY_ID", &key.id);
        machine.sandbox.set_secret("AWS_SECRET_ACCESS_KEY", key.secret.expose());
        assert_eq!(machine.cli().as_deref(), Some("arn:aws:iam::123456789012:user/developer"));
        assert_eq!(machine.audex().unwrap(), "arn:aws:iam::123456789012:user/developer");
    }
}

#[test]
fn an_unusable_profile_is_named_with_file_and_line_in_words() {
    let role = "[profile p]\nrole_arn = {ROLE}\n";
    let failing =
        "[profile p]\ncredential_process = sh -c 'echo please sign in first >&2; exit 3'\n";
    for (config, place, words) in [
        (format!("{role}source_profile = gone\n"), ".aws/config:3", "there is no profile `gone`"),
        (format!("{role}source_profile = p\n"), ".aws/config:3", "in a circle"),
        (format!("{role}source_profile = q\n[profile q]\n"), ".aws/config:4", "has no credentials"),
        (
            format!("{role}credential_source = Environmnt\n"),
            ".aws/config:3",
            "`Ec2InstanceMetadata`",
        ),
        (role.to_owned(), ".aws/config:2", "needs a `source_profile`"),
        (
            "[profile p]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = q\n[profile q]\n{D}\n"
                .to_owned(),
            ".aws/config:2",
            "`arn:aws:iam::1:role/x`",
        ),
        (
            "[profile p]\nrole_arn = planted-no-arn\nsource_profile = q\n[profile q]\n{D}\n"
                .to_owned(),
            ".aws/config:2",
            "`role_arn` is not the ARN of a role",
        ),
        (
            "[profile p]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\n".to_owned(),
            ".aws/config:2",
            "`aws_secret_access_key` is not",
        ),
        ("[profile p]\n{D} # mine\n".to_owned(), ".aws/config:3", "after a space"),
        (
            "[profile p]\nsso_account_id = 1\nsso_role_name = r\nsso_session = s\n".to_owned(),
            ".aws/config:4",
            "`[sso-session s]`",
        ),
        (
            "[profile p]\nregion = eu-west-1 # Ireland\n{D}\n".to_owned(),
            ".aws/config:2",
            "after a space",
        ),
        ("[profile p]\nregion\n".to_owned(), ".aws/config:2", "no `=`"),
        ("[profile p]\n[profile p]\n".to_owned(), ".aws/config:2", "twice"),
        ("region = x\n".to_owned(), ".aws/config:1", "no section header"),
        (failing.to_owned(), "exit status: 3", "please sign in first"),
    ] {
        let machine = Machine::new().with(&config, "", &[("AWS_PROFILE", "p")]);
        let said = machine.audex().unwrap_err();
        assert!(said.contains(place) && said.contains(words), "{config}: {said}");
        assert!(said.starts_with("error: provider `aws`: ") && !said.contains("planted"), "{said}");
        for rust in ["Error {", "already taken", "Some(", "unhandled", "ErrorMetadata"] {
            assert!(!said.contains(rust), "{said}");
        }
    }
}

#[test]
fn a_refusal_of_the_profiles_role_is_said_in_the_services_words() {
    let config = "[profile p]\nrole_arn = {ROLE}Other\nsource_profile = q\n[profile q]\n{D}\n";
    let machine = Machine::new().with(config, "", &[("AWS_PROFILE", "p")]);
    let said = machine.sandbox.run(ALLOW).exits(69).stderr;
    assert!(said.contains("AccessDenied: ") && said.contains("sts:AssumeRole"), "{said}");
    assert!(!said.contains("Error {") && !said.contains("Some("), "{said}");
}

#[test]
fn a_failing_process_says_why_without_what_could_be_a_secret() {
    let failing = "[profile p]\ncredential_process = sh -c 'cat $HOME/.aws/credentials >&2; printf \"\\033[31mlocked\\n\" >&2; exit 4'\n";
    let machine = Machine::new().with(failing, TWO, &[("AWS_PROFILE", "p")]);
    let said = machine.audex().unwrap_err();
    assert!(said.contains("exit status: 4") && said.contains("locked"), "{said}");
    let key = machine.sandbox.cloud().access_key("developer").unwrap();
    assert!(
        !said.contains(&key.id) && !said.contains(key.secret.expose()) && !said.contains('\u{1b}'),
        "{said}"
    );
}
