//! An explanation as text and as JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{Denial, RefusedBy, Step};
use audex_core::printable::line;

/// Returns explanations with their next steps as text.
#[must_use]
pub fn text(explained: &[(Denial, Vec<Step>)]) -> String {
    let mut text = String::new();
    for (index, (denial, steps)) in explained.iter().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        let mut row = |name: &str, value: &str| {
            // Security: a line break in a name could forge a line.
            let _ = writeln!(text, "{name:10}  {}", line(value));
        };
        row("missing", denial.action.as_deref().unwrap_or("not named"));
        if let Some(resource) = &denial.resource {
            row("on", resource);
        }
        if let Some(principal) = &denial.principal {
            row("for", principal);
        }
        row("refused by", &refused_by(denial));
        for step in steps {
            row("next", &step.text);
            if let Some(command) = &step.command {
                row("", command);
            }
        }
    }
    text
}

/// Returns explanations with their next steps as JSON.
#[must_use]
pub fn json(explained: &[(Denial, Vec<Step>)], session: Option<&str>) -> Value {
    let denials = explained.iter().map(|(denial, steps)| {
        json!({
            "provider": denial.provider, "action": denial.action, "resource": denial.resource,
            "principal": denial.principal, "refused_by": denial.refused_by,
            "explicit": denial.explicit, "rule": denial.rule, "encoded": denial.encoded,
            "because": refused_by(denial), "next": steps,
        })
    });
    json!({ "session": session, "denials": denials.collect::<Vec<_>>() })
}

/// Returns who refused, and by which kind of rule.
fn refused_by(denial: &Denial) -> String {
    let (who, nothing) = match denial.refused_by {
        RefusedBy::Cloud => ("the cloud", "the message does not say by which policy"),
        RefusedBy::Gateway => ("the gateway", "the session's grant does not allow it"),
        RefusedBy::GatewayUnread => ("the gateway", "it does not forward what it cannot read"),
        RefusedBy::Limit => ("the gateway", "a limit of the session is used up"),
        RefusedBy::Credentials => {
            ("the gateway", "a reply with credentials needs the full name of the permission")
        }
        RefusedBy::Filter => ("a filter or a deny list of this machine", ""),
        RefusedBy::Grant => {
            ("the session's own policy", "the grant that Audex asked for does not allow it")
        }
        RefusedBy::Role => ("the role or the user", "no policy or role assignment of it allows it"),
        RefusedBy::Boundary => ("a permissions boundary", "it does not allow it"),
        RefusedBy::ResourcePolicy => ("the policy of the resource", "it does not allow it"),
        RefusedBy::ServiceControlPolicy => ("a service control policy", "none allows it"),
        RefusedBy::ResourceControlPolicy => ("a resource control policy", "none allows it"),
        RefusedBy::VpcEndpoint => ("the policy of a VPC endpoint", "it does not allow it"),
        RefusedBy::TrustPolicy => ("the trust policy of the role", "it does not allow it"),
        RefusedBy::TokenScope => ("the scopes of the access token", ""),
        RefusedBy::ServicePerimeter => ("a service perimeter (VPC Service Controls)", ""),
        RefusedBy::DenyAssignment => ("a deny assignment", ""),
        RefusedBy::AzurePolicy => ("an Azure policy", ""),
        RefusedBy::Lock => ("a lock on the resource", ""),
        RefusedBy::VaultPolicy => ("the policies of the Vault token", "none allows it"),
    };
    let why = match denial.refused_by {
        RefusedBy::Cloud | RefusedBy::Role | RefusedBy::Grant if denial.explicit => {
            "a rule denies it"
        }
        RefusedBy::Limit | RefusedBy::Credentials | RefusedBy::GatewayUnread => nothing,
        _ if denial.explicit && !nothing.is_empty() => "a rule in it denies it",
        _ => nothing,
    };
    let mut text = who.to_owned();
    if !why.is_empty() {
        let _ = write!(text, ": {why}");
    }
    if let Some(rule) = &denial.rule {
        let _ = write!(text, " (`{rule}`)");
    }
    text
}
