//! STS: who gets which session, and what it may do.

use super::*;

#[test]
fn only_who_is_trusted_and_allowed_assumes_a_role() {
    let mut seed = Seed::demo();
    seed.roles[0].trust = vec!["arn:aws:iam::123456789012:user/developer".to_owned()];
    seed.users.push(UserSeed { name: "idle".to_owned(), policies: Vec::new(), access_key: None });
    let mut trusting = seed.roles[0].clone();
    (trusting.name, trusting.trust) = ("Open".to_owned(), vec!["123456789012".to_owned()]);
    seed.roles.push(trusting);
    let cloud = LoopbackCloud::start(seed, None).unwrap();
    let assume = |user: &str, role: &str| {
        let arn = cloud.role_arn(role).unwrap();
        let request = sts(&cloud, key(&cloud, user)).assume_role().role_arn(arn).role_session_name("test");
        block_on(request.send()).map(|_| ()).map_err(|error| error.code().unwrap().to_owned())
    };
    assert_eq!(assume("developer", "AudexDemo"), Ok(()));
    assert_eq!(assume("admin", "AudexDemo"), Err("AccessDenied".to_owned()));
    assert_eq!(assume("admin", "Open"), Ok(()));
    assert_eq!(assume("idle", "Open"), Err("AccessDenied".to_owned()));
}

#[test]
fn assume_role_refuses_what_sts_refuses() {
    let cloud = demo();
    let code = |policy: &str, name: &str, seconds: i32| {
        let request =
            sts(&cloud, key(&cloud, "developer")).assume_role().role_arn(ROLE).role_session_name(name);
        let error = block_on(request.policy(policy).duration_seconds(seconds).send()).unwrap_err();
        error.code().unwrap().to_owned()
    };
    let policy = allow(&["s3:*"], "*");
    assert_eq!(code("{", "test", 900), "MalformedPolicyDocument");
    assert_eq!(code(&allow(&["s3:GetObject"; 200], "*"), "test", 900), "PackedPolicyTooLarge");
    assert_eq!(code(&policy, "x", 900), "ValidationError");
    assert_eq!(code(&policy, "a space", 900), "ValidationError");
    assert_eq!(code(&policy, "test", 899), "ValidationError");
    assert_eq!(code(&policy, "test", 43_201), "ValidationError");
    let tagged = "Action=AssumeRole&Version=2011-06-15&RoleArn=x&RoleSessionName=test&ExternalId=1";
    assert!(send(&cloud, &key(&cloud, "developer"), &Sent::form("sts", tagged)).1.contains("ExternalId"));
}

#[test]
fn a_chained_role_lasts_an_hour_at_most() {
    let mut seed = Seed::demo();
    seed.roles[0].policies = vec![allow(&["*"], "*")];
    seed.roles[0].trust.push(ROLE.to_owned());
    let cloud = LoopbackCloud::start(seed, None).unwrap();
    let first = sts(&cloud, assume(&cloud, None));
    let chain = |seconds| {
        let request =
            first.assume_role().role_arn(ROLE).role_session_name("chained").duration_seconds(seconds);
        block_on(request.send()).is_ok()
    };
    assert!(chain(3600));
    assert!(!chain(3601));
}

#[test]
fn scoped_credentials_narrow_keep_the_identity_and_end_in_time() {
    let cloud = demo();
    let caller =
        assume(&cloud, Some(&allow(&["s3:GetObject", "s3:ListBucket", "sts:GetScopedCredentials"], "*")));
    let scoped =
        scope(&cloud, &caller, &allow(&["s3:GetObject", "s3:PutObject"], "arn:aws:s3:::demo-reports/*"), 5)
            .unwrap();
    assert_eq!(get(&cloud, &scoped, "/demo-reports/readme.txt").0, 200);
    assert_eq!(get(&cloud, &scoped, "/demo-secrets/payroll.csv").0, 403);
    assert_eq!(send(&cloud, &scoped, &Sent::s3("PUT", "/demo-reports/x")).0, 403);
    let identity = block_on(sts(&cloud, scoped.clone()).get_caller_identity().send()).unwrap();
    assert_eq!(identity.arn(), Some("arn:aws:sts::123456789012:assumed-role/AudexDemo/test"));
    assert_eq!(scope(&cloud, &scoped, &allow(&["s3:GetObject"], "*"), 1).unwrap_err().0, 403);
    cloud.advance(Duration::from_secs(5));
    assert_eq!(get(&cloud, &scoped, "/demo-reports/readme.txt").0, 400);
    assert_eq!(get(&cloud, &caller, "/demo-reports/readme.txt").0, 200);
}

#[test]
fn scoped_credentials_never_outlive_their_caller() {
    let cloud = demo();
    let caller = assume(&cloud, None);
    let scoped = scope(&cloud, &caller, &allow(&["s3:*"], "*"), 129_600).unwrap();
    cloud.advance(Duration::from_hours(1));
    assert_eq!(get(&cloud, &scoped, "/").0, 400);
}

#[test]
fn scoped_credentials_are_for_sessions_that_may_ask_for_them() {
    let cloud = demo();
    let policy = allow(&["s3:*"], "*");
    assert_eq!(scope(&cloud, &key(&cloud, "admin"), &policy, 60).unwrap_err().0, 403);
    let without = assume(&cloud, Some(&policy));
    assert_eq!(scope(&cloud, &without, &policy, 60).unwrap_err().0, 403);
    for (without, code) in [(true, "InvalidAction"), (false, "AccessDenied")] {
        let seed =
            Seed { without_scoped_credentials: without, deny_scoped_credentials: !without, ..Seed::demo() };
        let cloud = LoopbackCloud::start(seed, None).unwrap();
        let error = scope(&cloud, &assume(&cloud, None), &policy, 60).unwrap_err();
        assert!(error.0 == if without { 400 } else { 403 } && error.1.contains(code), "{error:?}");
    }
}

#[test]
fn a_user_session_keeps_the_users_permissions_but_not_iam_or_most_of_sts() {
    let cloud = demo();
    let answer = block_on(sts(&cloud, key(&cloud, "admin")).get_session_token().send()).unwrap();
    let caller = session(answer.credentials().unwrap());
    assert_eq!(get(&cloud, &caller, "/demo-reports/readme.txt").0, 200);
    assert_eq!(send(&cloud, &caller, &Sent::form("iam", "Action=ListUsers&Version=2010-05-08")).0, 403);
    let client = sts(&cloud, caller.clone());
    assert!(block_on(client.get_session_token().send()).is_err());
    assert!(block_on(client.get_federation_token().name("fed").send()).is_err());
    assert!(block_on(client.assume_role().role_arn(ROLE).role_session_name("test").send()).is_ok());
    assert!(scope(&cloud, &caller, &allow(&["s3:*"], "*"), 1).is_ok());
}

#[test]
fn a_federated_session_has_what_user_and_policy_both_allow() {
    let cloud = demo();
    let client = sts(&cloud, key(&cloud, "admin"));
    let federate = |policy: Option<String>| {
        let answer = block_on(client.get_federation_token().name("fed").set_policy(policy).send()).unwrap();
        session(answer.credentials().unwrap())
    };
    let reader = federate(Some(allow(&["s3:GetObject"], "*")));
    assert_eq!(get(&cloud, &reader, "/demo-reports/readme.txt").0, 200);
    assert_eq!(get(&cloud, &reader, "/").0, 403);
    assert_eq!(get(&cloud, &federate(None), "/demo-reports/readme.txt").0, 403);
    let assume = sts(&cloud, federate(Some(allow(&["*"], "*")))).assume_role();
    assert!(block_on(assume.role_arn(ROLE).role_session_name("test").send()).is_err());
}

#[test]
fn every_sts_call_is_remembered_once() {
    let cloud =
        LoopbackCloud::start(Seed { without_scoped_credentials: true, ..Seed::demo() }, None).unwrap();
    let caller = assume(&cloud, None);
    assert!(scope(&cloud, &caller, &allow(&["s3:*"], "*"), 60).is_err());
    let denied = sts(&cloud, caller.clone()).assume_role().role_arn(ROLE).role_session_name("test");
    assert!(block_on(denied.send()).is_err());
    assert!(block_on(sts(&cloud, caller).get_caller_identity().send()).is_ok());
    let seen: Vec<_> = cloud.requests().into_iter().map(|seen| (seen.action, seen.decision)).collect();
    let expected = [
        ("sts:AssumeRole", Some(Decision::Allowed)),
        ("sts:GetScopedCredentials", None),
        ("sts:AssumeRole", Some(Decision::ImplicitDeny)),
        ("sts:GetCallerIdentity", Some(Decision::Allowed)),
    ];
    assert_eq!(seen, expected.map(|(action, decision)| (action.to_owned(), decision)));
}
