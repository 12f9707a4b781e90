//! Tests STS: the sessions that each caller gets, and their permissions.

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
        let request =
            sts(&cloud, key(&cloud, user)).assume_role().role_arn(arn).role_session_name("test");
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
        let request = sts(&cloud, key(&cloud, "developer"))
            .assume_role()
            .role_arn(ROLE)
            .role_session_name(name);
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
    assert!(
        send(&cloud, &key(&cloud, "developer"), &Sent::form("sts", tagged))
            .1
            .contains("ExternalId")
    );
}

#[test]
fn a_chained_role_lasts_an_hour_at_most() {
    let mut seed = Seed::demo();
    seed.roles[0].policies = vec![allow(&["*"], "*")];
    seed.roles[0].trust.push(ROLE.to_owned());
    let cloud = LoopbackCloud::start(seed, None).unwrap();
    let first = sts(&cloud, assume(&cloud, None));
    let chain = |seconds| {
        let request = first
            .assume_role()
            .role_arn(ROLE)
            .role_session_name("chained")
            .duration_seconds(seconds);
        block_on(request.send()).is_ok()
    };
    assert!(chain(3600));
    assert!(!chain(3601));
}

#[test]
fn scoped_credentials_narrow_keep_the_identity_and_end_in_time() {
    let cloud = demo();
    let caller = assume(
        &cloud,
        Some(&allow(&["s3:GetObject", "s3:ListBucket", "sts:GetScopedCredentials"], "*")),
    );
    let scoped = scope(
        &cloud,
        &caller,
        &allow(&["s3:GetObject", "s3:PutObject"], "arn:aws:s3:::demo-reports/*"),
        5,
    )
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
    let (caller, policy) = (assume(&cloud, None), allow(&["s3:*"], "*"));
    cloud.advance(Duration::from_secs(1));
    for seconds in [3600, 129_600] {
        let (status, reply) = scope(&cloud, &caller, &policy, seconds).unwrap_err();
        assert!(status == 400 && reply.contains("<Code>InsufficientSessionLifetime<"), "{reply}");
    }
    assert!(scope(&cloud, &caller, &policy, 3000).is_ok());
    let (inherited, _) = scope_with(&cloud, &caller, &[("Policy", policy)]).unwrap();
    assert_eq!(get(&cloud, &inherited, "/").0, 200);
    cloud.advance(Duration::from_hours(1));
    assert_eq!(get(&cloud, &inherited, "/").0, 400);
}

#[test]
fn a_session_carries_three_scope_down_policies_at_most() {
    let cloud = demo();
    let policy = || ("Policy", allow(&["s3:*", "sts:GetScopedCredentials"], "*"));
    let mut session = assume(&cloud, None);
    for count in ["1", "2", "3"] {
        let (scoped, reply) = scope_with(&cloud, &session, &[policy()]).unwrap();
        assert_eq!(element(&reply, "ScopedPoliciesCount"), count);
        session = scoped;
    }
    let (status, reply) = scope_with(&cloud, &session, &[policy()]).unwrap_err();
    assert!(status == 403 && reply.contains("<Code>AccessDenied<"), "{reply}");
    let shorter = [("DurationSeconds", "60".to_owned())];
    let (session, reply) = scope_with(&cloud, &session, &shorter).unwrap();
    assert_eq!(element(&reply, "ScopedPoliciesCount"), "3");
    assert_eq!(get(&cloud, &session, "/").0, 200);
    // A session policy of AssumeRole does not count as a scoped policy.
    let assumed = assume(&cloud, Some(&policy().1));
    let (_, reply) = scope_with(&cloud, &assumed, &[policy()]).unwrap();
    assert_eq!(element(&reply, "ScopedPoliciesCount"), "1");
}

#[test]
fn a_scoped_session_says_what_it_is() {
    let cloud = demo();
    let asked = [
        ("Policy", allow(&["s3:*"], "*")),
        ("MinimumSessionTokenSize", "4096".to_owned()),
        ("ScopedSessionDescription", "why \u{e9}".to_owned()),
    ];
    let (scoped, reply) = scope_with(&cloud, &assume(&cloud, None), &asked).unwrap();
    assert!(!element(&reply, "ScopedSessionId").is_empty());
    assert_eq!(element(&reply, "Arn"), "arn:aws:sts::123456789012:assumed-role/AudexDemo/test");
    assert_eq!(scoped.session_token().unwrap().len(), 4096);
    assert_eq!(element(&reply, "SessionTokenSize"), "4096");
    assert_eq!(element(&reply, "SessionTokenUtilization"), "100");
    assert_eq!(cloud.descriptions(), ["why \u{e9}"]);
}

#[test]
fn scoped_credentials_refuse_what_their_model_refuses() {
    let cloud = demo();
    let caller = assume(&cloud, None);
    let policy = || ("Policy", allow(&["s3:*"], "*"));
    for parameters in [
        vec![],
        vec![("ScopedSessionDescription", "why".to_owned())],
        vec![policy(), ("ScopedSessionDescription", "x".to_owned())],
        vec![policy(), ("ScopedSessionDescription", "x".repeat(257))],
        vec![policy(), ("ScopedSessionDescription", "a \u{7f}".to_owned())],
        vec![policy(), ("ScopedSessionDescription", "\u{65e5}\u{672c}".to_owned())],
        vec![("Policy", String::new())],
        vec![("Policy", allow(&["s3:*"], "arn:aws:s3:::b/\u{65e5}"))],
        vec![policy(), ("MinimumSessionTokenSize", "4097".to_owned())],
        vec![policy(), ("DurationSeconds", "0".to_owned())],
        vec![policy(), ("DurationSeconds", "129601".to_owned())],
        vec![policy(), ("Name", "more".to_owned())],
    ] {
        let (status, reply) = scope_with(&cloud, &caller, &parameters).unwrap_err();
        assert!(
            status == 400 && reply.contains("<Code>ValidationError<"),
            "{parameters:?}: {reply}"
        );
    }
    assert_eq!(cloud.descriptions(), [""; 0]);
}

#[test]
fn scoped_credentials_are_for_sessions_that_may_ask_for_them() {
    let cloud = demo();
    let policy = allow(&["s3:*"], "*");
    let (status, reply) = scope(&cloud, &key(&cloud, "admin"), &policy, 60).unwrap_err();
    assert!(status == 400 && reply.contains("<Code>InvalidSubjectCredentials<"), "{reply}");
    let without = assume(&cloud, Some(&policy));
    assert_eq!(scope(&cloud, &without, &policy, 60).unwrap_err().0, 403);
    for (without, code) in [(true, "InvalidAction"), (false, "AccessDenied")] {
        let seed = Seed {
            without_scoped_credentials: without,
            deny_scoped_credentials: !without,
            ..Seed::demo()
        };
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
    assert_eq!(
        send(&cloud, &caller, &Sent::form("iam", "Action=ListUsers&Version=2010-05-08")).0,
        403
    );
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
        let answer =
            block_on(client.get_federation_token().name("fed").set_policy(policy).send()).unwrap();
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
        LoopbackCloud::start(Seed { without_scoped_credentials: true, ..Seed::demo() }, None)
            .unwrap();
    let caller = assume(&cloud, None);
    assert!(scope(&cloud, &caller, &allow(&["s3:*"], "*"), 60).is_err());
    let denied = sts(&cloud, caller.clone()).assume_role().role_arn(ROLE).role_session_name("test");
    assert!(block_on(denied.send()).is_err());
    assert!(block_on(sts(&cloud, caller).get_caller_identity().send()).is_ok());
    let seen: Vec<_> =
        cloud.requests().into_iter().map(|seen| (seen.action, seen.decision)).collect();
    let expected = [
        ("sts:AssumeRole", Some(Decision::Allowed)),
        ("sts:GetScopedCredentials", None),
        ("sts:AssumeRole", Some(Decision::ImplicitDeny)),
        ("sts:GetCallerIdentity", Some(Decision::Allowed)),
    ];
    assert_eq!(seen, expected.map(|(action, decision)| (action.to_owned(), decision)));
}
