//! A grant that one policy cannot hold, in a session with a gateway: a first part is minted at once, each other one
//! when a request first needs it.
//!
//! Security: filters saw the whole grant. Each part takes the whole chain once more, as a step-up does, and its
//! credentials can do what it holds and nothing else.

use audex_components::provider::{Permission, Provider, ProviderError, Scope};
use audex_gateway::decide::{Need, On};
use audex_sdk::pattern;
use deny_entry::fold;

use crate::asks::Wanted;
use crate::filter::Grant;

/// The error code of a provider whose policy has no room for a grant.
const TOO_LONG: &str = "policy-too-long";
/// The characters of permissions and resources in one part. STS takes 2,048 of a whole policy; what the policy
/// adds, and denies, need the rest.
const PART_CHARACTERS: usize = 1500;
/// The characters around one item of a policy.
const AROUND: usize = 3;

/// The parts of a grant that are minted when a request first needs them.
#[derive(Clone, Debug, Default)]
pub struct Later {
    parts: Vec<Vec<Permission>>,
    /// Every permission of the grant, those of the first part too.
    whole: Vec<Permission>,
}

impl Later {
    /// Takes out of `grant` what one policy of `provider` has no room for.
    ///
    /// # Errors
    /// When the provider fails, or one permission alone has no room.
    pub(crate) fn split(grant: &mut Grant, provider: &Provider) -> Result<Self, ProviderError> {
        let shown = grant.shown();
        let fits = |permissions: &[Permission]| {
            let part = audex_components::provider::Grant {
                permissions: permissions.to_vec(),
                ..grant.lasting(shown.ttl_seconds)
            };
            match provider.plan(&part) {
                Err(error) if Self::is_too_long(&error) => Ok(false),
                Err(error @ ProviderError::Plugin(_)) => Err(error),
                // Any other refusal is the plan's own.
                _ => Ok(true),
            }
        };
        let whole = &shown.permissions;
        if whole.iter().map(characters).sum::<usize>() <= PART_CHARACTERS || fits(whole)? {
            return Ok(Self::default());
        }
        let mut waiting = pieces(whole);
        waiting.reverse();
        let mut parts: Vec<Vec<Permission>> = Vec::new();
        while let Some(mut part) = waiting.pop() {
            if part.len() > 1 && !fits(&part)? {
                waiting.push(part.split_off(part.len() / 2));
                waiting.push(part);
            } else {
                parts.push(part);
            }
        }
        let whole = whole.clone();
        let first = parts.first().map_or(0, Vec::len);
        grant.put_off(first);
        Ok(Self { parts: parts.split_off(1.min(parts.len())), whole })
    }

    /// Returns true if the provider's policy has no room for a grant.
    pub(crate) fn is_too_long(error: &ProviderError) -> bool {
        matches!(error, ProviderError::Refused { error, .. } if error.code == TOO_LONG)
    }

    /// Returns every permission of the grant; none if it has no parts.
    pub(crate) fn whole(&self) -> &[Permission] {
        &self.whole
    }

    /// Returns a notice about the parts, if there are any.
    pub(crate) fn notice(&self) -> Option<String> {
        let later: usize = self.parts.iter().map(Vec::len).sum();
        (later > 0).then(|| {
            format!(
                "one policy has no room for the grant: {later} of {} permissions are minted when a request first needs \
                 them, in {} sets that each hold a part",
                self.whole.len(),
                self.parts.len()
            )
        })
    }

    /// Returns the permissions to mint for a call, if the grant has all that the call needs: the part that holds
    /// them, or, if no part does, those of the call alone.
    pub(crate) fn wanted(&self, needs: &[Need]) -> Option<Vec<Wanted>> {
        let needs: Vec<&Need> = needs.iter().filter(|need| !need.free).collect();
        let all = |part: &[Permission]| {
            needs.iter().all(|need| part.iter().any(|held| allows(held, &need.action, &need.on)))
        };
        let yields =
            needs.iter().any(|need| need.yields_credentials && !self.is_named(&need.action));
        if self.parts.is_empty() || needs.is_empty() || yields || !all(&self.whole) {
            return None;
        }
        let Some(part) = self.parts.iter().find(|part| all(part)) else {
            return Some(needs.into_iter().map(of_need).collect());
        };
        let wanted =
            |held: &Permission| Wanted::new(held.action.clone(), held.resources.named().to_vec());
        Some(part.iter().map(wanted).collect())
    }

    /// Returns true if the grant has all of `wanted`, so that nobody has to be asked again.
    pub(crate) fn grants(&self, wanted: &[Wanted]) -> bool {
        let is_held = |one: &Wanted| {
            let on = match one.resources.as_slice() {
                [] => On::Every,
                named => On::These(named.to_vec()),
            };
            self.whole.iter().any(|held| allows(held, &one.action, &on))
        };
        !self.parts.is_empty() && wanted.iter().all(is_held)
    }

    /// Returns true if the grant has this action by its full name.
    ///
    /// Security: a reply that carries credentials is allowed only then, and what is minted later is named in full.
    pub(crate) fn is_named(&self, action: &str) -> bool {
        self.whole.iter().any(|held| {
            held.action.eq_ignore_ascii_case(action) && held.origin.eq_ignore_ascii_case(action)
        })
    }
}

/// Returns true if `held` has all of `wanted`.
pub(crate) fn covers(held: &Permission, wanted: &Permission) -> bool {
    let on = match &wanted.resources {
        Scope::These(named) => On::These(named.clone()),
        Scope::Every | Scope::Unseen => On::Every,
    };
    allows(held, &wanted.action, &on)
}

fn allows(held: &Permission, action: &str, on: &On) -> bool {
    let reaches = match (&held.resources, on) {
        (Scope::Every, _) => true,
        (Scope::These(own), On::These(named)) => {
            named.iter().all(|one| own.iter().any(|wide| pattern::covers(wide, one)))
        }
        _ => false,
    };
    reaches && pattern::covers(&fold(&held.action), &fold(action))
}

fn of_need(need: &Need) -> Wanted {
    let resources = match &need.on {
        On::These(named) => named.clone(),
        On::Every | On::Unseen => Vec::new(),
    };
    Wanted::new(need.action.clone(), resources)
}

/// Returns the permissions in pieces of about the size of a part; those of one service stay together if a piece
/// has room for them.
fn pieces(whole: &[Permission]) -> Vec<Vec<Permission>> {
    let service = |one: &Permission| {
        one.action.split([':', '.', '/']).next().unwrap_or_default().to_ascii_lowercase()
    };
    let size = |permissions: &[Permission]| permissions.iter().map(characters).sum::<usize>();
    let mut pieces: Vec<Vec<Permission>> = Vec::new();
    let mut used = 0;
    for group in whole.chunk_by(|one, other| service(one) == service(other)) {
        let is_whole = size(group) <= PART_CHARACTERS;
        for one in if is_whole { vec![group] } else { group.chunks(1).collect() } {
            let size = size(one);
            if let Some(piece) = pieces.last_mut().filter(|_| used + size <= PART_CHARACTERS) {
                piece.extend_from_slice(one);
            } else {
                pieces.push(one.to_vec());
                used = 0;
            }
            used += size;
        }
    }
    pieces
}

fn characters(one: &Permission) -> usize {
    let resources = one.resources.named().iter().map(|named| named.len() + AROUND).sum::<usize>();
    one.action.len() + AROUND + resources
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permission(action: &str, resources: &[&str]) -> Permission {
        let named: Vec<String> = resources.iter().map(|&one| one.to_owned()).collect();
        let resources = if named.is_empty() { Scope::Every } else { Scope::These(named) };
        Permission { action: action.to_owned(), origin: "profile".to_owned(), resources }
    }

    fn need(action: &str, on: On) -> Need {
        Need { action: action.to_owned(), on, yields_credentials: false, free: false, uses: 1 }
    }

    fn later() -> Later {
        let first = [permission("iam:List*", &[])];
        let parts = vec![
            vec![permission("s3:Get*", &["arn:aws:s3:::b/*"]), permission("s3:List*", &[])],
            vec![permission("sqs:Get*", &[])],
        ];
        Later { whole: [&first[..], &parts.concat()].concat(), parts }
    }

    fn actions(wanted: Option<Vec<Wanted>>) -> Option<Vec<String>> {
        wanted.map(|all| all.into_iter().map(|one| one.action).collect())
    }

    #[test]
    fn a_call_gets_the_part_that_holds_all_it_needs() {
        let on = |name: &str| On::These(vec![name.to_owned()]);
        let get = need("s3:GetObject", on("arn:aws:s3:::b/k"));
        let list = need("s3:ListBucket", on("arn:aws:s3:::c"));
        let found = actions(later().wanted(&[get.clone(), list]));
        assert_eq!(found.unwrap(), ["s3:Get*", "s3:List*"]);
        // Of two parts: the permissions of the call alone.
        let both = actions(later().wanted(&[get, need("sqs:GetQueueUrl", On::Every)]));
        assert_eq!(both.unwrap(), ["s3:GetObject", "sqs:GetQueueUrl"]);
    }

    #[test]
    fn what_the_grant_does_not_have_is_not_minted() {
        let on = |name: &str| On::These(vec![name.to_owned()]);
        for need in [
            need("s3:PutObject", on("arn:aws:s3:::b/k")),
            need("s3:GetObject", on("arn:aws:s3:::other/k")),
            need("s3:GetObject", On::Every),
            need("s3:GetObject", On::Unseen),
        ] {
            assert_eq!(later().wanted(std::slice::from_ref(&need)), None, "{need:?}");
            assert_eq!(later().wanted(&[need, need_of_sqs()]), None);
        }
        assert_eq!(Later::default().wanted(&[need_of_sqs()]), None);
    }

    #[test]
    fn a_pattern_does_not_name_what_carries_credentials() {
        let yields = Need { yields_credentials: true, ..need("sqs:GetQueueUrl", On::Every) };
        assert_eq!(later().wanted(std::slice::from_ref(&yields)), None);
        let mut named = later();
        named.whole.push(Permission {
            origin: "sqs:GetQueueUrl".to_owned(),
            ..permission("sqs:GetQueueUrl", &[])
        });
        assert!(named.is_named("SQS:getqueueurl") && !later().is_named("sqs:GetQueueUrl"));
        assert_eq!(actions(named.wanted(&[yields])).unwrap(), ["sqs:Get*"]);
    }

    fn need_of_sqs() -> Need {
        need("sqs:GetQueueUrl", On::Every)
    }

    #[test]
    fn an_ask_within_the_grant_needs_nobody_and_any_other_does() {
        let wanted = |action: &str, resources: &[&str]| {
            Wanted::new(action.to_owned(), resources.iter().map(|&one| one.to_owned()).collect())
        };
        assert!(
            later().grants(&[
                wanted("s3:Get*", &["arn:aws:s3:::b/*"]),
                wanted("SQS:getqueueurl", &[])
            ])
        );
        for outside in [
            wanted("s3:*", &["arn:aws:s3:::b/*"]),
            wanted("s3:GetObject", &[]),
            wanted("s3:GetObject", &["arn:aws:s3:::*"]),
            wanted("sqs:SendMessage", &[]),
        ] {
            assert!(!later().grants(std::slice::from_ref(&outside)), "{outside:?}");
        }
        assert!(!Later::default().grants(&[wanted("sqs:GetQueueUrl", &[])]));
    }

    #[test]
    fn pieces_are_small_and_keep_services_together() {
        let of = |service: &str, count: usize| {
            (0..count)
                .map(move |n| permission(&format!("{service}:Action{n:03}"), &[]))
                .collect::<Vec<_>>()
        };
        let whole = [of("a", 60), of("b", 60), of("c", 300)].concat();
        let pieces = pieces(&whole);
        let names =
            |all: &[Permission]| all.iter().map(|one| one.action.clone()).collect::<Vec<_>>();
        assert_eq!(names(&pieces.concat()), names(&whole));
        assert!(
            pieces
                .iter()
                .all(|piece| piece.iter().map(characters).sum::<usize>() <= PART_CHARACTERS)
        );
        assert!(
            pieces[0].iter().all(|one| one.action.starts_with("a:")),
            "b has a piece of its own"
        );
    }
}
