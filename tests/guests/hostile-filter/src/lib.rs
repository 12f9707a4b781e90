//! A filter that fails in every way a filter can.

use audex_sdk::filter::{
    Approval, Context, Delivery, Filter, Grant, Isolation, Plan, Restriction, Verdict,
};

#[path = "../../case.rs"]
mod case;
#[cfg(target_os = "wasi")]
#[path = "../../wasi.rs"]
mod wasi;

struct Hostile;

impl Filter for Hostile {
    fn review(_grant: Grant, context: Context, settings: String) -> Verdict {
        let because = || Restriction::because("a reason");
        let restrict =
            |drop, deny| Verdict::Restrict(vec![Restriction { drop, deny, ..because() }]);
        let isolated = |least| {
            Verdict::Restrict(vec![Restriction { min_isolation: Some(least), ..because() }])
        };
        let delivered =
            |only| Verdict::Restrict(vec![Restriction { delivery: Some(only), ..because() }]);
        let case = case::case();
        case::play(&case);
        #[cfg(target_os = "wasi")]
        if let Some(found) = wasi::play(&case) {
            return Verdict::Refuse(found);
        }
        if let Some(more) = &context.step_up {
            match case.strip_prefix("step-up-") {
                Some("refuse") => {
                    let (granted, why) = (more.granted.len(), more.reason.as_deref());
                    let why = why.unwrap_or("no reason");
                    return Verdict::Refuse(format!("nothing beside {granted} permission: {why}"));
                }
                Some("drop") => return restrict(vec![0], vec![]),
                Some(case) => case::play(case),
                None => {}
            }
        }
        match case.as_str() {
            "settings" => Verdict::Refuse(settings),
            "refuse" => Verdict::Refuse("closed today".to_owned()),
            "isolated" => isolated(Isolation::Strict),
            "not-isolated" => isolated(Isolation::Off),
            "by-gateway" => delivered(Delivery::Gateway),
            "by-file" => delivered(Delivery::File),
            "drop-missing" => restrict(vec![4_000_000_000], vec![]),
            "drop-all" => restrict(vec![0], vec![]),
            "deny" => restrict(vec![], vec!["s3:Delete*".to_owned()]),
            "deny-misspelt" => restrict(
                vec![],
                [
                    "s3:DeletBucket",
                    "s3:Deleet?Buck*",
                    "s3:DeleteO*",
                    "s3:Put* ",
                    "s3:PutA*,s3:PutB*",
                    "*:DelteBucket",
                    "*:DeleteBucket",
                ]
                .map(String::from)
                .to_vec(),
            ),
            "deny-hidden" => restrict(vec![], vec!["s3:Get\u{200b}Object".to_owned()]),
            "deny-long" => restrict(vec![], vec![format!("s3:Get{}Object", "*".repeat(2000))]),
            "long-answer" => restrict(vec![], vec!["s3:DeleteObject".to_owned(); 1_000_000]),
            "many" => restrict(vec![], (0..200_000).map(|n| n.to_string()).collect()),
            "drop-often" => restrict(vec![0; 1_000_000], vec![]),
            "control" => Verdict::Refuse("a\u{1b}[2Jb\nnotice: forged \u{202e}c".to_owned()),
            _ => Verdict::Pass,
        }
    }

    fn approve(_grant: Grant, plan: Plan, _context: Context, _settings: String) -> Approval {
        let case = case::case();
        let case = case.strip_prefix("approve-").unwrap_or_default();
        case::play(case);
        match case {
            "assume" if plan.method == "assume-role" => {
                Approval::Refuse("no assume-role".to_owned())
            }
            "other" if plan.method == "other" => Approval::Refuse("nothing else".to_owned()),
            "refuse" => Approval::Refuse(format!("no {} today", plan.method)),
            "control" => Approval::Refuse("a\u{1b}[2Jb\nnotice: forged \u{202e}c".to_owned()),
            "long-answer" => Approval::Refuse("n".repeat(20 << 20)),
            _ => Approval::Approve,
        }
    }
}

audex_sdk::filter!(Hostile);
