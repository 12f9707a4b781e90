//! `learn` without permissions, which takes the broadest of the provider.

use super::learn;
use crate::support::Sandbox;

#[test]
fn an_attempt_without_permissions_is_recorded_if_its_provider_cannot_be_opened() {
    let sandbox = Sandbox::new();
    let failed = learn(&sandbox, &["--provider", "nimbus"], "echo ran").exits(2);
    assert!(failed.stderr.contains("nimbus"), "{}", failed.stderr);
    assert_eq!(sandbox.events(), ["failed"]);
    assert_eq!(sandbox.audit()[0]["command"][0], "sh", "{:?}", sandbox.audit());
}

#[test]
fn the_broadest_permissions_are_named_if_the_user_names_none() {
    let sandbox = Sandbox::new();
    let said = "notice: without --allow or --profile, the command runs with the broadest permissions of `aws`: --allow ";
    let broad = learn(&sandbox, &[], "true").success();
    assert!(broad.stderr.contains(said), "{}", broad.stderr);
    let named = learn(&sandbox, &["--allow", "s3:GetObject"], "true").success();
    assert!(!named.stderr.contains(said), "{}", named.stderr);
}
