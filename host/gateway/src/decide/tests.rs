use super::*;

fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|&text| text.to_owned()).collect()
}

fn need(action: &str, on: &[&str]) -> Need {
    let on = if on.is_empty() { On::Unseen } else { On::These(texts(on)) };
    Need { action: action.to_owned(), on, yields_credentials: false, free: false, uses: 1 }
}

fn rule(actions: &[&str], resources: &[&str]) -> Rule {
    let resources = (!resources.is_empty()).then(|| texts(resources));
    Rule { actions: texts(actions), resources }
}

fn set(granted: &[&str], allow: Vec<Rule>) -> Rules {
    Rules { granted: texts(granted), allow, ..Rules::default() }
}

fn why(needs: &[Need], rules: &Rules) -> Option<Why> {
    decide(needs, &[Set::new(rules.clone())]).err().map(|missing| missing.why)
}

#[test]
fn each_resource_must_be_covered_and_each_action_granted() {
    let rules = set(
        &["s3:GetObject", "s3:List*"],
        vec![
            rule(&["S3:getobject"], &["arn:aws:s3:::b/in/*"]),
            rule(&["s3:List*"], &["arn:aws:s3:::b"]),
        ],
    );
    let get = |keys: &[&str]| {
        let arns: Vec<String> = keys.iter().map(|key| format!("arn:aws:s3:::b/{key}")).collect();
        let arns: Vec<&str> = arns.iter().map(String::as_str).collect();
        why(&[need("s3:GetObject", &arns)], &rules)
    };
    assert_eq!(get(&["in/a", "in/b"]), None);
    assert_eq!(get(&["in/a", "out"]), Some(Why::NotGranted));
    assert_eq!(get(&["IN/a"]), Some(Why::NotGranted), "the case of names counts");
    assert_eq!(get(&[]), Some(Why::NotGranted), "unseen is not covered");
    assert_eq!(why(&[need("s3:ListBucket", &["arn:aws:s3:::b"])], &rules), None);
    assert_eq!(
        why(&[need("s3:PutObject", &["arn:aws:s3:::b/in/a"])], &rules),
        Some(Why::NotGranted)
    );
    // The policy is written shorter than the grant.
    let wider = set(&["s3:GetObject"], vec![rule(&["s3:Get*"], &[])]);
    assert_eq!(why(&[need("s3:GetObject", &[])], &wider), None);
    assert_eq!(why(&[need("s3:GetObjectAcl", &[])], &wider), Some(Why::NotGranted));
    assert_eq!(why(&[], &rules), None, "a call may need nothing");
}

#[test]
fn a_name_that_is_not_known_to_the_end_is_compared_as_a_pattern() {
    let rules = |resource: &str| set(&["x:Get"], vec![rule(&["x:Get"], &[resource])]);
    let on =
        |resource: &str, rule: &str| why(&[need("x:Get", &[resource])], &rules(rule)).is_none();
    assert!(
        on("secret:name-??????", "secret:name-*") && on("secret:name-??????", "secret:name-??????")
    );
    assert!(!on("secret:name-??????", "secret:name-AbCdEf"));
    assert!(!on("queue:*:q", "queue:1:q") && on("queue:*:q", "queue:*"));
}

#[test]
fn a_denied_pattern_wins_over_every_grant() {
    let mut rules = set(&["*"], vec![rule(&["*"], &[])]);
    rules.denied = texts(&["s3:Delete*"]);
    assert_eq!(why(&[need("S3:DeleteObject", &["x"])], &rules), Some(Why::Denied));
    assert_eq!(why(&[need("s3:GetObject", &["x"])], &rules), None);
    rules.deny = vec![rule(&["s3:Get*"], &["arn:aws:s3:::b/secret/*"])];
    let get = |on: &[&str]| why(&[need("s3:GetObject", on)], &rules);
    assert_eq!(get(&["arn:aws:s3:::b/a"]), None);
    assert_eq!(get(&["arn:aws:s3:::b/secret/a"]), Some(Why::Denied));
    assert_eq!(get(&["arn:aws:s3:::b/*"]), Some(Why::Denied), "it may be one of them");
    assert_eq!(get(&[]), Some(Why::Denied));
}

#[test]
fn credentials_are_given_out_only_by_name() {
    let yields = Need { yields_credentials: true, ..need("ecr:GetAuthorizationToken", &[]) };
    let mut rules = set(&["ecr:*"], vec![rule(&["ecr:*"], &[])]);
    assert_eq!(why(std::slice::from_ref(&yields), &rules), Some(Why::YieldsCredentials));
    rules.named = texts(&["ECR:GetAuthorizationToken"]);
    assert_eq!(why(&[yields], &rules), None);
}

#[test]
fn what_everybody_may_do_is_held_against_denials_and_limits_alone() {
    let who = Need { free: true, ..need("sts:GetCallerIdentity", &[]) };
    let mut rules = set(&[], Vec::new());
    assert_eq!(why(std::slice::from_ref(&who), &rules), None);
    rules.denied = texts(&["sts:*"]);
    assert_eq!(why(std::slice::from_ref(&who), &rules), Some(Why::Denied));
    let none = vec![Limit { pattern: "sts:*".to_owned(), most: 0 }];
    assert!(Budgets::new(none).take(&[who]).is_err());
}

#[test]
fn items_count_even_if_their_names_are_not_seen_or_are_the_same() {
    let limits = vec![Limit { pattern: "s3:Delete*".to_owned(), most: 10 }];
    let many = Need { uses: 500, ..need("s3:DeleteObject", &[]) };
    assert!(Budgets::new(limits).take(&[many]).is_err());
}

#[test]
fn one_single_set_covers_a_whole_request() {
    let of = |action: &str| Set::new(set(&[action], vec![rule(&[action], &[])]));
    let copy = [need("s3:GetObject", &[]), need("s3:PutObject", &[])];
    assert!(decide(&copy, &[of("s3:GetObject"), of("s3:PutObject")]).is_err());
    assert_eq!(decide(&copy, &[of("s3:GetObject"), of("s3:*")]), Ok(1));
    let missing = decide(&copy, &[of("s3:GetObject")]).unwrap_err();
    assert_eq!((missing.action, missing.resource), ("s3:PutObject", "*"));
    assert!(decide(&copy, &[]).is_err());
}

#[test]
fn the_eleventh_use_is_refused_and_takes_nothing() {
    let limits = vec![
        Limit { pattern: "s3:Delete*".to_owned(), most: 10 },
        Limit { pattern: "s3:*".to_owned(), most: 12 },
    ];
    let mut budgets = Budgets::new(limits);
    let delete = |keys: usize| [need("s3:DeleteObject", &vec!["k"; keys])];
    assert!(budgets.take(&delete(9)).is_ok());
    assert_eq!(budgets.take(&delete(2)).unwrap_err().0.most, 10);
    assert!(budgets.take(&delete(1)).is_ok());
    let (limit, action) = budgets
        .take(&[need("s3:DeleteObject", &[])])
        .map_err(|(limit, action)| (limit.pattern, action.to_owned()))
        .unwrap_err();
    assert_eq!((limit.as_str(), action.as_str()), ("s3:Delete*", "s3:DeleteObject"));
    let get = [need("s3:GetObject", &[])];
    assert!(budgets.take(&get).is_ok() && budgets.take(&get).is_ok());
    assert!(budgets.take(&get).is_err(), "12 uses of s3:*");
    assert!(budgets.take(&[need("sqs:SendMessage", &[])]).is_ok());
}
