//! A filter that drops every permission to delete.

use audex_sdk::filter::{Filter, Grant, Restriction, Verdict};

struct NoDeletes;

impl Filter for NoDeletes {
    fn review(grant: Grant, _command: Vec<String>, _settings: String) -> Verdict {
        let deletes = |action: &str| action.to_lowercase().contains(":delete");
        let asked = (0..).zip(&grant.permissions);
        let drop: Vec<u32> = asked.filter(|(_, asked)| deletes(&asked.action)).map(|(at, _)| at).collect();
        if drop.is_empty() {
            return Verdict::Pass;
        }
        let reason = "this team deletes by ticket".to_owned();
        Verdict::Restrict(vec![Restriction { drop, deny: vec![], max_ttl_seconds: None, reason }])
    }
}

audex_sdk::filter!(NoDeletes);
