//! The rules by which a gateway decides, from the policy of the session's credentials and the grant.

use audex_components::provider::{Effect, Grant, Scope, Statement};
use audex_gateway::decide::{Rule, Rules};
use audex_sdk::pattern;

/// Returns the rules for one grant. `statements` are those of its policy; `forbidden` has every pattern of the
/// deny lists for the provider.
pub(super) fn rules(statements: Vec<Statement>, grant: &Grant, forbidden: &[String]) -> Rules {
    let mut rules = Rules::default();
    for statement in statements {
        let resources = match statement.resources {
            Scope::Every => None,
            Scope::These(named) => Some(named),
            Scope::Unseen => Some(Vec::new()),
        };
        let rule = Rule { actions: statement.actions, resources };
        match (statement.effect, statement.undecided) {
            // The cloud judges the conditions.
            (Effect::Allow, _) => rules.allow.push(rule),
            (Effect::Deny, None) => rules.deny.push(rule),
            (Effect::Deny | Effect::Limit, _) => {}
        }
    }
    for permission in &grant.permissions {
        rules.granted.push(permission.action.clone());
        let is_named = permission.origin.eq_ignore_ascii_case(&permission.action);
        if is_named && !pattern::is_wild(&permission.action) {
            rules.named.push(permission.action.clone());
        }
    }
    // Security: the deny lists count as they are, however the policy is written.
    rules.denied = grant.deny.iter().chain(forbidden).cloned().collect();
    rules.denied.sort_unstable();
    rules.denied.dedup();
    rules
}

/// Returns a notice about the conditions of the policy, which only the cloud judges.
pub(super) fn left_to_the_cloud(statements: &[Statement]) -> Option<String> {
    let mut reasons: Vec<&str> =
        statements.iter().filter_map(|one| one.undecided.as_deref()).collect();
    reasons.sort_unstable();
    reasons.dedup();
    (!reasons.is_empty())
        .then(|| format!("the gateway leaves to the cloud what holds {}", reasons.join("; ")))
}

#[cfg(test)]
mod tests {
    use audex_components::provider::Permission;

    use super::*;

    fn statement(effect: Effect, undecided: Option<&str>) -> Statement {
        Statement {
            effect,
            actions: vec!["s3:*".to_owned()],
            resources: Scope::Every,
            undecided: undecided.map(str::to_owned),
            source: String::new(),
        }
    }

    #[test]
    fn a_denial_under_conditions_is_left_to_the_cloud_and_every_other_counts() {
        let statements = || {
            vec![
                statement(Effect::Allow, Some("under conditions (aws:MultiFactorAuthPresent)")),
                statement(Effect::Deny, None),
                statement(Effect::Deny, Some("under conditions (aws:RequestedRegion)")),
            ]
        };
        let permission = |action: &str, origin: &str| Permission {
            action: action.to_owned(),
            origin: origin.to_owned(),
            resources: Scope::Every,
        };
        let grant = Grant {
            provider: "aws".to_owned(),
            permissions: vec![
                permission("s3:GetObject", "s3:getobject"),
                permission("s3:PutObject", "storage:write"),
                permission("ecr:*", "ecr:*"),
            ],
            deny: vec!["s3:Delete*".to_owned()],
            ttl_seconds: 900,
            session: "s".to_owned(),
            gateway: false,
        };
        let forbidden = ["iam:*".to_owned(), "s3:Delete*".to_owned()];
        let rules = rules(statements(), &grant, &forbidden);
        assert_eq!((rules.allow.len(), rules.deny.len()), (1, 1));
        assert_eq!(rules.named, ["s3:GetObject"]);
        assert_eq!(rules.granted.len(), 3);
        assert_eq!(rules.denied, ["iam:*", "s3:Delete*"]);
        assert_eq!(
            left_to_the_cloud(&statements()).as_deref(),
            Some(
                "the gateway leaves to the cloud what holds under conditions (aws:MultiFactorAuthPresent); under conditions (aws:RequestedRegion)"
            )
        );
        assert_eq!(left_to_the_cloud(&[statement(Effect::Allow, None)]), None);
    }
}
