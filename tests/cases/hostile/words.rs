//! The words of a component reach no terminal unchanged.

use super::table::WORDS;
use super::*;

#[test]
fn the_words_of_a_provider_are_harmless() {
    play(WORDS, run_provider);
}

#[test]
fn results_of_a_component_cannot_act_on_the_terminal() {
    let mut sandbox = sandbox();
    let _ = Guest::of("hostile-provider")
        .playing("describe-control")
        .install(&mut sandbox, GRANTS)
        .success();
    let list = sandbox.run(["policies", "list", "--provider", "hostile"]).success();
    let show =
        sandbox.run(["policies", "show", "hostile-reader", "--provider", "hostile"]).success();
    let health = sandbox.run(["health", "--check", "hostile"]).success();
    let _ = Guest::of("hostile-provider")
        .playing("plan-control")
        .install(&mut sandbox, GRANTS)
        .success();
    let plan = sandbox.run(["plan", "--provider", "hostile", "--allow", "s3:GetObject"]).success();
    let json = sandbox
        .run(["plan", "--provider", "hostile", "--allow", "s3:GetObject", "--json"])
        .success();
    for output in [list, show, health, plan, json] {
        assert!(
            !output.stdout.contains(|c: char| c.is_control() && c != '\n'),
            "{}",
            output.stdout
        );
        assert!(
            !output.stdout.lines().any(|line| line.to_lowercase().starts_with("forged")),
            "{}",
            output.stdout
        );
    }
}
