//! A reader that fails: its requests are refused, the next request gets a new instance, and the failure is
//! said once.

use crate::support::double::run_python;
use crate::support::guests::{self, Guest};
use crate::support::{CloudView as _, ROLE, Sandbox};

const PROGRAM: &str = "import boto3\n\
    s3 = boto3.client('s3')\n\
    for key in ('readme.txt', 'fails', 'fails', 'readme.txt', 'other.txt'):\n\
    \x20   try: print(key, s3.get_object(Bucket='demo-reports', Key=key)['ResponseMetadata']['HTTPStatusCode'])\n\
    \x20   except Exception as error: print(key, error.response['ResponseMetadata']['HTTPStatusCode'])\n";

#[test]
fn a_reader_that_traps_refuses_is_replaced_and_is_said_once() {
    guests::build_all();
    for (case, words) in [
        ("read-trap", "failed in phase call"),
        ("read-loop", "failed in phase limit"),
        ("read-memory", "failed in phase limit"),
    ] {
        let mut sandbox = Sandbox::new();
        sandbox
            .set("AUDEX_HOSTILE_ROLE_ARN", ROLE)
            .set_secret("HOSTILE_SOURCE", "c0ffee/hostile+source=5c0ffee5c0ffee");
        let grants = ["slot:aws", "http:api.example.com", "secret:HOSTILE_SOURCE"];
        let _ =
            Guest::of("hostile-provider").playing(case).install(&mut sandbox, &grants).success();
        let options = ["--provider", "hostile", "--allow", "s3:GetObject", "--deliver", "gateway"];
        let output = run_python(&sandbox, &options, PROGRAM).success();
        assert_eq!(
            output.stdout, "readme.txt 200\nfails 403\nfails 403\nreadme.txt 200\nother.txt 403\n",
            "{case}: {}",
            output.stderr
        );
        assert_eq!(output.stderr.matches(words).count(), 1, "{case}: {}", output.stderr);
        let sent: Vec<String> =
            sandbox.cloud().allowed().into_iter().filter(|one| one.starts_with("s3:")).collect();
        assert_eq!(sent, ["s3:GetObject arn:aws:s3:::demo-reports/readme.txt"], "{case}");
    }
}
