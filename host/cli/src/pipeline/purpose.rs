//! The text that states the purpose of a session in the cloud's own log: the session, the agent, the user's
//! reason.

use audex_core::agent::agent;
use audex_core::environment::Environment;
use audex_core::redact::redact_text;

/// Returns `audex session=ID agent=NAME justification=TEXT`, without the parts that are not known.
///
/// The reason comes last, because it may contain anything. Security: the reason is redacted like free text in
/// the audit log.
pub(super) fn purpose(
    environment: &Environment,
    session: &str,
    justification: Option<&str>,
) -> String {
    let mut purpose = format!("audex session={session}");
    if let Some(name) = agent(environment).filter(|name| redact_text(name) == *name) {
        purpose.push_str(" agent=");
        purpose.push_str(name);
    }
    if let Some(reason) = justification {
        purpose.push_str(" justification=");
        purpose.push_str(&redact_text(reason));
    }
    purpose
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)], justification: Option<&str>) -> String {
        purpose(&Environment::from_pairs(variables.iter().copied()), "audex-1", justification)
    }

    #[test]
    fn what_is_known_is_said_in_order() {
        assert_eq!(of(&[], None), "audex session=audex-1");
        let all = of(&[("CLAUDECODE", "1")], Some("fix agent=x, ticket 7"));
        assert_eq!(
            all,
            "audex session=audex-1 agent=claude-code justification=fix agent=x, ticket 7"
        );
    }

    #[test]
    fn a_secret_in_the_reason_or_the_agent_is_not_said() {
        for secret in [
            "AKIAIOSFODNN7EXAMPLE",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEK1Y",
            "ghp_0123456789abcdefghij",
            "hvs.CAESIJ0123456789abcdef",
        ] {
            let said =
                of(&[("AI_AGENT", secret)], Some(&format!("with {secret}, password=hunter2")));
            let expected =
                "audex session=audex-1 justification=with [redacted], password=[redacted]";
            assert_eq!(said, expected, "{secret}");
        }
        // Words in lower case have the shape of a name; the prefix identifies this one as a secret.
        assert_eq!(of(&[("AGENT", "ghp_0123456789-abcdefghij")], None), "audex session=audex-1");
    }
}
