//! The delivery `endpoint`: keys from a server on loopback, renewed until the ttl and never beyond it.

use std::net::TcpStream;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use audex_core::clock::rfc3339;
use audex_loopback::Seed;
use nix::sys::signal::Signal;
use serde_json::Value;

use crate::support::aws_cli::{become_temporary, script};
use crate::support::double::run_python;
use crate::support::{Answerer, CloudView as _, Moto, Output, ROLE, Sandbox, VaultDouble, python};

const READ: &[&str] = &[
    "--allow",
    "s3:GetObject",
    "--resource",
    "arn:aws:s3:::demo-reports/*",
    "--deliver",
    "endpoint",
];
const CALLS: [(&str, &str); 3] = [
    ("delete", "s3api delete-object --bucket demo-reports --key readme.txt"),
    ("other bucket", "s3api get-object --bucket demo-secrets --key payroll.csv /dev/null"),
    ("read", "s3api get-object --bucket demo-reports --key readme.txt /dev/null"),
];
const ONLY_THE_READ: &str = "delete: AccessDenied\nother bucket: AccessDenied\nread: ok\n";

/// `ask` returns the status and the answer of the endpoint, `call` the outcome of one call with given keys.
const PRELUDE: &str = r"
import boto3, json, os, time, urllib.error, urllib.request
URI = os.environ['AWS_CONTAINER_CREDENTIALS_FULL_URI']
TOKEN = open(os.environ['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE']).read()

def ask(**headers):
    try:
        reply = urllib.request.urlopen(urllib.request.Request(URI, headers=headers))
        return reply.status, json.load(reply)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)

def keys():
    return ask(Authorization=TOKEN)[1]

def is_new(*known):
    return keys().get('AccessKeyId') not in (None, *known)

def client(keys):
    return boto3.client('s3', aws_access_key_id=keys['AccessKeyId'], aws_secret_access_key=keys['SecretAccessKey'],
                        aws_session_token=keys['Token'])

def call(name, s3, **of):
    try:
        getattr(s3, name)(**of)
        return 'ok'
    except Exception as error:
        return getattr(error, 'response', {}).get('Error', {}).get('Code', str(error))

def read(s3):
    return call('get_object', s3, Bucket='demo-reports', Key='readme.txt')

def until(wanted):
    while not wanted():
        time.sleep(0.1)
";

fn led(sandbox: &Sandbox, options: &[&str], program: &str) -> Output {
    run_python(sandbox, &[READ, options].concat(), &format!("{PRELUDE}{program}"))
}

fn events(sandbox: &Sandbox, name: &str) -> Vec<Value> {
    sandbox.audit().into_iter().filter(|record| record["event"] == name).collect()
}

#[test]
fn the_aws_cli_asks_the_endpoint_and_only_the_grant_works() {
    let sandbox = Sandbox::new().with_aws_cli();
    assert_eq!(sandbox.run_sh(READ, &script(&CALLS)).success().stdout, ONLY_THE_READ);
    assert!(sandbox.cloud().denied().iter().any(|line| line.starts_with("s3:DeleteObject ")));
}

#[test]
fn boto3_asks_the_endpoint_and_moto_refuses_another_bucket() {
    let sandbox = Sandbox::with_moto(Moto::get());
    let options =
        ["--allow", "s3:GetObject", "--resource", "arn:aws:s3:::alpha/*", "--deliver", "endpoint"];
    let program = "import boto3\n\
        print(boto3.Session().get_credentials().method)\n\
        s3 = boto3.client('s3')\n\
        print(s3.get_object(Bucket='alpha', Key='hello.txt')['Body'].read())\n\
        try: s3.get_object(Bucket='beta', Key='hello.txt')\n\
        except Exception as error: print(error.response['Error']['Code'])\n";
    let output = run_python(&sandbox, &options, program).success();
    assert_eq!(output.stdout, "container-role\nb'hello from alpha\\n'\nAccessDenied\n");
}

#[test]
fn the_endpoint_answers_its_token_and_its_host_and_nothing_listens_afterwards() {
    let sandbox = Sandbox::new();
    let program = "
print(ask()[0], ask(Authorization='Bearer ' + TOKEN)[0], ask(Authorization=TOKEN[1:])[0])
print(ask(Authorization=TOKEN, Host='evil.example')[0], ask(Authorization=TOKEN)[0])
print(oct(os.stat(os.environ['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE']).st_mode & 0o777))
print([name for name in os.environ if 'ACCESS_KEY' in name or 'SESSION_TOKEN' in name or 'EXPIRATION' in name])
print(sorted(keys()))
print(URI)
";
    let output = led(&sandbox, &[], program).success();
    let (shown, address) = output.stdout.trim().rsplit_once('\n').unwrap();
    let expected = "401 401 401\n403 200\n0o600\n[]\n\
        ['AccessKeyId', 'Expiration', 'SecretAccessKey', 'Token']";
    assert_eq!(shown, expected);
    let authority = address.trim_start_matches("http://").split('/').next().unwrap();
    assert!(TcpStream::connect(authority).is_err(), "{authority} still listens");
    assert!(sandbox.session_directories().is_empty());
}

#[test]
fn renewed_keys_are_others_and_the_old_ones_are_dead_by_their_end() {
    let sandbox = Sandbox::new();
    let program = "
first = keys()
old, own = client(first), boto3.client('s3')
print(read(old), read(own))
until(lambda: is_new(first['AccessKeyId']))
until(lambda: read(old) != 'ok')
print(read(old), read(own), call('delete_object', own, Bucket='demo-reports', Key='readme.txt'))
";
    let output = led(&sandbox, &["--key-life", "6s", "--ttl", "10m"], program).success();
    assert_eq!(output.stdout, "ok ok\nExpiredToken ok AccessDenied\n", "{}", output.stderr);
    let (issued, renewed) = (events(&sandbox, "issued"), events(&sandbox, "renewed"));
    assert!(!renewed.is_empty());
    assert_ne!(renewed[0]["access_key_id"], issued[0]["access_key_id"]);
    assert!(renewed[0]["identity"].as_str().unwrap().contains(":assumed-role/AudexDemo/"));
    assert!(renewed[0]["expires_at"].as_str() > issued[0]["expires_at"].as_str());
    let _ = sandbox.run(["audit", "verify"]).success();
    let listed = sandbox.run(["audit", "list", "--event", "renewed"]).success().stdout;
    assert!(listed.contains(":assumed-role/AudexDemo/"), "{listed}");
}

#[test]
fn no_keys_outlive_the_ttl_and_the_endpoint_ends_with_it() {
    let sandbox = Sandbox::new();
    let program = "
last = keys()
def ended():
    global last
    status, answer = ask(Authorization=TOKEN)
    last = answer if status == 200 else last
    return status == 403
until(ended)
print(ask(Authorization=TOKEN)[1]['Code'])
until(lambda: read(client(last)) != 'ok')
print(read(client(last)))
";
    let began = SystemTime::now();
    let output = led(&sandbox, &["--key-life", "3s", "--ttl", "12s"], program).success();
    assert_eq!(output.stdout, "access_ended\nExpiredToken\n", "{}", output.stderr);
    let renewed = events(&sandbox, "renewed");
    assert!(renewed.len() >= 2, "{renewed:?}");
    // The cloud's end of every set is at most the end of access, which began after this test.
    let until = (began + Duration::from_secs(12 + 5)).duration_since(UNIX_EPOCH).unwrap();
    assert!(
        renewed.iter().all(|one| one["expires_at"].as_str() <= Some(&rfc3339(until.as_secs())))
    );
}

#[test]
fn a_renewal_that_fails_is_said_once_and_tried_again_until_the_keys_end() {
    let mut sandbox = Sandbox::new();
    become_temporary(&mut sandbox, ROLE);
    let ends = (SystemTime::now() + Duration::from_secs(8)).duration_since(UNIX_EPOCH).unwrap();
    let minted = format!(
        "<GetScopedCredentialsResponse><GetScopedCredentialsResult><Credentials><AccessKeyId>ASIAFIRST</AccessKeyId>\
         <SecretAccessKey>planted-first-secret-key</SecretAccessKey><SessionToken>planted-first-session-token</SessionToken>\
         <Expiration>{}</Expiration></Credentials></GetScopedCredentialsResult></GetScopedCredentialsResponse>",
        rfc3339(ends.as_secs())
    );
    let denied = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>not any more</Message></Error></ErrorResponse>";
    let cloud = Answerer::scripted(&[("200 OK", minted.as_str()), ("403 Forbidden", denied)]);
    sandbox.set("AWS_ENDPOINT_URL_STS", &cloud.endpoint);
    sandbox.plant_secret("planted-first-secret-key").plant_secret("planted-first-session-token");
    let program = "
print(keys()['AccessKeyId'])
until(lambda: ask(Authorization=TOKEN)[0] != 200)
status, answer = ask(Authorization=TOKEN)
print(status, answer['Code'], 'could not be renewed' in answer['Message'])
try: boto3.client('s3').list_buckets()
except Exception as error: print('could not be renewed' in str(error))
";
    let output = led(&sandbox, &["--key-life", "8s", "--ttl", "10m"], program).success();
    assert_eq!(output.stdout, "ASIAFIRST\n503 keys_expired True\nTrue\n", "{}", output.stderr);
    let said = "and were not renewed: ";
    assert_eq!(output.stderr.matches(said).count(), 1, "{}", output.stderr);
    assert!(output.stderr.contains("; trying again"), "{}", output.stderr);
    let bodies = cloud.bodies();
    assert!(bodies.len() > 2, "{bodies:?}");
    let policy =
        |body: &String| body.split('&').find(|pair| pair.starts_with("Policy=")).map(str::to_owned);
    assert!(bodies.iter().all(|body| policy(body) == policy(&bodies[0]) && policy(body).is_some()));
    assert!(events(&sandbox, "renewed").is_empty());
}

#[test]
fn three_hours_are_asked_for_as_fifteen_minutes() {
    let sandbox = Sandbox::new();
    let options = [READ, &["--ttl", "3h"]].concat();
    let plan = sandbox.run([&["plan", "--json"], &options[..]].concat()).success().json();
    assert_eq!((&plan["ttl_seconds"], &plan["key_life_seconds"]), (&10_800.into(), &900.into()));
    assert_eq!((&plan["method"], &plan["notices"]), (&"assume-role".into(), &Value::Array(vec![])));
    let text = sandbox.run([&["plan"], &options[..]].concat()).success().stdout;
    assert!(
        text.contains("delivery   endpoint, with keys that live 15m and are renewed"),
        "{text}"
    );
    let output = sandbox.run_sh(&options, "true").success();
    assert!(output.stderr.contains(" for 3h"), "{}", output.stderr);
    let issued = &events(&sandbox, "issued")[0];
    let (from, until) = (issued["time"].as_str().unwrap(), issued["expires_at"].as_str().unwrap());
    let seconds = |time: &str| {
        humantime::parse_rfc3339(time).unwrap().duration_since(UNIX_EPOCH).unwrap().as_secs()
    };
    assert!((895..=901).contains(&(seconds(until) - seconds(from))), "{issued}");
}

#[test]
fn the_life_of_keys_is_at_most_the_ttl_and_the_file_may_set_it() {
    let mut sandbox = Sandbox::new();
    let life = |sandbox: &Sandbox, options: &[&str]| {
        let words = [&["plan", "--json", "--allow", "s3:GetObject"], options].concat();
        sandbox.run(words).success().json()["key_life_seconds"].clone()
    };
    assert_eq!(life(&sandbox, &["--deliver", "endpoint", "--ttl", "5m"]), 300);
    let options = ["--deliver", "endpoint", "--ttl", "5m", "--key-life", "1m"];
    assert_eq!(life(&sandbox, &options), 60);
    sandbox.plant(".config/audex/config.toml", "[run]\nkey_life = \"2m\"\n");
    assert_eq!(life(&sandbox, &["--deliver", "endpoint"]), 120);
    assert_eq!(life(&sandbox, &["--deliver", "env"]), Value::Null);
}

#[test]
fn a_cloud_that_makes_longer_keys_is_said_in_the_plan() {
    let mut seed = Seed::demo();
    seed.deny_scoped_credentials = true;
    let mut sandbox = Sandbox::with_seed(seed, "developer");
    sandbox.set("AUDEX_ROLE_ARN", ROLE);
    let options = [READ, &["--ttl", "1h", "--key-life", "1m"]].concat();
    let plan = sandbox.run([&["plan", "--json"], &options[..]].concat()).success().json();
    let says =
        "the cloud may make keys that live 15m, and not 1m; then they are renewed less often";
    assert_eq!(plan["notices"], serde_json::json!([says]));
    assert_eq!(plan["on_expiry"], "keep");
}

#[test]
fn another_delivery_renews_nothing() {
    let sandbox = Sandbox::new();
    for deliver in ["env", "file", "gateway"] {
        let options = ["--allow", "s3:GetObject", "--key-life", "5m", "--deliver", deliver];
        let refused =
            sandbox.run([&["run"], &options[..], &["--", "touch", "ran"]].concat()).exits(2);
        let says =
            format!("--key-life is for the delivery `endpoint`, and this run has `{deliver}`");
        assert!(refused.stderr.contains(&says), "{}", refused.stderr);
        assert!(refused.stderr.contains("hint: add --deliver endpoint"), "{}", refused.stderr);
    }
    assert!(!sandbox.home().join("ran").exists() && sandbox.cloud().requests().is_empty());
}

#[test]
fn the_leases_of_old_keys_are_revoked_while_the_command_runs_and_the_last_at_its_end() {
    let mut sandbox = Sandbox::with_seed(Seed::demo(), "developer");
    let vault = VaultDouble::start(&mut sandbox, "developer", "developer");
    sandbox.set("VAULT_TOKEN", &vault.token);
    let program = "
seen = []
while len(seen) < 3:
    until(lambda: is_new(*seen))
    seen.append(keys().get('AccessKeyId'))
print(read(boto3.client('s3')))
";
    let options = ["--provider", "vault", "--key-life", "6s", "--ttl", "10m"];
    let output = led(&sandbox, &options, program).success();
    assert_eq!(output.stdout, "ok\n", "{}", output.stderr);
    vault.is_clean();
    let audit = sandbox.audit();
    let place = |wanted: &dyn Fn(&Value) -> bool| audit.iter().position(wanted).unwrap();
    let first = audit.iter().find(|record| record["event"] == "issued").unwrap()["lease"].clone();
    let revoked = place(&|record| record["event"] == "cleaned_up" && record["lease"] == first);
    assert_eq!(audit[revoked]["outcome"], "revoked");
    assert!(revoked < place(&|record| record["event"] == "ended"));
    let clean = sandbox.run(["cleanup", "--dry-run"]).success().stdout;
    assert!(clean.contains("nothing to revoke"), "{clean}");
}

#[test]
fn what_a_killed_session_had_renewed_is_revoked_by_its_record() {
    let mut sandbox = Sandbox::with_seed(Seed::demo(), "developer");
    let vault = VaultDouble::start(&mut sandbox, "developer", "developer");
    sandbox.set("VAULT_TOKEN", &vault.token);
    let program = "
first = keys()
until(lambda: is_new(first['AccessKeyId']))
print(os.environ['AUDEX_SESSION_ID'], flush=True)
until(lambda: os.path.exists('go'))
";
    let python = python::interpreter();
    let script = format!("{PRELUDE}{program}");
    let options = ["run", "--provider", "vault", "--key-life", "6s", "--ttl", "10m"];
    let command = ["--", python.to_str().unwrap(), "-c", &script];
    let mut running = sandbox.tryaudex([&options, READ, &command].concat()).start();
    let session = running.line();
    running.signal(Signal::SIGKILL);
    std::fs::write(sandbox.home().join("go"), "").unwrap();
    let _ = running.finish().exits(-9);
    assert_ne!(vault.state()["leases"], serde_json::json!([]));
    let cleaned = sandbox.run(["cleanup", "--session", &session]).success().stdout;
    assert!(cleaned.contains("revoked"), "{cleaned}");
    vault.is_clean();
}

#[test]
fn a_run_inside_a_run_finds_its_login_by_file_and_by_endpoint() {
    for deliver in ["file", "endpoint"] {
        let mut sandbox = Sandbox::new().with_aws_cli();
        become_temporary(&mut sandbox, ROLE);
        sandbox.set("TRYAUDEX_UNDER_TEST", env!("CARGO_BIN_EXE_tryaudex"));
        let options =
            ["--allow", "s3:*,sts:GetScopedCredentials", "--key-life", "6s", "--deliver", deliver];
        let options = if deliver == "file" {
            [&options[..2], &options[4..]].concat()
        } else {
            options.to_vec()
        };
        let inner = "\"$TRYAUDEX_UNDER_TEST\" run --quiet --allow s3:GetObject -- sh -c \"$CALLS\"";
        let wait = "first=$(grep -c renewed \"$LOG\"); \
            until [ \"$(grep -c renewed \"$LOG\")\" -gt \"$first\" ]; do sleep 0.1; done; ";
        let wait = if deliver == "file" { "" } else { wait };
        sandbox.set("CALLS", script(&CALLS[..1]) + &script(&CALLS[2..]));
        let log = sandbox.audit_log();
        sandbox.set("LOG", log);
        let output = sandbox.run_sh(&options, &format!("{wait}{inner}")).success();
        assert_eq!(
            output.stdout, "delete: AccessDenied\nread: ok\n",
            "{deliver}: {}",
            output.stderr
        );
        let layers: Vec<Value> = events(&sandbox, "issued")
            .into_iter()
            .map(|record| record["scoped_policies"].clone())
            .collect();
        assert_eq!(layers, [1, 2], "{deliver}");
    }
}
