//! Access in office hours, and with a ticket.
//!
//! `review` removes permissions before there is a plan: outside office hours everything except the actions of
//! `always`, and any time after closing. `approve` sees the plan and asks for a ticket, so a preview
//! (`tryaudex policies show`) needs none.

mod office;

use audex_sdk::filter::{Approval, Context, Filter, Grant, Plan, Restriction, Verdict};
use audex_sdk::pattern::{covers, matches};

use office::{Office, Settings};

struct HoursAndTickets;

impl Filter for HoursAndTickets {
    fn review(grant: Grant, context: Context, settings: String) -> Verdict {
        let Settings { office, always, .. } = match Settings::read(&settings) {
            Ok(settings) => settings,
            Err(reason) => return Verdict::Refuse(reason),
        };
        let Office::Open { closes_in } = office.at(context.now) else {
            let kept =
                |action: &str| always.iter().any(|pattern| covers(&fold(pattern), &fold(action)));
            let taken =
                (0..).zip(&grant.permissions).filter(|(_, permission)| !kept(&permission.action));
            let drop: Vec<u32> = taken.map(|(position, _)| position).collect();
            if drop.is_empty() {
                return Verdict::Pass;
            }
            return restrict(drop, None, &format!("the office is closed ({office})"));
        };
        if closes_in >= grant.ttl_seconds {
            return Verdict::Pass;
        }
        // Actions that are allowed at any time get the shorter lifetime too: one grant has one lifetime.
        restrict(vec![], Some(closes_in), &format!("the office closes then ({office})"))
    }

    fn approve(_grant: Grant, _plan: Plan, context: Context, settings: String) -> Approval {
        let Settings { tickets, .. } = match Settings::read(&settings) {
            Ok(settings) => settings,
            Err(reason) => return Approval::Refuse(reason),
        };
        let said = context.justification.unwrap_or_default();
        let ticket =
            said.split_whitespace().next().unwrap_or_default().trim_end_matches([':', ',']);
        if tickets.is_empty() || tickets.iter().any(|pattern| matches(pattern, ticket)) {
            return Approval::Approve;
        }
        let wanted = tickets.join("`, `");
        Approval::Refuse(format!(
            "a ticket is needed (`{wanted}`): --justification \"TICKET: why\""
        ))
    }
}

/// Folds case, as AWS and Azure ignore it; for a cloud that does not, the filter keeps no more than `always`
/// means.
fn fold(text: &str) -> String {
    text.to_lowercase()
}

fn restrict(drop: Vec<u32>, max_ttl_seconds: Option<u32>, reason: &str) -> Verdict {
    Verdict::Restrict(vec![Restriction { drop, max_ttl_seconds, ..Restriction::because(reason) }])
}

audex_sdk::filter!(HoursAndTickets);

#[cfg(test)]
mod tests {
    use audex_sdk::fake::{context, grant};
    use audex_sdk::filter::{Enforcer, Planned};

    use super::*;

    const SETTINGS: &str = r#"{"from":"08:00","until":"18:00","time_zone":"+01:00","always":["s3:Get*"],"tickets":["OPS-?*"]}"#;
    /// Friday, 27 November 2026, 16:50 UTC: ten minutes before closing.
    const FRIDAY: u64 = 1_795_798_200;

    fn review(now: u64, actions: &[&str]) -> Verdict {
        HoursAndTickets::review(
            grant("aws", actions),
            Context { now, ..context() },
            SETTINGS.into(),
        )
    }

    fn approve(justification: Option<&str>) -> Approval {
        let planned =
            Planned { action: "s3:GetObject".into(), enforced_by: Enforcer::Cloud, note: None };
        let (method, policy) = ("assume-role".into(), None);
        let plan = Plan { method, policy, permissions: vec![planned], longest_life_seconds: 900 };
        let context = Context { justification: justification.map(String::from), ..context() };
        HoursAndTickets::approve(grant("aws", &["s3:GetObject"]), plan, context, SETTINGS.into())
    }

    #[test]
    fn access_in_office_hours_ends_when_the_office_closes() {
        assert!(matches!(review(FRIDAY - 3600, &["s3:PutObject"]), Verdict::Pass));
        let Verdict::Restrict(list) = review(FRIDAY, &["s3:PutObject"]) else {
            panic!("it passes")
        };
        assert_eq!((list[0].drop.len(), list[0].max_ttl_seconds), (0, Some(600)));
    }

    #[test]
    fn outside_of_hours_only_what_is_always_allowed_is_left() {
        for closed in [FRIDAY + 600, FRIDAY + 86_400, FRIDAY - 9 * 3600 - 51 * 60] {
            let Verdict::Restrict(list) = review(closed, &["S3:getobject", "s3:*", "s3:PutObject"])
            else {
                panic!("{closed} passes")
            };
            assert_eq!(list[0].drop, [1, 2], "{closed}");
        }
        assert!(matches!(review(FRIDAY + 600, &["s3:GetObject"]), Verdict::Pass));
    }

    #[test]
    fn a_plan_is_approved_with_a_ticket_only() {
        assert!(matches!(approve(Some("OPS-12: rotate keys")), Approval::Approve));
        for none in [None, Some(""), Some("rotate OPS-12"), Some("OPS-"), Some("ops-12")] {
            assert!(matches!(approve(none), Approval::Refuse(_)), "{none:?}");
        }
    }

    #[test]
    fn settings_that_cannot_be_read_refuse() {
        for wrong in [
            "",
            "{\"form\":\"08:00\"}",
            r#"{"from":"25:00","until":"26:00"}"#,
            r#"{"days":["moon"]}"#,
        ] {
            let verdict = HoursAndTickets::review(grant("aws", &["x"]), context(), wrong.into());
            assert!(matches!(verdict, Verdict::Refuse(_)), "{wrong}");
        }
    }
}
