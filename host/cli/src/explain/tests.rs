use super::step::Session;
use super::*;
use audex_audit::{Decision, Issuing, RecordedDenial, RecordedPermission, Used};

const USER: &str = "arn:aws:sts::123456789012:assumed-role/Job/s";
const OBJECT: &str = "arn:aws:s3:::b/k";

fn one(message: &str) -> Denial {
    let denials = text(message).unwrap_or_else(|error| panic!("{message}: {error}"));
    assert_eq!(denials.len(), 1, "{message}: {denials:?}");
    denials.into_iter().next().unwrap()
}

/// Returns permission, resource, refuser, whether a rule denies, and the rule.
fn short(denial: &Denial) -> (&str, &str, RefusedBy, bool, &str) {
    let of = |text: &'_ Option<String>| text.clone().unwrap_or_default().leak() as &str;
    (of(&denial.action), of(&denial.resource), denial.refused_by, denial.explicit, of(&denial.rule))
}

/// Source: IAM User Guide, "Troubleshoot access denied error messages".
#[test]
fn every_policy_type_of_aws_is_told() {
    use RefusedBy::*;
    let scp = "arn:aws:organizations::123456789012:policy/o-1/service_control_policy/p-1";
    let cases = [
        ("because no identity-based policy allows the s3:GetObject action", Role, false, ""),
        (
            "because no resource-based policy allows the s3:GetObject action",
            ResourcePolicy,
            false,
            "",
        ),
        ("because no session policy allows the s3:GetObject action", Grant, false, ""),
        ("because no permissions boundary allows the s3:GetObject action", Boundary, false, ""),
        (
            "because no service control policy allows the s3:GetObject action",
            ServiceControlPolicy,
            false,
            "",
        ),
        (
            "because no resource control policy allows the s3:GetObject action",
            ResourceControlPolicy,
            false,
            "",
        ),
        ("because no VPC endpoint policy allows the s3:GetObject action", VpcEndpoint, false, ""),
        ("because no role trust policy allows the sts:AssumeRole action", TrustPolicy, false, ""),
        ("with an explicit deny in an identity-based policy", Role, true, ""),
        ("with an explicit deny in a resource-based policy", ResourcePolicy, true, ""),
        ("with an explicit deny in a session policy", Grant, true, ""),
        ("with an explicit deny in a permissions boundary", Boundary, true, ""),
        ("with an explicit deny in a service control policy", ServiceControlPolicy, true, ""),
        ("with an explicit deny in a resource control policy", ResourceControlPolicy, true, ""),
        ("with an explicit deny in a VPC endpoint policy", VpcEndpoint, true, ""),
        ("with an explicit deny in the role trust policy", TrustPolicy, true, ""),
        ("with an explicit deny", Cloud, true, ""),
        ("because of something else", Cloud, false, ""),
        ("", Cloud, false, ""),
    ];
    for (reason, by, explicit, rule) in cases {
        for quote in ["", "\"", "&quot;", "\\\""] {
            let message = format!(
                "An error occurred (AccessDenied) when calling the GetObject operation: User: {USER} is not authorized to perform: s3:GetObject on resource: {quote}{OBJECT}{quote} {reason}"
            );
            let denial = one(&message);
            assert_eq!(short(&denial), ("s3:GetObject", OBJECT, by, explicit, rule), "{message}");
            assert_eq!(denial.principal.as_deref(), Some(USER), "{message}");
        }
    }
    let named = format!(
        "User: {USER} is not authorized to perform: s3:GetObject on resource: {OBJECT} with an explicit deny in a service control policy: {scp}"
    );
    assert_eq!(short(&one(&named)), ("s3:GetObject", OBJECT, ServiceControlPolicy, true, scp));
}

#[test]
fn the_gateways_words_are_told_from_the_clouds() {
    use RefusedBy::*;
    let start = format!("User: {USER} is not authorized to perform: s3:PutObject");
    let on = format!("{start} on resource: {OBJECT}");
    let cases = [
        (format!("{on} because this tryaudex session does not allow it"), Gateway, false, ""),
        (format!("{on} with an explicit deny in this tryaudex session"), Filter, true, ""),
        (
            format!(
                "{on} because its reply carries credentials: tryaudex allows it only by its full name in --allow"
            ),
            Credentials,
            false,
            "",
        ),
        (
            format!("{start}, because the limit `s3:Put*=2` of this tryaudex session is used up"),
            Limit,
            true,
            "s3:Put*=2",
        ),
    ];
    for (message, by, explicit, rule) in cases {
        let denial = one(&message);
        assert_eq!((denial.refused_by, denial.explicit), (by, explicit), "{message}");
        assert_eq!(denial.action.as_deref(), Some("s3:PutObject"));
        assert_eq!(denial.rule.as_deref().unwrap_or_default(), rule);
    }
    for (message, rule) in [
        (
            "the gateway of tryaudex does not know `s3 POST /?x`, so it is refused",
            Some("s3 POST /?x"),
        ),
        ("the gateway of tryaudex cannot read the request in one way only: two", None),
        (
            "tryaudex: the gateway does not forward presigned URLs; use --deliver env",
            Some("presigned URLs"),
        ),
    ] {
        let denial = one(message);
        assert_eq!((denial.refused_by, denial.rule.as_deref()), (GatewayUnread, rule), "{message}");
    }
    let filters = "error: every requested permission is denied: `s3:A` by `deny-list` (no, (never)), `s3:B` by `hours` (night)";
    let names: Vec<_> = text(filters).unwrap().into_iter().map(|one| one.rule.unwrap()).collect();
    assert_eq!(names, ["deny-list"], "a reason with a bracket ends the list");
    let notice = one("notice: `s3:DeleteBucket` is denied by deny-list (never)");
    assert_eq!(short(&notice), ("s3:DeleteBucket", "", Filter, true, "deny-list"));
}

#[test]
fn the_encoded_message_of_ec2_is_kept_and_the_decoded_one_is_read() {
    let both = format!(
        "An error occurred (UnauthorizedOperation) when calling the RunInstances operation: You are not authorized to perform this operation. User: {USER} is not authorized to perform: ec2:RunInstances on resource: arn:aws:ec2:eu-central-1:123456789012:instance/* because no identity-based policy allows the ec2:RunInstances action. Encoded authorization failure message: AbC-12_x"
    );
    let denial = one(&both);
    assert_eq!(denial.action.as_deref(), Some("ec2:RunInstances"));
    assert_eq!(denial.encoded.as_deref(), Some("AbC-12_x"));
    let old = one(
        "You are not authorized to perform this operation. Encoded authorization failure message: AbC-12_x",
    );
    assert_eq!((old.action.as_deref(), old.encoded.as_deref()), (None, Some("AbC-12_x")));
    assert!(
        steps(&old, None, false)[0]
            .command
            .as_ref()
            .unwrap()
            .contains("--encoded-message AbC-12_x ")
    );
    let decoded = r#"{"allowed":false,"explicitDeny":true,"matchedStatements":{"items":[]},"context":{"principal":{"id":"A:s","arn":"USER"},"action":"ec2:RunInstances","resource":"arn:aws:ec2:::i/*","conditions":{"items":[]}}}"#;
    for message in
        [decoded.to_owned(), format!("{{\"DecodedMessage\": {}}}", serde_json::json!(decoded))]
    {
        let denial = one(&message);
        assert_eq!(
            short(&denial),
            ("ec2:RunInstances", "arn:aws:ec2:::i/*", RefusedBy::Cloud, true, "")
        );
        assert_eq!(denial.principal.as_deref(), Some("USER"));
    }
    assert!(text(&decoded.replace("false", "true")).is_err(), "an allowed call is not a denial");
}

#[test]
fn the_words_of_google_cloud_are_read() {
    use RefusedBy::*;
    let object = "//storage.googleapis.com/projects/_/buckets/b/objects/o";
    let cases = [
        (format!("Permission 'storage.objects.get' denied on resource '{object}' (or it may not exist)."), "storage.objects.get", object, Cloud),
        (r#"{"error":{"code":403,"message":"Permission 'pubsub.topics.get' denied on resource 'projects/p/topics/t' (or it may not exist).","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"IAM_PERMISSION_DENIED","domain":"iam.googleapis.com","metadata":{"resource":"projects/p/topics/t","permission":"pubsub.topics.get"}}]}}"#.to_owned(), "pubsub.topics.get", "projects/p/topics/t", Cloud),
        ("u@x.org does not have storage.objects.list access to the Google Cloud Storage bucket. Permission 'storage.objects.list' denied on resource (or it may not exist).".to_owned(), "storage.objects.list", "", Cloud),
        ("Required 'compute.instances.list' permission for 'projects/p'".to_owned(), "compute.instances.list", "projects/p", Cloud),
        ("Access Denied: Project p: User does not have bigquery.jobs.create permission in project p.".to_owned(), "bigquery.jobs.create", "projects/p", Cloud),
        ("Access Denied: Table p:d.t: Permission bigquery.tables.get denied on table p:d.t (or it may not exist).".to_owned(), "bigquery.tables.get", "p:d.t", Cloud),
        ("Request had insufficient authentication scopes. ACCESS_TOKEN_SCOPE_INSUFFICIENT".to_owned(), "", "", TokenScope),
        ("Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: AbC_1".to_owned(), "", "", ServicePerimeter),
    ];
    for (message, action, resource, by) in cases {
        let denial = one(&message);
        assert_eq!((denial.provider.as_deref(), denial.refused_by), (Some("gcp"), by), "{message}");
        let named = (denial.action.as_deref(), denial.resource.as_deref());
        assert_eq!((named.0.unwrap_or_default(), named.1.unwrap_or_default()), (action, resource));
    }
}

#[test]
fn the_words_of_azure_and_vault_are_read() {
    use RefusedBy::*;
    let scope = "/subscriptions/1/resourceGroups/g";
    let cases = [
        (format!("(AuthorizationFailed) The client 'me' with object id 'o' does not have authorization to perform action 'Microsoft.Compute/virtualMachines/read' over scope '{scope}' or the scope is invalid."), "Microsoft.Compute/virtualMachines/read", scope, Role, ""),
        (format!("(LinkedAuthorizationFailed) The client 'me' with object id 'o' has permission to perform action 'A/write' on scope '/s'; however, it does not have permission to perform action 'Microsoft.Network/x/join/action' on the linked scope(s) '{scope}'"), "Microsoft.Network/x/join/action", scope, Role, ""),
        (format!("The client 'me' with object id 'o' has permission to perform action 'A/delete' on scope '{scope}'; however, the access is denied because of the deny assignment with name 'D' and Id '1' at scope '/'."), "A/delete", scope, DenyAssignment, "D"),
        (format!("Caller is not authorized to perform action on resource.\r\nCaller: appid=1\r\nAction: 'Microsoft.KeyVault/vaults/secrets/getSecret/action'\r\nResource: '{scope}'\r\nAssignment: (not found)\r\nDenyAssignmentId: null"), "Microsoft.KeyVault/vaults/secrets/getSecret/action", scope, Role, ""),
        ("<Code>AuthorizationPermissionMismatch</Code><Message>This request is not authorized to perform this operation using this permission.".to_owned(), "", "", Role, ""),
        (format!("(ScopeLocked) The scope 's' cannot perform delete operation because following scope(s) are locked: '{scope}'. Please remove the lock"), "", scope, Lock, ""),
        ("(RequestDisallowedByPolicy) Resource 'vm' was disallowed by policy. Policy identifiers: '[]'.".to_owned(), "", "", AzurePolicy, ""),
        ("Error making API request.\n\nURL: GET https://v:8200/v1/secret/data/x\nCode: 403. Errors:\n\n* 1 error occurred:\n\t* permission denied\n".to_owned(), "read", "secret/data/x", VaultPolicy, ""),
        ("URL: GET http://v/v1/secret?list=true\nCode: 403. Errors:\n* permission denied".to_owned(), "list", "secret", VaultPolicy, ""),
        ("URL: PUT http://v/v1/aws/sts/r\nCode: 403. Errors:\n* permission denied".to_owned(), "update", "aws/sts/r", VaultPolicy, ""),
    ];
    for (message, action, resource, by, rule) in cases {
        let denial = one(&message);
        let (a, r, b, _, named) = short(&denial);
        assert_eq!((a, r, b, named), (action, resource, by, rule), "{message}");
    }
}

#[test]
fn what_is_not_understood_is_not_guessed() {
    for message in [
        "An error occurred (AccessDenied) when calling the GetObject operation: Access Denied",
        "Permission denied (publickey).",
        "cat: /etc/shadow: Permission denied",
        "is not authorized to perform: ",
        "is not authorized to perform: everything",
        "Permission 'nothing' denied on resource 'x'",
        "URL: GET http://v/v1/x\nCode: 404. Errors:",
        "this_is not authorized to perform:x:y:z",
        r#"{"allowed":false}"#,
    ] {
        assert!(matches!(text(message), Err(NotUnderstood::NotNamed { .. })), "{message}");
    }
    let named =
        text("(AccessDenied) when calling the GetObject operation: Access Denied").unwrap_err();
    assert!(named.to_string().ends_with("only the operation `GetObject`"), "{named}");
    assert_eq!(text(" \n\u{200b}"), Err(NotUnderstood::Empty));
    assert_eq!(text(&"x".repeat(MAX_BYTES + 1)), Err(NotUnderstood::TooLong));
}

#[test]
fn hostile_text_forges_no_line_and_no_argument() {
    let message = "User: arn:aws:iam::1:user/a\u{202e} is not authorized to perform: s3:GetObject on resource: \"arn:aws:s3:::b/$(rm -rf ~)';\u{1b}[2Jx\" because no session policy allows";
    let denial = one(message);
    let steps = steps(&denial, None, false);
    assert_eq!(
        steps[0].command.as_deref(),
        Some(
            r"tryaudex run --allow s3:GetObject --resource 'arn:aws:s3:::b/$(rm -rf ~)'\''; [2Jx' -- COMMAND"
        )
    );
    let shown = show::text(&[(denial, steps)]);
    assert!(!shown.contains(['\u{1b}', '\u{202e}']), "{shown:?}");
    let many = "User: a is not authorized to perform: s3:X on resource: r. ".repeat(3)
        + &(0..40)
            .map(|n| format!("x is not authorized to perform: s3:Y{n}"))
            .collect::<Vec<_>>()
            .join(" ");
    assert_eq!(text(&many).unwrap().len(), MAX_DENIALS);
}

fn issuing() -> Issuing {
    let permission = |action: &str, origin: &str| RecordedPermission {
        action: action.to_owned(),
        origin: origin.to_owned(),
        ..RecordedPermission::default()
    };
    Issuing {
        provider: "aws".to_owned(),
        profile: Some("ci".to_owned()),
        permissions: vec![
            permission("s3:GetObject", "storage:read"),
            permission("s3:ListBucket", "storage:read"),
            permission("sqs:SendMessage", "profile ci"),
        ],
        denied: vec![RecordedDenial {
            action: "iam:*".to_owned(),
            by: "deny-list".to_owned(),
            reason: "never".to_owned(),
        }],
        resources: vec!["arn:aws:s3:::b/*".to_owned()],
        command: vec!["aws".to_owned(), "s3".to_owned(), "rm".to_owned(), "s3://b/a b".to_owned()],
        ..Issuing::default()
    }
}

#[test]
fn the_next_step_of_a_session_is_its_run_with_the_missing_permission() {
    let decision = |action: &str, resource: &str| Decision {
        action: action.to_owned(),
        resource: resource.to_owned(),
        allowed: false,
        count: 1,
    };
    let decisions = vec![
        decision("s3:PutObject", "arn:aws:s3:::other/k"),
        decision("s3:DeleteObject", "arn:aws:s3:::b/k"),
        decision("iam:CreateUser", "*"),
        decision("s3:GetObject", "arn:aws:s3:::b/k"),
        decision("(not read)", "*"),
    ];
    let issuing = issuing();
    let (used, receipt) =
        (Used { decisions, ..Used::default() }, crate::receipt::Receipt::default());
    let receipt =
        crate::receipt::Receipt { issuing: Some(issuing.clone()), used: Some(used), ..receipt };
    let denials = recorded::denials(&receipt);
    let steps: Vec<Step> = denials
        .iter()
        .flat_map(|denial| steps(denial, Some(Session { issuing: &issuing }), false))
        .collect();
    let commands: Vec<_> = steps.iter().map(|step| step.command.as_deref()).collect();
    assert_eq!(
        commands,
        [
            Some(
                "tryaudex run --profile ci --allow storage:read,s3:PutObject --resource 'arn:aws:s3:::b/*,arn:aws:s3:::other/k' -- aws s3 rm 's3://b/a b'"
            ),
            Some(
                "tryaudex run --profile ci --allow storage:read,s3:DeleteObject --resource 'arn:aws:s3:::b/*' -- aws s3 rm 's3://b/a b'"
            ),
            None,
            None,
            None,
        ]
    );
    assert_eq!(denials[2].rule.as_deref(), Some("deny-list: never"));
    assert!(steps[3].text.starts_with("the session's grant covers it"), "{:?}", steps[3]);
    assert_eq!(denials[4].refused_by, RefusedBy::GatewayUnread);
}

#[test]
fn a_role_that_lacks_the_permission_itself_gets_the_command_of_its_owner() {
    let message = format!(
        "User: {USER} is not authorized to perform: s3:GetObject on resource: {OBJECT} because no identity-based policy allows the s3:GetObject action"
    );
    let command = steps(&one(&message), None, false).remove(0).command.unwrap();
    assert!(
        command.starts_with("aws iam put-role-policy --role-name Job --policy-name "),
        "{command}"
    );
    let denied = message.replace(
        "because no identity-based policy allows the s3:GetObject action",
        "with an explicit deny in an identity-based policy",
    );
    assert_eq!(steps(&one(&denied), None, false)[0].command, None, "an allow does not undo a deny");
}

#[test]
fn inside_a_session_the_first_step_is_to_ask() {
    let message = format!(
        "User: {USER} is not authorized to perform: s3:PutObject on resource: {OBJECT} because this tryaudex session does not allow it"
    );
    let first = |message: &str, can_ask| steps(&one(message), None, can_ask).remove(0).command;
    assert_eq!(
        first(&message, true).as_deref(),
        Some("tryaudex ask --allow s3:PutObject --resource arn:aws:s3:::b/k --why 'REASON' --wait")
    );
    assert!(first(&message, false).unwrap().starts_with("tryaudex run "));
    let denied = message.replace(
        "because this tryaudex session does not allow it",
        "with an explicit deny in this tryaudex session",
    );
    assert_eq!(first(&denied, true), None, "nobody can grant what a filter denies");
}
