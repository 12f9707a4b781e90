//! Requested actions are compared to the actions of AWS, and each action gets the resources that it works on.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::Sandbox;
use crate::support::aws_cli::script;

const BUCKETS: (&str, &str) = ("buckets", "s3api list-buckets");
const LIST: (&str, &str) = ("list", "s3api list-objects-v2 --bucket demo-reports");
const READ: (&str, &str) =
    ("read", "s3api get-object --bucket demo-reports --key readme.txt /dev/null");
const READ_SECRETS: (&str, &str) =
    ("secrets", "s3api get-object --bucket demo-secrets --key payroll.csv /dev/null");

#[test]
fn a_misspelt_action_is_caught_before_anything_is_asked() {
    let sandbox = Sandbox::new();
    let output = sandbox.run(["run", "--allow", "s3:GetObjct", "--", "true"]).exits(2);
    assert!(output.stderr.contains("did you mean `s3:GetObject`"), "{}", output.stderr);
    assert!(sandbox.cloud().requests().is_empty(), "something was asked of the cloud");
    let let_through = ["run", "--allow", "s3:GetObjct", "--allow-unknown", "--", "true"];
    let _ = sandbox.run(let_through).success();
}

#[test]
fn a_misspelt_universal_name_is_caught_too() {
    for name in ["storage:raed", "database:delete", "nope:read", "s3:Gett*"] {
        let _ = Sandbox::new().run(["run", "--allow", name, "--", "true"]).exits(2);
    }
}

#[test]
fn each_action_gets_the_resources_it_works_on() {
    let sandbox = Sandbox::new().with_aws_cli();
    let options = [
        "--allow",
        "s3:GetObject,s3:ListBucket,s3:ListAllMyBuckets",
        "--resource",
        "arn:aws:s3:::demo-reports,arn:aws:s3:::demo-reports/*",
    ];
    let output = sandbox.run_sh(&options, &script(&[BUCKETS, LIST, READ, READ_SECRETS])).success();
    assert_eq!(output.stdout, "buckets: ok\nlist: ok\nread: ok\nsecrets: AccessDenied\n");
}

#[test]
fn an_action_that_no_given_resource_fits_is_said_to_grant_nothing() {
    let sandbox = Sandbox::new().with_aws_cli();
    let options =
        ["--allow", "s3:GetObject,s3:ListBucket", "--resource", "arn:aws:s3:::demo-reports/*"];
    let output = sandbox.run_sh(&options, &script(&[LIST, READ])).success();
    assert_eq!(output.stdout, "list: AccessDenied\nread: ok\n");
    assert!(output.stderr.contains("`s3:ListBucket` grants nothing"), "{}", output.stderr);
}

#[test]
fn a_policy_shortened_to_wildcards_is_minted_and_means_the_same() {
    let sandbox = Sandbox::new().with_aws_cli();
    let named = MANY.split_whitespace().map(|what| format!(",ec2:Describe{what}"));
    let many = "s3:GetObject".to_owned() + &named.collect::<String>();
    assert!(many.len() > 2048);
    let plan = sandbox.run(["plan", "--allow", &many, "--json"]).success().json();
    assert!(plan["policy_size"].as_u64().unwrap() <= 2048, "{plan}");
    let output = sandbox.run_sh(&["--allow", &many], &script(&[READ, LIST])).success();
    assert_eq!(output.stdout, "read: ok\nlist: AccessDenied\n");
    assert!(output.stderr.contains("notice: to fit, `ec2:Describe"), "{}", output.stderr);
}

/// What follows `ec2:Describe`: more than a session policy holds, one by one.
const MANY: &str = "
    InstanceAttribute InstanceConnectEndpoints InstanceCreditSpecifications
    InstanceEventNotificationAttributes InstanceEventWindows InstanceImageMetadata
    InstanceSqlHaHistoryStates InstanceSqlHaStates InstanceStatus InstanceTopology InstanceTypeOfferings
    InstanceTypes Instances IpamByoasn IpamExternalResourceVerificationTokens
    IpamInternetRegistryAssociations IpamPolicies IpamPoolAllocations IpamPools
    IpamPrefixListResolverTargets IpamPrefixListResolvers IpamResourceDiscoveries
    IpamResourceDiscoveryAssociations IpamScopes Ipams LocalGatewayRouteTablePermissions
    LocalGatewayRouteTableVirtualInterfaceGroupAssociations LocalGatewayRouteTableVpcAssociations
    LocalGatewayRouteTables LocalGatewayVirtualInterfaceGroups LocalGatewayVirtualInterfaces
    LocalGateways NetworkInsightsAccessScopeAnalyses NetworkInsightsAccessScopes NetworkInsightsAnalyses
    NetworkInsightsPaths TransitGatewayAttachments TransitGatewayConnectPeers TransitGatewayConnects
    TransitGatewayMeteringPolicies TransitGatewayMulticastDomains TransitGatewayPeeringAttachments
    TransitGatewayPolicyTables TransitGatewayRouteTableAnnouncements TransitGatewayRouteTables
    TransitGatewayVpcAttachments TransitGateways VerifiedAccessEndpoints VerifiedAccessGroups
    VerifiedAccessInstanceLoggingConfigurations VerifiedAccessInstanceWebAclAssociations
    VerifiedAccessInstances VerifiedAccessTrustProviders VpcAttribute VpcBlockPublicAccessExclusions
    VpcBlockPublicAccessOptions VpcClassicLink VpcClassicLinkDnsSupport VpcEncryptionControls
    VpcEndpointAssociations VpcEndpointConnectionNotifications VpcEndpointConnections
    VpcEndpointServiceConfigurations VpcEndpointServicePermissions VpcEndpointServices VpcEndpoints
    VpcPeeringConnections Vpcs";

#[test]
fn a_network_condition_is_enforced_by_the_cloud() {
    let sandbox = Sandbox::new().with_aws_cli();
    let from = |networks: &str| {
        let options = ["--allow", "s3:GetObject", "--source-ip", networks];
        sandbox.run_sh(&options, &script(&[READ])).success().stdout
    };
    assert_eq!(from("127.0.0.0/8"), "read: ok\n");
    assert_eq!(from("203.0.113.0/24"), "read: AccessDenied\n");
    let _ = sandbox
        .run(["run", "--allow", "s3:GetObject", "--source-ip", "home", "--", "true"])
        .exits(2);
}

/// What the catalogue has beyond the list: `overlay.txt`.
const OVERLAY: [&str; 1] = ["sts:GetScopedCredentials"];

/// The list that was made of the same package by somebody else; it is not part of the repository.
fn shared_list() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let set = std::env::var_os("AUDEX_SHARED_DATA").map(PathBuf::from);
    let places =
        set.into_iter().chain([root.join("../shared/data"), PathBuf::from("/work/shared/data")]);
    places.map(|place| place.join("aws_actions.json.gz")).find(|file| file.is_file())
}

/// Services, their actions, and of each the access level and the resource types.
type Listed = BTreeMap<String, BTreeMap<String, (String, Vec<String>)>>;

#[test]
fn the_catalogue_is_the_shared_list_where_that_is_present() {
    let Some(list) = shared_list() else {
        // Past the capture of test output: nobody may take this for a comparison. `AUDEX_REQUIRE_SHARED_DATA` fails instead.
        let said = "aws_actions.json.gz is absent: the catalogue was NOT compared with it\n";
        std::io::stderr().write_all(said.as_bytes()).unwrap();
        assert!(std::env::var_os("AUDEX_REQUIRE_SHARED_DATA").is_none(), "{said}");
        return;
    };
    let unpacked = Command::new("gzip").args(["-dc"]).arg(&list).output().unwrap();
    assert!(unpacked.status.success(), "{}", list.display());
    let listed: Listed = serde_json::from_slice(&unpacked.stdout).unwrap();
    let mut expected = BTreeMap::new();
    for (service, actions) in listed {
        for (action, (level, mut types)) in actions {
            types.sort();
            // `Tagging, Write`: the first is what the reference says, the second what it is besides.
            let level = level.split(", ").next().unwrap().to_lowercase();
            expected.insert(format!("{service}:{action}"), (level, types));
        }
    }
    let mut known = BTreeMap::new();
    for service in aws_catalogue::services() {
        let types = service.types();
        for found in aws_catalogue::matching(&format!("{}:*", service.name())) {
            let mut named: Vec<String> = service
                .types_of(found.set)
                .into_iter()
                .map(|(place, _)| types[place].name.clone())
                .collect();
            named.sort();
            known.insert(found.full_name(), (found.access.word().to_owned(), named));
        }
    }
    for added in OVERLAY {
        assert!(known.remove(added).is_some() && !expected.contains_key(added), "{added}");
    }
    assert!(expected.len() > 20_000, "{}", expected.len());
    let differing: Vec<&String> = known
        .keys()
        .chain(expected.keys())
        .filter(|name| known.get(*name) != expected.get(*name))
        .collect();
    assert!(
        differing.is_empty(),
        "{} differ: {:?}",
        differing.len(),
        &differing[..differing.len().min(20)]
    );
}
