//! A filter that drops every permission to delete, and forbids the deletes that a wildcard covers.

use audex_sdk::filter::{Context, Filter, Grant, Permission, Restriction, Verdict};
use audex_sdk::pattern::{covers, intersects};

struct NoDeletes;

impl Filter for NoDeletes {
    fn review(grant: Grant, _context: Context, _settings: String) -> Verdict {
        let verb =
            |one: &Permission| one.action.rsplit(':').next().unwrap_or_default().to_lowercase();
        let asked = |is: fn(&str, &str) -> bool, one: &Permission| is("delete*", &verb(one));
        let (mut drop, mut deny) = (vec![], vec![]);
        for (at, one) in (0..).zip(&grant.permissions).filter(|(_, one)| asked(intersects, one)) {
            // `s3:*` covers more than deletes: the permission stays, and the cloud is told to deny the
            // deletes.
            if asked(covers, one) { drop.push(at) } else { deny = vec!["*:Delete*".to_owned()] }
        }
        if drop.is_empty() && deny.is_empty() {
            return Verdict::Pass;
        }
        Verdict::Restrict(vec![Restriction {
            drop,
            deny,
            ..Restriction::because("this team deletes by ticket")
        }])
    }
}

audex_sdk::filter!(NoDeletes);
