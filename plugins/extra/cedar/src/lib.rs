//! The border to the contract: converts its types to a [`Question`], and an [`Answer`] to its types.

use audex_sdk::filter::{Approval, Context, Enforcer, Filter, Grant, Plan, Restriction, Verdict};

use cedar_rules::answer::{self, Answer};
use cedar_rules::question::{Permission, Question, Stage};

struct Cedar;

impl Filter for Cedar {
    fn review(grant: Grant, context: Context, settings: String) -> Verdict {
        let permissions = permissions(&grant, None);
        let restriction = |one: answer::Restriction| Restriction {
            drop: one.drop,
            deny: one.deny,
            ..Restriction::because(&one.reason)
        };
        match answer::review(&question(&grant, &permissions, &context, Stage::Request), &settings) {
            Answer::Pass => Verdict::Pass,
            Answer::Restrict(list) => {
                Verdict::Restrict(list.into_iter().map(restriction).collect())
            }
            Answer::Refuse(why) => Verdict::Refuse(why),
        }
    }

    fn approve(grant: Grant, plan: Plan, context: Context, settings: String) -> Approval {
        let permissions = permissions(&grant, Some(&plan));
        let stage =
            Stage::Plan { method: &plan.method, longest_life_seconds: plan.longest_life_seconds };
        match answer::approve(&question(&grant, &permissions, &context, stage), &settings) {
            Ok(()) => Approval::Approve,
            Err(why) => Approval::Refuse(why),
        }
    }
}

fn question<'a>(
    grant: &'a Grant,
    permissions: &'a [Permission],
    context: &'a Context,
    stage: Stage<'a>,
) -> Question<'a> {
    Question {
        provider: &grant.provider,
        permissions,
        deny: &grant.deny,
        ttl_seconds: grant.ttl_seconds,
        session: &grant.session,
        user: &context.user,
        command: &context.command,
        now: context.now,
        profiles: &context.profiles,
        justification: context.justification.as_deref(),
        stage,
    }
}

fn permissions(grant: &Grant, plan: Option<&Plan>) -> Vec<Permission> {
    let enforced = |by| match by {
        Enforcer::Cloud => "cloud",
        Enforcer::Gateway => "gateway",
        Enforcer::Token => "token",
        Enforcer::None => "none",
    };
    let all = grant.permissions.iter().enumerate();
    all.map(|(place, one)| Permission {
        action: one.action.clone(),
        origin: one.origin.clone(),
        resources: one.resources.named().to_vec(),
        enforced_by: plan
            .and_then(|plan| plan.permissions.get(place))
            .map(|planned| enforced(planned.enforced_by).to_owned()),
    })
    .collect()
}

audex_sdk::filter!(Cedar);
