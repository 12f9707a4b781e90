//! Measures the components inside one process: engine, load, link and call of each component, in microseconds
//! (JSON on stdout).
//!
//! `bench/run` prints the result as a table. Each sample uses a new engine, as a new process would.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a bench ends loudly when what it measures fails"
)]

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use std::time::Instant;

use audex::settings::profiles_file::split_list;
use audex_components::backend::Backend;
use audex_components::embedded;
use audex_components::engine::Engine;
use audex_components::filter::{Context, Filter};
use audex_components::logins::Logins;
use audex_components::mapping::Mapping;
use audex_components::network::Network;
use audex_components::provider::{Grant, Permission, Provider, Scope};
use audex_logins::secret_source::SecretSources;
use audex_logins::vault::VaultFile;

/// The number of samples: enough for a stable median. The whole bench takes about a second.
const SAMPLES: usize = 200;

fn main() {
    let mut samples: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for _ in 0..SAMPLES {
        sample(&mut samples);
    }
    let medians: BTreeMap<_, _> =
        samples.into_iter().map(|(name, values)| (name, median(values))).collect();
    println!("{}", serde_json::to_string(&medians).expect("numbers have a JSON form"));
}

fn sample(samples: &mut BTreeMap<&'static str, Vec<f64>>) {
    let whole = Instant::now();
    let engine = timed(samples, "engine", || Engine::new().expect("the engine starts"));

    let region = Some("us-east-1".to_owned());
    let (vault, secrets) = (VaultFile::default(), SecretSources::default());
    let logins = Logins::new(Arc::default(), region, &vault, secrets);
    let backend = Backend::new(Network::default(), logins);
    let loaded = timed(samples, "aws load", || {
        embedded::find("aws").expect("built in").load(&engine).expect("it loads")
    });
    let mut provider =
        timed(samples, "aws link", || Provider::new(&engine, loaded, backend).expect("it links"));
    timed(samples, "aws describe", || provider.describe().expect("it answers"));
    let role = ("role_arn".to_owned(), "arn:aws:iam::123456789012:role/Bench".to_owned());
    provider.configure([role].into());
    timed(samples, "aws check", || {
        provider.check(&["s3:GetObject".to_owned()]).expect("it answers")
    });
    timed(samples, "aws plan", || provider.plan(&grant()).expect("it answers"));

    let loaded = timed(samples, "universal load", || {
        embedded::find("universal").expect("built in").load(&engine).expect("it loads")
    });
    let mapping =
        timed(samples, "universal link", || Mapping::new(&engine, loaded, 0).expect("it links"));
    timed(samples, "universal expand", || {
        mapping.expand("aws", &["storage:read".to_owned()]).expect("it answers")
    });

    let loaded = timed(samples, "deny-list load", || {
        embedded::find("deny-list").expect("built in").load(&engine).expect("it loads")
    });
    let settings = r#"{"deny":[{"pattern":"iam:*","source":"deny-list.toml:2"}]}"#.to_owned();
    let filter = timed(samples, "deny-list link", || {
        Filter::new(&engine, loaded, settings).expect("it links")
    });
    timed(samples, "deny-list review", || filter.review(&grant(), &context()).expect("it answers"));
    samples.entry("all together").or_default().push(whole.elapsed().as_secs_f64() * 1e6);
    timed(samples, "70 actions", || long(&mut provider, &mapping, &filter));
}

/// Processes a long `--allow` from its text to the policy: parse, expand, check, review, plan.
fn long(provider: &mut Provider, mapping: &Mapping, filter: &Filter) {
    let asked = split_list(&LONG);
    assert_eq!(asked.len(), LONG_ACTIONS);
    let expanded = mapping.expand("aws", &asked).expect("it answers");
    let native: Vec<String> = expanded
        .into_iter()
        .zip(asked)
        .flat_map(|(expansion, action)| {
            expansion.map_or_else(|| vec![action], |universal| universal.actions)
        })
        .collect();
    let findings = provider.check(&native).expect("it answers");
    let grant = granting(findings.into_iter().flat_map(|finding| finding.actions).collect());
    filter.review(&grant, &context()).expect("it answers");
    let plan = provider.plan(&grant).expect("it fits");
    assert!(
        plan.policy.is_some_and(|policy| policy.len() > 1000),
        "the bench is of a short policy"
    );
}

fn context() -> Context {
    audex_workbench::conformance::context(&[], Some("bench"))
}

const LONG_ACTIONS: usize = 70;

/// A universal permission, and actions of seven services with names short enough for the size limit of STS.
static LONG: LazyLock<String> = LazyLock::new(|| {
    let services = ["s3", "ec2", "dynamodb", "lambda", "iam", "logs", "sqs"];
    let of_service = |service: &str| {
        let all = aws_catalogue::matching(&format!("{service}:*"));
        all.into_iter().map(|found| found.full_name()).filter(|name| name.len() <= 22).take(12)
    };
    let native = services.into_iter().flat_map(of_service).take(LONG_ACTIONS - 1);
    std::iter::once("storage:read".to_owned()).chain(native).collect::<Vec<_>>().join(",")
});

fn grant() -> Grant {
    granting(vec!["s3:GetObject".to_owned()])
}

fn granting(actions: Vec<String>) -> Grant {
    let permission =
        |action: String| Permission { origin: action.clone(), action, resources: Scope::Every };
    Grant {
        provider: "aws".to_owned(),
        permissions: actions.into_iter().map(permission).collect(),
        deny: Vec::new(),
        ttl_seconds: 900,
        session: "audex-bench".to_owned(),
        gateway: false,
    }
}

fn timed<T>(
    samples: &mut BTreeMap<&'static str, Vec<f64>>,
    name: &'static str,
    work: impl FnOnce() -> T,
) -> T {
    let began = Instant::now();
    let result = work();
    samples.entry(name).or_default().push(began.elapsed().as_secs_f64() * 1e6);
    result
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
