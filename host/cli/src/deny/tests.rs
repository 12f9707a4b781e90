use super::*;
use audex_components::backend::Backend;
use audex_components::embedded;
use audex_components::engine::Engine;
use audex_components::provider::Scope;

/// Returns the decision about one entry in the runs of `id`, and true if the other providers were asked.
/// Those answer `is_elsewhere`.
fn on(id: &str, pattern: &str, is_elsewhere: bool) -> (Result<Native, String>, bool) {
    let engine = Engine::new().unwrap();
    let load = |name: &str| embedded::find(name).unwrap().load(&engine).unwrap();
    let backend = Backend::default();
    let provider = Provider::new(&engine, load(id), backend).unwrap();
    let mapping = Mapping::new(&engine, load("universal"), 0).unwrap();
    let entries = [DenyEntry { pattern: pattern.to_owned(), source: "d:2".to_owned() }];
    let mut asked = false;
    let denied = native(&entries, id, &mapping, &provider, |patterns| {
        asked = true;
        Ok(vec![is_elsewhere; patterns.len()])
    });
    (denied.map_err(|error| error.to_string()), asked)
}

#[test]
fn an_entry_that_binds_this_provider_asks_no_other() {
    for (id, pattern) in [
        ("aws", "s3:DeleteBucket"),
        ("aws", "*:DeleteBucket"),
        ("aws", "*"),
        ("aws", "Storage:Write"),
        ("gcp", "*.setIamPolicy"),
        ("azure", "Microsoft.Auth*"),
        ("vault", "s?:Delete*"),
        // These are not in the catalogue and not near any name in it: a permission that can be requested can
        // be denied.
        ("gcp", "zzzzzzzz.yyyyyyyy.xxxxxxxx"),
        ("azure", "Contoso.Garden/flowers/read"),
    ] {
        let (denied, asked) = on(id, pattern, false);
        let denied = denied.unwrap();
        assert!(!asked && !denied.own.is_empty(), "{pattern} on {id}: {denied:?}");
        assert_eq!(denied.entries(&[])[0].pattern, pattern);
    }
}

#[test]
fn an_entry_that_matches_another_clouds_actions_is_left_to_it() {
    for (id, pattern) in
        [("aws", "storage.objects.delete"), ("gcp", "iam:*"), ("azure", "*.setIamPolicy")]
    {
        let (denied, asked) = on(id, pattern, false);
        let denied = denied.unwrap();
        assert!(
            !asked && denied.own.is_empty() && denied.entries(&[]).is_empty(),
            "{pattern} on {id}"
        );
    }
    // A name that no catalogue has and that another cloud accepts.
    let (denied, asked) = on("aws", "zzzzzzzz.yyyyyyyy.xxxxxxxx", true);
    assert!(asked && denied.unwrap().own.is_empty());
    let (refused, _) = on("aws", "zzzzzzzz.yyyyyyyy.xxxxxxxx", false);
    assert_eq!(
        refused.unwrap_err(),
        "d:2: `zzzzzzzz.yyyyyyyy.xxxxxxxx` matches no action of any provider"
    );
}

#[test]
fn an_entry_that_matches_nothing_is_an_error() {
    for (id, pattern, of) in [
        ("aws", "s3:DeleteBuckt", "provider `aws`"),
        ("gcp", "storage.objects.delte", "provider `gcp`"),
        ("gcp", "storage.objets.*", "provider `gcp`"),
        ("azure", "Contoso.Garden/*", "provider `azure`"),
        ("aws", "*:DelteBucket", "any provider"),
        ("vault", "s?:DeleteObjct", "any provider"),
    ] {
        let (refused, _) = on(id, pattern, false);
        assert_eq!(refused.unwrap_err(), format!("d:2: `{pattern}` matches no action of {of}"));
    }
}

#[test]
fn an_entry_without_a_known_action_still_denies_what_is_asked_for_by_its_name() {
    let (denied, _) = on("azure", "*.setIamPolicy", false);
    let denied = denied.unwrap();
    let asked = |action: &str| {
        [Permission {
            action: action.to_owned(),
            origin: action.to_owned(),
            resources: Scope::Every,
        }]
    };
    assert_eq!(denied.entries(&asked("Contoso.Garden/flowers.setIamPolicy")).len(), 1);
    assert!(denied.entries(&asked("Contoso.Garden/flowers/read")).is_empty());
    assert!(denied.entries(&asked("*")).is_empty());
}

#[test]
fn an_alias_with_wildcards_denies_what_it_stands_for_and_not_its_own_text() {
    let patterns = |pattern: &str| {
        let entries = on("aws", pattern, false).0.unwrap().entries(&[]);
        entries.into_iter().map(|entry| entry.pattern).collect::<Vec<_>>()
    };
    assert_eq!(patterns("*:HeadObject"), ["s3:GetObject"]);
    assert_eq!(patterns("stor*:write"), ["s3:PutObject", "s3:DeleteObject"]);
    assert_eq!(patterns("storage:write"), ["storage:write", "s3:PutObject", "s3:DeleteObject"]);
}

/// The distance between the permissions of the catalogue from which entries are made.
const STEP: usize = 701;

#[test]
fn no_token_for_everything_is_planned_beside_an_entry_that_covers_a_known_permission() {
    let engine = Engine::new().unwrap();
    let load = |name: &str| embedded::find(name).unwrap().load(&engine).unwrap();
    let backend = Backend::default();
    let provider = Provider::new(&engine, load("gcp"), backend).unwrap();
    let mapping = Mapping::new(&engine, load("universal"), 0).unwrap();
    let mut names = Vec::new();
    Vocabulary::Gcp.any(|name| {
        names.push(name.to_owned());
        false
    });
    let mut refused = 0;
    for (turn, name) in names.iter().step_by(STEP).enumerate() {
        let (head, tail) = name.split_at(1 + turn * 5 % (name.len() - 1));
        let spelled = [
            format!("*{tail}"),
            format!("{head}*"),
            format!("{head}?{}", &tail[1..]).to_uppercase(),
        ];
        for pattern in spelled.into_iter().filter(|pattern| pattern != name) {
            let entries = [DenyEntry { pattern: pattern.clone(), source: "d:2".to_owned() }];
            let denied = native(&entries, "gcp", &mapping, &provider, |_| Ok(Vec::new())).unwrap();
            let action = "secretmanager.versions.access".to_owned();
            let asked =
                Permission { action: action.clone(), origin: action, resources: Scope::Every };
            let mut grant = audex_components::provider::Grant {
                provider: "gcp".to_owned(),
                permissions: vec![asked],
                deny: Vec::new(),
                ttl_seconds: 900,
                session: "s".to_owned(),
                gateway: false,
            };
            assert!(provider.plan(&grant).is_ok());
            grant.deny = denied.own;
            assert!(provider.plan(&grant).is_err(), "{pattern}");
            refused += 1;
        }
    }
    assert!(refused > 20, "{refused}");
}
