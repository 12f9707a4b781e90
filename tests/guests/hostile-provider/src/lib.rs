//! A provider that tries what a provider must not be able to do. With the case `none` it is an honest one.

use audex_sdk::provider::*;

#[path = "../../case.rs"]
mod case;
mod tricks;
#[cfg(target_os = "wasi")]
#[path = "../../wasi.rs"]
mod wasi;

struct Hostile;

/// The part of the case's name after `phase-`, if it is played in that phase.
fn trick(phase: &str) -> String {
    let case = case::case();
    let trick = case
        .strip_prefix(phase)
        .and_then(|rest| rest.strip_prefix('-'))
        .unwrap_or_default()
        .to_owned();
    case::play(&trick);
    #[cfg(target_os = "wasi")]
    if let Some(found) = wasi::play(&trick) {
        println!("{found}");
    }
    trick
}

/// The declared logins of tools, in the cases that are about them.
fn tool_logins(trick: &str) -> Option<ToolLogins> {
    let list = |name: &str| vec![name.to_owned()];
    let honest = ToolLogins {
        git_hosts: list("git.hostile.example"),
        hides: list("HOSTILE_HOST"),
        config_directories: list("HOSTILE_CONFIG_DIR"),
    };
    match trick {
        "git-host" => Some(ToolLogins { git_hosts: list("*.example"), ..honest }),
        "hides" => Some(ToolLogins { hides: list("HTTPS_PROXY"), ..honest }),
        "empties" => Some(ToolLogins { config_directories: list("AZURE_CONFIG_DIR"), ..honest }),
        _ if case::case().starts_with("mint-git-") => Some(honest),
        _ => None,
    }
}

fn policy(grant: &Grant) -> String {
    let list = |items: &mut dyn Iterator<Item = &String>| {
        items.map(|item| format!("\"{item}\"")).collect::<Vec<_>>().join(",")
    };
    let actions = list(&mut grant.permissions.iter().map(|permission| &permission.action));
    let limited = grant
        .permissions
        .first()
        .map(|permission| permission.resources.named())
        .unwrap_or_default();
    let resources = if limited.is_empty() { "\"*\"".to_owned() } else { list(&mut limited.iter()) };
    let deny = if grant.deny.is_empty() {
        String::new()
    } else {
        format!(
            r#",{{"Effect":"Deny","Action":[{}],"Resource":"*"}}"#,
            list(&mut grant.deny.iter())
        )
    };
    let allow = format!(r#"{{"Effect":"Allow","Action":[{actions}],"Resource":[{resources}]}}"#);
    format!(r#"{{"Version":"2012-10-17","Statement":[{allow}{deny}]}}"#)
}

impl Provider for Hostile {
    fn describe() -> Description {
        let trick = trick("describe");
        let mut sets =
            ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "HOSTILE_TOKEN"]
                .map(String::from)
                .to_vec();
        match trick.as_str() {
            "path" => sets.push("PATH".into()),
            "preload" => sets.push("LD_PRELOAD".into()),
            "process" => sets.push("AWS_CONFIG_FILE".into()),
            "endpoint" => sets.push("AWS_ENDPOINT_URL_S3".into()),
            "many" => sets.extend((0..100_000).map(|n| format!("AWS_{n}"))),
            "editor" => sets.push("GIT_SSH_COMMAND".into()),
            "cluster" => sets.push("KUBECONFIG".into()),
            "leads" => sets.push("GOOGLE_APPLICATION_CREDENTIALS".into()),
            _ => {}
        }
        let env = match trick.as_str() {
            "environment" => "AWS_SECRET_ACCESS_KEY",
            "clash" => "AUDEX_AWS_ROLE",
            "neighbour" => "AUDEX_ACME_BUILDING",
            "borrows" => "AUDEX_EXTERNAL_ID",
            "reads" => "AUDEX_HOSTILE_TOKEN",
            "alike" => "AUDEX_AZURE_CLIENT_ROLE_ARN",
            "longer" => "AUDEX_ACME_PROD_ROLE_ARN",
            _ => "AUDEX_HOSTILE_ROLE_ARN",
        };
        if trick == "keeps" {
            keep::put("x", &Secret::new("x"));
        }
        if trick == "reach" {
            let _ = sts::caller();
        }
        let title =
            if trick == "control" { "\u{1b}]0;owned\u{7}Hostile\nFORGED" } else { "Hostile" };
        let profile = |name: &str| Profile {
            name: name.into(),
            description: title.into(),
            actions: vec!["s3:GetObject".into()],
            resources: if trick == "nowhere" { Scope::These(vec![]) } else { Scope::Every },
            leaves_out: Vec::new(),
        };
        Description {
            id: match trick.as_str() {
                "id" => "../hostile",
                "clash" => "aws",
                "borrows" => "external",
                "alike" => "azure-client",
                "longer" => "acme-prod",
                _ => "hostile",
            }
            .into(),
            title: title.into(),
            action_syntax: "service:Action".into(),
            settings: vec![Setting {
                key: "role_arn".into(),
                description: "a role".into(),
                env: Some(env.into()),
            }],
            profiles: vec![profile("hostile-reader")],
            sets,
            tool_logins: tool_logins(&trick),
            configured_by: match trick.as_str() {
                "looks" => vec![Sign::Variable("HOME".into())],
                "asks" => vec![Sign::Login("secret:OTHER_KEY".into())],
                _ => vec![Sign::Login("secret:HOSTILE_SOURCE".into())],
            },
            ..Description::new("", "", "", &[])
        }
    }

    fn check(actions: Vec<String>) -> Vec<Finding> {
        let trick = trick("check");
        let finding = |action: String| Finding {
            status: Status::Known,
            actions: match trick.as_str() {
                "empty" => vec![],
                "many" => (0..100_000).map(|n| format!("s3:{n}")).collect(),
                _ => vec![action],
            },
            access: None,
            note: (trick == "control").then(|| "\u{1b}[1Aerased\r\nerror: forged".to_owned()),
            suggestion: None,
        };
        let mut findings: Vec<_> = actions.into_iter().map(finding).collect();
        if trick == "more" {
            findings.push(finding("iam:PassRole".to_owned()));
        }
        findings
    }

    fn plan(grant: Grant) -> Result<Plan, Error> {
        let trick = trick("plan");
        let mut permissions: Vec<_> = grant
            .permissions
            .iter()
            .map(|permission| Planned {
                action: permission.action.clone(),
                origin: permission.origin.clone(),
                enforced_by: if trick == "gateway" { Enforcer::Gateway } else { Enforcer::Cloud },
                note: (trick == "control").then(|| "\u{1b}[2J\u{9b}1A\nforged".to_owned()),
            })
            .collect();
        match trick.as_str() {
            "other" => permissions[0].action = "iam:PassRole".to_owned(),
            "origin" => permissions[0].origin = "read".to_owned(),
            "drop" => drop(permissions.pop()),
            "twice" => permissions[1] = permissions[0].clone(),
            "mints" => drop(sts::session_token(900)?),
            "error" => {
                return Err(Error { message: "m\u{1b}[2J".repeat(250_000), ..unsupported("it") });
            }
            _ => {}
        }
        let notices = match trick.as_str() {
            "control" => vec!["\u{1b}[2Jcleared\nerror: forged".to_owned()],
            "notices" => vec!["many".to_owned(); 100_000],
            _ => vec![],
        };
        let policy = match trick.as_str() {
            "policy" => "x\u{1b}[2Jy".to_owned(),
            "without-deny" => policy(&Grant { deny: vec![], ..grant.clone() }),
            _ => policy(&grant),
        };
        Ok(Plan {
            method: if trick == "control" { "m\u{1b}c".into() } else { "assume-role".into() },
            policy: Some(policy),
            policy_limit: None,
            permissions,
            longest_life_seconds: grant.ttl_seconds.max(900),
            notices,
            decides: Vec::new(),
        })
    }

    fn mint(grant: Grant, plan: Plan) -> Result<Minted, Error> {
        tricks::mint(&trick("mint"), &grant, plan)
    }

    fn preflight(_grant: Grant, _command: Vec<String>) -> Vec<Advice> {
        trick("preflight");
        vec![]
    }

    fn document(grant: Grant, _name: String, _format: String) -> Result<String, Error> {
        trick("document");
        Ok(policy(&grant))
    }

    fn settled(_lease: String) -> Result<bool, Error> {
        if trick("settled") == "never" {
            tricks::tell("settled")?;
            return Ok(false);
        }
        Ok(true)
    }

    fn revoke(_lease: String) -> Result<(), Error> {
        trick("revoke");
        if ["settled-never", "revoke-method"].contains(&case::case().as_str()) {
            tricks::tell("revoking")?;
            tricks::tell("revoked")?;
        }
        Ok(())
    }

    fn leftovers() -> Result<Vec<String>, Error> {
        trick("leftovers");
        Ok(vec![])
    }

    fn observed(_window: Window) -> Result<Vec<Call>, Error> {
        trick("observed");
        Ok(vec![])
    }

    fn recognise(requests: Vec<SeenRequest>, _account: Option<String>) -> Vec<Call> {
        trick("recognise");
        requests.into_iter().map(unknown_call).collect()
    }

    fn read(request: SeenRequest, _account: Option<String>) -> Reading {
        match request.path.rsplit('/').next() {
            Some("fails") => {
                trick("read");
            }
            Some("readme.txt") => {
                let on = Scope::These(vec!["arn:aws:s3:::demo-reports/readme.txt".to_owned()]);
                let action = "s3:GetObject".to_owned();
                return Reading::Calls(vec![Need {
                    action,
                    on,
                    yields_credentials: false,
                    free: false,
                    uses: 1,
                }]);
            }
            _ => {}
        }
        Reading::Unknown(request.path)
    }

    fn refuse(_request: SeenRequest, message: String) -> Reply {
        trick("refuse");
        Reply::new(403, "text/plain", message.into_bytes())
    }

    fn attribute(calls: Vec<Call>) -> Vec<Attribution> {
        if trick("attribute") == "nothing" {
            let (action, origin) = ("s3:GetObject".to_owned(), String::new());
            let permissions = vec![Permission { action, origin, resources: Scope::These(vec![]) }];
            return vec![Attribution { known: true, permissions, note: None }; calls.len()];
        }
        calls
            .iter()
            .map(|_| Attribution { known: false, permissions: vec![], note: None })
            .collect()
    }

    fn expand(patterns: Vec<String>) -> Vec<KnownAction> {
        trick("expand");
        patterns
            .into_iter()
            .map(|name| KnownAction { name, access: None, yields_credentials: false })
            .collect()
    }

    fn statements(_document: String) -> Result<Vec<Statement>, Error> {
        trick("statements");
        if !case::case().starts_with("read-") {
            return Ok(vec![]);
        }
        let (actions, source) = (vec!["s3:GetObject".to_owned()], String::new());
        let (effect, resources) = (Effect::Allow, Scope::Every);
        Ok(vec![Statement { effect, actions, resources, undecided: None, source }])
    }

    fn effective(_principal: String) -> Result<Vec<Statement>, Error> {
        let resources = match trick("effective").as_str() {
            "nowhere" => Scope::These(vec![]),
            "unseen" => Scope::Unseen,
            _ => return Ok(vec![]),
        };
        Ok(vec![Statement {
            effect: Effect::Allow,
            actions: vec!["s3:GetObject".into()],
            resources,
            undecided: None,
            source: String::new(),
        }])
    }

    fn health() -> Vec<CheckResult> {
        let trick = trick("health");
        if trick == "wider" {
            let _ = tricks::assume(
                "AudexDemo",
                &policy(&Grant {
                    provider: String::new(),
                    permissions: vec![Permission {
                        action: "*".into(),
                        origin: String::new(),
                        resources: Scope::Every,
                    }],
                    deny: vec![],
                    ttl_seconds: 900,
                    session: String::new(),
                    gateway: false,
                }),
                900,
                "health-check",
            );
        }
        let (name, detail) = ("\u{1b}[31mred".to_owned(), "a\nforged b".to_owned());
        vec![CheckResult { name, status: HealthStatus::Ok, detail, hint: None }]
    }
}

audex_sdk::provider!(
    Hostile,
    capabilities = ["slot:aws", "http:api.example.com", "secret:HOSTILE_SOURCE"]
);
