//! Tests that show an author how a component behaves before anyone installs it. Nothing outside is reached
//! during the tests.
//!
//! The host enforces all of this at run time as well; here it is tested on purpose, with input that users
//! rarely send.

use std::collections::BTreeMap;
use std::fmt::Debug;

use audex_components::backend::Backend;
use audex_components::component::{Loaded, PluginError};
use audex_components::engine::Engine;
use audex_components::filter::{Context, Delivery, Filter, Isolation, StepUp, Verdict};
use audex_components::intent::Intent;
use audex_components::manifest::World;
use audex_components::mapping::Mapping;
use audex_components::provider::{
    Enforcer, Grant, GrantPlan, Permission, Planned, Provider, ProviderError, Scope,
};
use audex_registry::store::{InstallPlan, StoreError};
use audex_wire::seen_request::SeenRequest;

/// The number of permissions in the largest request that is tried; real requests have a few dozen.
const MANY: usize = 2_000;
/// The time of the tests, in seconds since the Unix epoch: January 2027.
const NOW: u64 = 1_800_000_000;
/// Actions of every cloud and of none.
pub(super) const ACTIONS: [&str; 17] = [
    "s3:GetObject",
    "s3:DeleteObject",
    "s3:PutObject",
    "iam:CreateUser",
    "storage.objects.delete",
    "Microsoft.Storage/storageAccounts/delete",
    "s3:*",
    "*:*",
    "*",
    "storage.objects.get",
    "Microsoft.Storage/storageAccounts/read",
    "storage:read",
    "",
    ":",
    "é:\u{202e}x",
    "a:b:c",
    "S3:getobject",
];
/// Settings that a file may have for a filter, and settings that it may not.
const SETTINGS: [&str; 7] =
    ["{}", "", "null", "[]", "{\"until\":7}", "not json", r#"{"a":{"b":{"c":{"d":[[[[[]]]]]}}}}"#];

/// A test and its result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// The rule.
    pub name: &'static str,
    /// The violation of the rule, if there is one.
    pub wrong: Option<String>,
}

/// Runs every test for a component of this kind, in order.
///
/// # Errors
/// When the component cannot be loaded.
pub fn conformance(engine: &Engine, plan: &InstallPlan) -> Result<Vec<Check>, StoreError> {
    let loaded = || plan.loaded(engine);
    Ok(match plan.manifest.world {
        World::Filter => filter(engine, &loaded)?,
        World::Mapping => mapping(engine, &loaded)?,
        World::Provider => provider(engine, &loaded)?,
        World::Intent => intent(engine, &loaded)?,
    })
}

fn check<E: ToString>(name: &'static str, outcome: Result<(), E>) -> Check {
    Check { name, wrong: outcome.err().map(|error| error.to_string()) }
}

/// Checks that two answers to the same question are equal. A failure is not an answer, even if it occurs
/// twice.
fn same<T: Debug, E: ToString>(ask: impl Fn() -> Result<T, E>) -> Result<(), String> {
    let [first, second] = [ask(), ask()].map(|answer| answer.map_err(|error| error.to_string()));
    let (first, second) = (first?, second?);
    let (first, second) = (format!("{first:?}"), format!("{second:?}"));
    if first == second { Ok(()) } else { Err(format!("{first}, and then {second}")) }
}

/// Returns the answer, or the text of a refusal.
fn refused_or<T: Debug>(outcome: Result<T, ProviderError>) -> Result<String, PluginError> {
    match outcome {
        Ok(answer) => Ok(format!("{answer:?}")),
        Err(ProviderError::Refused { error, .. }) => {
            Ok(format!("{}: {}", error.code, error.message))
        }
        Err(ProviderError::Plugin(error)) => Err(error),
    }
}

/// Checks that the component answered. A refusal is an answer; a trap, an exceeded limit or an answer out of
/// step is not.
fn answers<T>(outcome: Result<T, ProviderError>) -> Result<(), PluginError> {
    match outcome {
        Ok(_) | Err(ProviderError::Refused { .. }) => Ok(()),
        Err(ProviderError::Plugin(error)) => Err(error),
    }
}

pub(super) fn grant(actions: &[&str]) -> Grant {
    let permission = |action: &&str| Permission {
        action: (*action).to_owned(),
        origin: (*action).to_owned(),
        resources: Scope::Every,
    };
    Grant {
        provider: "aws".to_owned(),
        permissions: actions.iter().map(permission).collect(),
        deny: Vec::new(),
        ttl_seconds: 900,
        session: "audex-conformance".to_owned(),
        gateway: false,
    }
}

/// Returns the context of a run. With a justification its time is a plausible one, without one the largest
/// possible.
#[must_use]
pub fn context(command: &[&str], justification: Option<&str>) -> Context {
    Context {
        command: command.iter().map(|&word| word.to_owned()).collect(),
        user: "conformance".to_owned(),
        now: if justification.is_some() { NOW } else { u64::MAX },
        justification: justification.map(str::to_owned),
        profiles: Vec::new(),
        isolation: if justification.is_some() { Isolation::Off } else { Isolation::Strict },
        delivery: justification.is_none().then_some(Delivery::Gateway),
        agent: justification.is_none().then(|| "\u{202e}".to_owned()),
        subject: "conformance".to_owned(),
        parents: if justification.is_some() { Vec::new() } else { vec!["\u{0}".to_owned(); 300] },
        step_up: justification
            .is_none()
            .then(|| StepUp { granted: Vec::new(), reason: Some("\u{202e}".to_owned()) }),
    }
}

/// Returns a plan of these actions, with the enforcers in turn.
pub(super) fn outline(actions: &[&str]) -> GrantPlan {
    let enforcers =
        [Enforcer::Cloud, Enforcer::Gateway, Enforcer::Token, Enforcer::None].into_iter().cycle();
    let planned = |(action, enforced_by): (&&str, Enforcer)| Planned {
        action: (*action).to_owned(),
        origin: (*action).to_owned(),
        enforced_by,
        note: None,
    };
    GrantPlan {
        method: "conformance".to_owned(),
        policy: Some("{".to_owned()),
        policy_limit: None,
        permissions: actions.iter().zip(enforcers).map(planned).collect(),
        longest_life_seconds: u32::MAX,
        notices: Vec::new(),
        decides: Vec::new(),
    }
}

fn many() -> Vec<&'static str> {
    ACTIONS.iter().copied().cycle().take(MANY).collect()
}

type Load<'a> = &'a dyn Fn() -> Result<Loaded, StoreError>;

fn filter(engine: &Engine, loaded: Load<'_>) -> Result<Vec<Check>, StoreError> {
    let with = |settings: &str| -> Result<Filter, StoreError> {
        Ok(Filter::new(engine, loaded()?, settings.to_owned())?)
    };
    let own = with("{}")?;
    let run = context(&["aws", "s3", "ls"], Some("OPS-1: a reason"));
    let review = |filter: &Filter, actions: &[&str]| filter.review(&grant(actions), &run);
    let approve = |actions: &[&str]| own.approve(&grant(actions), &outline(actions), &run);
    let odd_contexts = [context(&[], None), context(&["\u{0}"; 300], Some("\u{202e}"))];
    let mut odd = Ok(());
    for settings in SETTINGS {
        odd = odd.and(review(&with(settings)?, &ACTIONS).map(drop));
    }
    let nothing = match review(&own, &[]) {
        Ok(Verdict::Restrict(list)) if list.iter().any(|one| !one.drop.is_empty()) => {
            Err("it dropped something of a request without permissions".to_owned())
        }
        other => other.map(drop).map_err(|error| error.to_string()),
    };
    Ok(vec![
        check("answers the same to the same request", same(|| review(&own, &ACTIONS))),
        check("takes a request of nothing", nothing),
        check(
            "takes a request of two thousand permissions in time",
            review(&own, &many()).map(drop),
        ),
        check("takes any settings, and refuses rather than fails", odd),
        check(
            "takes a command of nothing",
            own.review(&grant(&ACTIONS), &odd_contexts[0]).map(drop),
        ),
        check(
            "takes any user, time and reason",
            odd_contexts.iter().try_for_each(|one| own.review(&grant(&ACTIONS), one).map(drop)),
        ),
        check("approves or refuses the same plan the same way", same(|| approve(&ACTIONS))),
        check(
            "approves or refuses a plan of two thousand permissions in time",
            approve(&many()).map(drop),
        ),
    ])
}

fn mapping(engine: &Engine, loaded: Load<'_>) -> Result<Vec<Check>, StoreError> {
    let mapping = Mapping::new(engine, loaded()?, NOW)?;
    let rows = mapping.rows()?;
    let strange: Vec<String> = ACTIONS.iter().map(|&action| action.to_owned()).collect();
    let mut every = Ok(());
    for row in &rows {
        every =
            every.and(match mapping.expand(&row.provider, std::slice::from_ref(&row.universal)) {
                Ok(found)
                    if found.first().is_some_and(|found| {
                        found.as_ref().is_some_and(|one| one.actions == row.actions)
                    }) =>
                {
                    Ok(())
                }
                Ok(_) => Err(format!(
                    "`{}` on {} expands to something else than its row",
                    row.universal, row.provider
                )),
                Err(error) => Err(error.to_string()),
            });
    }
    let many: Vec<String> = many().into_iter().map(str::to_owned).collect();
    Ok(vec![
        check("answers the same to the same question", same(|| mapping.rows())),
        check("expands each row to what the row says", every),
        check("takes names that are nobody's", mapping.expand("aws", &strange).map(drop)),
        check("takes a cloud that is nobody's", mapping.expand("nobody", &strange).map(drop)),
        check("takes two thousand names in time", mapping.expand("aws", &many).map(drop)),
    ])
}

fn provider(engine: &Engine, loaded: Load<'_>) -> Result<Vec<Check>, StoreError> {
    let backend = Backend::default();
    let provider = Provider::new(engine, loaded()?, backend)?;
    let actions: Vec<String> = ACTIONS.iter().map(|&action| action.to_owned()).collect();
    let (whole, none) = (grant(&ACTIONS), grant(&[]));
    let command = ["sh".to_owned(), "-c".to_owned(), String::new()];
    let requests = vec![
        SeenRequest {
            service: None,
            region: None,
            method: "\u{0}".to_owned(),
            host: String::new(),
            path: "%ff//..".to_owned(),
            query: Vec::new(),
            headers: Vec::new(),
            body: vec![0xff; 1024].into(),
            complete: true,
        };
        3
    ];
    let attributed =
        provider.recognise(&requests, None).and_then(|calls| provider.attribute(&calls)).map(drop);
    let plans = answers(provider.plan(&whole)).and(answers(provider.plan(&none)));
    let findings = provider.check(&actions);
    // The host grants only actions that the provider's own check accepts.
    let accepted: Vec<String> =
        findings.iter().flatten().flat_map(|finding| finding.actions.iter().cloned()).collect();
    let accepted = grant(&accepted.iter().map(String::as_str).collect::<Vec<_>>());
    let mut documents = ["json", "terraform", "", "\u{0}"].into_iter();
    let documents =
        documents.try_for_each(|format| answers(provider.document(&accepted, "x", format)));
    Ok(vec![
        check("describes itself the same each time", same(|| provider.describe())),
        check("checks actions of every kind, one answer for each", findings.map(drop)),
        check("answers the same to the same actions", same(|| provider.check(&actions))),
        check("plans or refuses any grant", plans),
        check(
            "plans or refuses two thousand permissions in time",
            answers(provider.plan(&grant(&many()))),
        ),
        check(
            "gives advice on any command",
            provider.preflight(&whole, &command).and(provider.preflight(&none, &[])).map(drop),
        ),
        check("writes or refuses documents of any format", documents),
        check("recognises or does not know any request", attributed),
        check("expands any pattern", provider.expand(&actions).map(drop)),
        check(
            "reads or refuses any document",
            answers(provider.statements("\u{0}{[")).and(answers(provider.statements(""))),
        ),
        check(
            "looks after its health without what it was not granted",
            provider.health().map(drop),
        ),
    ])
}

fn intent(engine: &Engine, loaded: Load<'_>) -> Result<Vec<Check>, StoreError> {
    let backend = Backend::default();
    let engine = Intent::new(engine, loaded()?, &backend, BTreeMap::new())?;
    let long = "read reports and ".repeat(10_000);
    let mut odd = ["", "\u{0}\u{202e}", long.as_str()].into_iter();
    let odd = odd.try_for_each(|text| answers(engine.translate(text, "aws")));
    Ok(vec![
        check(
            "answers or refuses the same sentence the same way",
            same(|| refused_or(engine.translate("read the report", "aws"))),
        ),
        check("answers or refuses any sentence", odd),
        check(
            "answers or refuses for a cloud that is nobody's",
            answers(engine.translate("read the report", "nobody")),
        ),
    ])
}
