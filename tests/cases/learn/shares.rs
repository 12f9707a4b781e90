//! A recommendation of `learn` allows each action only on its own resources, also when a user pastes it.

use super::learn;
use crate::support::{Moto, Sandbox, python};

/// A Python program as a shell's command.
fn python(program: &str) -> String {
    format!("'{}' -W ignore - <<'PY'\n{program}\nPY\n", python::interpreter().display())
}

/// A sandbox whose role may use many services.
fn wide() -> Sandbox {
    let mut sandbox = Sandbox::with_moto(Moto::get()).with_aws_cli();
    sandbox.set("AUDEX_ROLE_ARN", Moto::get().role_arn.replace("AudexTest", "AudexWide"));
    sandbox
}

/// Runs a program with the rights to everything, without Audex.
fn as_admin(sandbox: &Sandbox, program: &str) {
    let moto = Moto::get();
    let run = sandbox.program(python::interpreter(), ["-W", "ignore", "-c", program]);
    let run = run.env("AWS_ACCESS_KEY_ID", &moto.admin_access_key_id);
    let _ = run
        .env("AWS_SECRET_ACCESS_KEY", &moto.admin_secret_access_key)
        .unscanned()
        .output()
        .success();
}

const TRY: &str = r#"
import boto3, botocore.exceptions
s, p = boto3.client("secretsmanager"), boto3.client("ssm")
def tried(name, call, **given):
    try:
        call(**given)
        print(name, "ok")
    except botocore.exceptions.ClientError as error:
        print(name, error.response["Error"]["Code"])
read = lambda name: (tried("secret", s.get_secret_value, SecretId=name), tried("parameter", p.get_parameter, Name="/" + name))
write = lambda name: (tried("secret", s.put_secret_value, SecretId=name, SecretString="x"),
                      tried("parameter", p.put_parameter, Name="/" + name, Value="x", Type="String", Overwrite=True))
"#;

#[test]
fn an_action_is_never_recommended_on_the_resources_of_another() {
    let sandbox = wide();
    let make = r#"
import boto3
for name in ("shares-prod/db", "shares-scratch"):
    boto3.client("secretsmanager").create_secret(Name=name, SecretString="x")
    boto3.client("ssm").put_parameter(Name="/" + name, Value="x", Type="String")
"#;
    as_admin(&sandbox, make);
    let own = format!("{TRY}read('shares-prod/db'); write('shares-scratch')");
    let output = learn(&sandbox, &["--verify", "--save", "job"], &python(&own)).success();
    assert_eq!(output.stdout, "secret ok\nparameter ok\n".repeat(4));
    let report = &output.stderr;
    assert!(report.contains("Verified: sufficient, after 1 run\n"), "{report}");

    // The profile: each action on its own.
    let other = format!(
        "{TRY}read('shares-prod/db'); write('shares-scratch'); read('shares-scratch'); write('shares-prod/db')"
    );
    let output = sandbox.run_sh(&["--profile", "job"], &python(&other)).success();
    let denied = "secret AccessDeniedException\nparameter AccessDeniedException\n";
    assert_eq!(
        output.stdout,
        format!("{}{}", "secret ok\nparameter ok\n".repeat(2), denied.repeat(2))
    );

    // Each line, pasted.
    let lines: Vec<&str> =
        report.lines().filter_map(|line| line.strip_prefix("  --allow ")).collect();
    assert_eq!(lines.len(), 2, "{report}");
    for line in lines {
        let reads = line.contains("GetSecretValue");
        assert_eq!(line.contains("PutSecretValue"), !reads, "{line}");
        let pasted = format!("\"$TRYAUDEX\" run --quiet --allow {line} -- sh -c \"$JOB\"");
        let run = sandbox.program("/bin/sh", ["-c", pasted.as_str()]);
        let run = run.env("TRYAUDEX", env!("CARGO_BIN_EXE_tryaudex")).env("JOB", python(&other));
        let output = run.output().success();
        let (read, write) = if reads {
            ("secret ok\nparameter ok\n", denied)
        } else {
            (denied, "secret ok\nparameter ok\n")
        };
        assert_eq!(output.stdout, [read, write, denied, denied].concat(), "{line}");
    }
}

#[test]
fn a_name_with_commas_and_quotes_is_one_resource_when_it_is_pasted() {
    let sandbox = Sandbox::with_moto(Moto::get()).with_aws_cli();
    let keys = ["learn/a,arn:aws:s3:::beta/hello.txt", "learn/it's a, b"];
    let get = |bucket: &str, key: &str| {
        python(&format!(
            "import boto3, botocore.exceptions\ntry:\n    boto3.client('s3').get_object(Bucket={bucket:?}, Key={key:?})\n    print('ok')\nexcept botocore.exceptions.ClientError as error:\n    print(error.response['Error']['Code'])"
        ))
    };
    for key in keys {
        as_admin(
            &sandbox,
            &format!("import boto3\nboto3.client('s3').put_object(Bucket='alpha', Key={key:?})"),
        );
        let learned = learn(&sandbox, &[], &get("alpha", key)).success();
        assert_eq!(learned.stdout, "ok\n");
        let said = &learned.stderr;
        let line = said.lines().find_map(|line| line.strip_prefix("Recommended resources: "));
        let line = line.unwrap_or_else(|| panic!("one share: {said}"));
        let job = get("alpha", key) + &get("beta", "hello.txt") + &get("alpha", "hello.txt");
        let pasted = format!(
            "\"$TRYAUDEX\" run --quiet --allow s3:GetObject --resource {line} -- sh -c \"$JOB\""
        );
        let run = sandbox.program("/bin/sh", ["-c", pasted.as_str()]);
        let output =
            run.env("TRYAUDEX", env!("CARGO_BIN_EXE_tryaudex")).env("JOB", job).output().success();
        assert_eq!(output.stdout, "ok\nAccessDenied\nAccessDenied\n", "{line}: {said}");
        as_admin(
            &sandbox,
            &format!("import boto3\nboto3.client('s3').delete_object(Bucket='alpha', Key={key:?})"),
        );
    }
}
