//! What a provider was not granted it cannot use, and what it was granted the command does not get.

use super::*;

#[test]
fn the_command_does_not_get_what_a_provider_mints_from() {
    let mut sandbox = sandbox();
    let _ = Guest::of("hostile-provider").install(&mut sandbox, GRANTS).success();
    let run = sandbox.run_sh(
        &["--provider", "hostile", "--allow", "s3:GetObject"],
        "echo ${HOSTILE_SOURCE-none}",
    );
    assert_eq!(run.success().stdout, "none\n");
}

/// A run ends when the component reaches for `slot:aws`, and STS was asked nothing.
fn uses_what_it_was_not_granted(sandbox: &Sandbox) {
    let output = sandbox
        .run(["run", "--provider", "hostile", "--allow", "s3:GetObject", "--", "touch", "ran"])
        .exits(70);
    assert!(
        output
            .stderr
            .contains("failed in phase call: it used `slot:aws`, which was not granted to it"),
        "{}",
        output.stderr
    );
    assert_eq!(asked(sandbox), [""; 0]);
}

#[test]
fn what_was_not_granted_cannot_be_used() {
    let mut sandbox = sandbox();
    // The same component, whose manifest does not ask for the credentials that it uses.
    let guest =
        Guest::of("hostile-provider").replacing("capability slot:aws", "no-capable slot:aws");
    let _ = guest.install(&mut sandbox, &GRANTS[1..]).success();
    uses_what_it_was_not_granted(&sandbox);
}

#[test]
fn keys_that_a_reply_gave_lead_to_no_cloud_that_was_not_granted() {
    let mut sandbox = sandbox();
    let server = Answerer::scripted(&[("200 OK", "{\"you\":\"planted-words-for-elsewhere\"}")]);
    let config = format!("[endpoints]\n\"api.example.com\" = \"{}\"\n", server.endpoint);
    let _ = sandbox.plant(".config/audex/config.toml", config);
    let guest = Guest::of("hostile-provider").playing("mint-http-federate");
    let guest = guest.replacing("capability slot:aws", "no-capable slot:aws");
    let _ = guest.install(&mut sandbox, &GRANTS[1..]).success();
    uses_what_it_was_not_granted(&sandbox);
}

#[test]
fn a_health_check_makes_no_session_that_can_do_anything() {
    let mut sandbox = sandbox();
    let _ = Guest::of("hostile-provider")
        .playing("health-wider")
        .install(&mut sandbox, GRANTS)
        .success();
    let output = sandbox.run(["health", "--check", "hostile"]).exits(70);
    assert!(
        output.stderr.contains("a policy outside the grant was asked of STS: `*`"),
        "{}",
        output.stderr
    );
    assert_eq!(asked(&sandbox), [""; 0]);
}
