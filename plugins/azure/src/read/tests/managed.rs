use super::*;

const GROUP: &str = "management.azure.com/subscriptions/S/resourceGroups/G";
const VERSION: &str = "?api-version=2024-01-01";

fn at(method: &str, path: &str) -> SeenRequest {
    request(method, &format!("{path}{VERSION}"), &[], b"")
}

fn with_body(method: &str, path: &str, body: &str) -> SeenRequest {
    request(method, &format!("{path}{VERSION}"), &[], body.as_bytes())
}

#[test]
fn operation_and_resource_follow_from_the_path() {
    let group = |rest: &str| format!("{GROUP}{rest}");
    let vm = group("/providers/Microsoft.Compute/virtualMachines/Vm1");
    let id = "/subscriptions/s/resourcegroups/g/providers/microsoft.compute/virtualmachines";
    for (method, path, expected) in [
        ("GET", vm.clone(), format!("Microsoft.Compute/virtualMachines/read on {id}/vm1")),
        ("PUT", vm.clone(), format!("Microsoft.Compute/virtualMachines/write on {id}/vm1")),
        ("PATCH", vm.clone(), format!("Microsoft.Compute/virtualMachines/write on {id}/vm1")),
        ("DELETE", vm.clone(), format!("Microsoft.Compute/virtualMachines/delete on {id}/vm1")),
        (
            "POST",
            format!("{vm}/Start"),
            format!("Microsoft.Compute/virtualMachines/start/action on {id}/vm1"),
        ),
        (
            "GET",
            group("/providers/microsoft.compute/VIRTUALMACHINES"),
            format!("Microsoft.Compute/virtualMachines/read on {id}/*"),
        ),
        (
            "GET",
            "management.azure.com/subscriptions/S/providers/Microsoft.Compute/virtualMachines".to_owned(),
            "Microsoft.Compute/virtualMachines/read on \
             /subscriptions/s/providers/microsoft.compute/virtualmachines/*,\
             /subscriptions/s/resourcegroups/*/providers/microsoft.compute/virtualmachines/*"
                .to_owned(),
        ),
        (
            "GET",
            "management.azure.com/subscriptions".to_owned(),
            "Microsoft.Resources/subscriptions/read on /subscriptions/*".to_owned(),
        ),
        (
            "GET",
            "management.azure.com/subscriptions/S/resourcegroups".to_owned(),
            "Microsoft.Resources/subscriptions/resourceGroups/read on /subscriptions/s/resourcegroups/*"
                .to_owned(),
        ),
        (
            "DELETE",
            GROUP.to_owned(),
            "Microsoft.Resources/subscriptions/resourceGroups/delete on /subscriptions/s/resourcegroups/g"
                .to_owned(),
        ),
        (
            "POST",
            group("/providers/Microsoft.Storage/storageAccounts/a/listKeys"),
            "!S/listKeys/action on \
             /subscriptions/s/resourcegroups/g/providers/microsoft.storage/storageaccounts/a"
                .to_owned(),
        ),
        (
            "PUT",
            format!("{vm}/providers/Microsoft.Authorization/roleAssignments/R"),
            format!(
                "!Microsoft.Authorization/roleAssignments/write on {id}/vm1/providers/microsoft.authorization/roleassignments/r"
            ),
        ),
        (
            "GET",
            group("/providers/Microsoft.DocumentDB/databaseAccounts/d/sqlDatabases/x/containers"),
            "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/read on \
             /subscriptions/s/resourcegroups/g/providers/microsoft.documentdb/databaseaccounts/d/sqldatabases/x/containers/*"
                .to_owned(),
        ),
        (
            "POST",
            "management.azure.com/subscriptions/S/providers/Microsoft.Compute/register".to_owned(),
            "Microsoft.Compute/register/action on /subscriptions/s/providers/microsoft.compute".to_owned(),
        ),
        // Azure's rule for names, for what the catalogue does not have.
        (
            "GET",
            group("/providers/Contoso.Garden/flowers/rose"),
            "Contoso.Garden/flowers/read on \
             /subscriptions/s/resourcegroups/g/providers/contoso.garden/flowers/rose"
                .to_owned(),
        ),
        (
            "POST",
            "management.azure.com/providers/Microsoft.ResourceGraph/resources".to_owned(),
            "Microsoft.ResourceGraph/resources/action on unseen".to_owned(),
        ),
    ] {
        assert_eq!(told(&at(method, &path)), [expected], "{method} {path}");
    }
}

#[test]
fn a_status_of_an_operation_needs_no_grant_and_a_guessable_name_does() {
    let status = |name: &str| {
        let path =
            "management.azure.com/subscriptions/s/providers/Microsoft.Compute/locations/westeurope";
        told(&at("GET", &format!("{path}/operations/{name}"))).remove(0)
    };
    assert!(status("12345678-1234-1234-1234-123456789012").starts_with("free "));
    assert!(!status("1").starts_with("free "));
    let made = "/providers/Microsoft.ApiManagement/service/a/apis/b/operations/12345678-1234-1234-1234-123456789012";
    assert!(!told(&at("GET", &format!("{GROUP}{made}")))[0].starts_with("free "));
    assert!(!status("12345678-1234-1234-1234-123456789012/x").starts_with("free "));
    let disk = "management.azure.com/subscriptions/s/providers/Microsoft.Compute/locations/w/DiskOperations/\
                12345678-1234-1234-1234-123456789012";
    assert!(told(&at("GET", disk))[0].starts_with("!Microsoft.Compute/locations/"));
}

#[test]
fn what_can_be_read_in_two_ways_is_refused() {
    let group = |rest: &str| format!("{GROUP}{rest}{VERSION}");
    for url in [
        group("//providers/Microsoft.Compute/virtualMachines/v"),
        group("/providers/Microsoft.Compute/virtualMachines/v/"),
        group("/providers/Microsoft.Compute/virtualMachines/a%2Fb"),
        group("/providers/Microsoft.Compute/virtualMachines/a%255Cb"),
        group("/providers/Microsoft.Compute/virtualMachines/.."),
        group("/providers/Microsoft.Compute/virtualMachines/v."),
        group("/providers/Microsoft.Compute/virtualMachines/%zz"),
        group("/providers/Microsoft.Compute/virtualMachines/providers"),
        format!("{GROUP}/providers/Microsoft.Compute/virtualMachines/v"),
        group("/x") + "&api-version=2020-01-01",
        group("/x") + "&API-VERSION=2020-01-01",
        group("/x") + "&access_token=x",
        group("/x") + "&$filter=a&$Filter=b",
        format!("management.azure.com/elsewhere{VERSION}"),
        format!("management.azure.com/{VERSION}"),
        format!("westeurope.management.azure.com/subscriptions/s{VERSION}"),
        format!("management.usgovcloudapi.net/subscriptions/s{VERSION}"),
        format!("graph.microsoft.com/v1.0/me{VERSION}"),
    ] {
        assert!(is_refused(&request("GET", &url, &[], b"")), "{url}");
    }
    let vm = group("/providers/Microsoft.Compute/virtualMachines/v");
    for header in OVERRIDES.iter().chain(&TOKENS) {
        assert!(is_refused(&request("GET", &vm, &[(header, "DELETE")], b"")), "{header}");
    }
    assert!(is_refused(&request("PUT", &vm, &[("content-encoding", "gzip")], b"{}")));
    assert!(is_refused(&request("BREW", &vm, &[], b"")));
    // A POST to an item is no action that is known.
    assert!(is_refused(&request("POST", &vm, &[], b"")));
    assert!(!is_refused(&request("GET", &vm, &[], b"")));
}

#[test]
fn a_linked_resource_is_a_need_of_its_own() {
    let vm = format!("{GROUP}/providers/Microsoft.Compute/virtualMachines/v");
    let other = "/subscriptions/s/resourceGroups/other/providers";
    let linked = |body: &str| {
        let mut all = told(&with_body("PUT", &vm, body));
        all.remove(0);
        all
    };
    let lower = "/subscriptions/s/resourcegroups/other/providers";
    for (body, expected) in [
        (r#"{"location":"westeurope"}"#.to_owned(), vec![]),
        (
            format!(r#"{{"nics":[{{"id":"{other}/Microsoft.Network/networkInterfaces/n"}}]}}"#),
            vec![format!(
                "Microsoft.Network/networkInterfaces/join/action on {lower}/microsoft.network/networkinterfaces/n"
            )],
        ),
        (
            format!(
                r#"{{"identity":{{"userAssignedIdentities":{{"{other}/Microsoft.ManagedIdentity/userAssignedIdentities/i":{{}}}}}}}}"#
            ),
            vec![format!(
                "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action on \
                 {lower}/microsoft.managedidentity/userassignedidentities/i"
            )],
        ),
        (
            format!(r#"{{"disk":"{other}/Microsoft.Compute/disks/d","image":"{other}/Microsoft.Compute/images/m"}}"#),
            vec![
                format!("Microsoft.Compute/disks/write on {lower}/microsoft.compute/disks/d"),
                format!("Microsoft.Compute/images/read on {lower}/microsoft.compute/images/m"),
            ],
        ),
        (
            r#"{"id":"/subscriptions/S/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/V/extensions/e"}"#
                .to_owned(),
            vec![],
        ),
        (
            r#"{"tags":{"hidden-link:/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/w":"Resource"}}"#
                .to_owned(),
            vec!["Microsoft.Web/sites/read on /subscriptions/s/resourcegroups/g/providers/microsoft.web/sites/w".to_owned()],
        ),
        (
            r#"{"id":"\u002fsubscriptions/s/resourceGroups/other/providers/Microsoft.Compute/images/m"}"#.to_owned(),
            vec![format!("Microsoft.Compute/images/read on {lower}/microsoft.compute/images/m")],
        ),
    ] {
        assert_eq!(linked(&body), expected, "{body}");
    }
    let network = "/subscriptions/s/resourceGroups/o/providers/Microsoft.Network/virtualNetworks/w";
    let peering =
        format!("{GROUP}/providers/Microsoft.Network/virtualNetworks/v/virtualNetworkPeerings/p");
    let told_of = |path: &str, id: &str| {
        told(&with_body("PUT", path, &format!(r#"{{"id":"{id}"}}"#))).remove(1)
    };
    assert!(
        told_of(&peering, network).starts_with("Microsoft.Network/virtualNetworks/peer/action on")
    );
    let endpoint = format!("{GROUP}/providers/Microsoft.Network/privateEndpoints/e");
    let vault = "/subscriptions/s/resourceGroups/o/providers/Microsoft.KeyVault/vaults/v";
    let approval = "Microsoft.KeyVault/vaults/privateEndpointConnectionsApproval/action on";
    assert!(
        told_of(&endpoint, vault).to_ascii_lowercase().starts_with(&approval.to_ascii_lowercase())
    );
    // An identity of the own group is no part of the group for a change of the group.
    let identity = r#"{"x":"/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i"}"#;
    assert_eq!(told(&with_body("PUT", GROUP, identity)).len(), 2);
    let moved = r#"{"resources":["/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/disks/d"],"targetResourceGroup":"/subscriptions/s/resourceGroups/h"}"#;
    assert_eq!(
        told(&with_body("POST", &format!("{GROUP}/moveResources"), moved)),
        [
            "Microsoft.Resources/subscriptions/resourceGroups/moveResources/action on /subscriptions/s/resourcegroups/g",
            "Microsoft.Resources/subscriptions/resourceGroups/write on /subscriptions/s/resourcegroups/h"
        ]
    );
}

#[test]
fn a_body_that_is_not_read_in_full_is_refused() {
    let vm = format!("{GROUP}/providers/Microsoft.Compute/virtualMachines/v");
    for body in [
        r#"{"a":1,"a":2}"#,
        r#"{"id":"x","ID":"y"}"#,
        r#"{"a":"see /subscriptions/s/resourceGroups/g"}"#,
        r#"{"a":"%2Fsubscriptions%2Fs%2FresourceGroups%2Fg"}"#,
        r#"{"a":"subscriptions/s/resourceGroups/g"}"#,
        r#"{"a":"/subscriptions/s//resourceGroups/g"}"#,
        r#"{"a":"https://evil.example/subscriptions/s"}"#,
        r#"{"a":}"#,
        "{} {}",
    ] {
        assert!(is_refused(&with_body("PUT", &vm, body)), "{body}");
    }
    let cut = SeenRequest { complete: false, ..with_body("PUT", &vm, "{}") };
    assert!(is_refused(&cut));
    let xml = request("PUT", &format!("{vm}{VERSION}"), &[("content-type", "text/xml")], b"<a/>");
    assert!(is_refused(&xml));
}

#[test]
fn templates_act_on_what_they_name_and_are_refused() {
    for (method, path) in [
        ("PUT", "/providers/Microsoft.Resources/deployments/d"),
        ("POST", "/providers/Microsoft.Resources/deployments/d/validate"),
        ("POST", "/providers/Microsoft.Resources/deployments/d/whatIf"),
        ("PUT", "/deployments/d"),
        ("PUT", "/providers/Microsoft.Resources/deploymentStacks/d"),
        ("DELETE", "/providers/Microsoft.Resources/deploymentStacks/d"),
    ] {
        assert!(is_refused(&with_body(method, &format!("{GROUP}{path}"), "{}")), "{method} {path}");
    }
    assert!(!is_refused(&at(
        "GET",
        &format!("{GROUP}/providers/Microsoft.Resources/deployments/d")
    )));
}

#[test]
fn a_batch_is_read_part_by_part() {
    let batch = |body: &str| told(&with_body("POST", "management.azure.com/batch", body));
    let first = r#"{"httpMethod":"GET","url":"/subscriptions/s?api-version=2022-12-01"}"#;
    let second = r#"{"httpMethod":"DELETE","relativeUrl":"https://management.azure.com/subscriptions/s/resourceGroups/g?api-version=2022-12-01","name":"x"}"#;
    assert_eq!(
        batch(&format!(r#"{{"requests":[{first},{second}]}}"#)),
        [
            "Microsoft.Resources/subscriptions/read on /subscriptions/s",
            "Microsoft.Resources/subscriptions/resourceGroups/delete on /subscriptions/s/resourcegroups/g"
        ]
    );
    for body in [
        r#"{"requests":[]}"#.to_owned(),
        format!(r#"{{"requests":[{first}],"more":1}}"#),
        format!(r#"{{"requests":[{first},7]}}"#),
        r#"{"requests":[{"httpMethod":"GET","url":"/a","relativeUrl":"/b"}]}"#.to_owned(),
        r#"{"requests":[{"httpMethod":"GET","url":"/batch?api-version=2022-12-01"}]}"#.to_owned(),
        r#"{"requests":[{"httpMethod":"GET","url":"https://evil.example/subscriptions/s?api-version=1"}]}"#
            .to_owned(),
        r#"{"requests":[{"httpMethod":"GET","url":"/subscriptions/s?api-version=1","verb":"DELETE"}]}"#.to_owned(),
        r#"{"requests":[{"httpMethod":"GET","url":"/subscriptions/s?api-version=1","requestHeaderDetails":{"Authorization":"x"}}]}"#
            .to_owned(),
        r#"{"requests":[{"httpMethod":"GET","url":"/subscriptions/s?api-version=1","requestHeaderDetails":{"X-HTTP-Method-Override":"DELETE"}}]}"#
            .to_owned(),
        r#"{"requests":[{"httpMethod":"PUT","url":"/subscriptions/s/resourceGroups/g/deployments/d?api-version=1","content":{}}]}"#
            .to_owned(),
    ] {
        assert!(batch(&body)[0].starts_with("ambiguous"), "{body}: {:?}", batch(&body));
    }
}
