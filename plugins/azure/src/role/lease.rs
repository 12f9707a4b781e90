//! The record of what a session made in Azure, in one line: every id follows from the names, so nothing has
//! to be searched.

use audex_sdk::provider::{Error, ErrorKind};
use uuid::Uuid;

use crate::refusal;
use crate::role::scope::{Scope, is_guid};

/// The most characters of scopes in a line of the audit log.
pub const LONGEST_SCOPES: usize = 1500;
/// The prefix of the names of Audex's roles in Azure.
const PREFIX: &str = "audex-role-";
const KIND: &str = "custom-role";
/// Audex's own namespace for the ids of roles and assignments, which are made from names (RFC 9562, section
/// 5.5).
const NAMESPACE: Uuid = Uuid::from_u128(0x6d1f_4a2e_0b5c_4f7e_9a31_5c2d_8e47_b09f);

/// The roles and assignments of one session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    pub session: String,
    /// The end of the session, in seconds since the Unix epoch.
    pub ends_at: u64,
    pub subscription: String,
    /// The scopes of each role.
    pub roles: Vec<Vec<Scope>>,
}

impl Lease {
    /// Returns the name of role number `index`, which contains the session and its end.
    pub fn role_name(&self, index: usize) -> String {
        format!("{PREFIX}{}-{}-{index}", self.session, self.ends_at)
    }

    /// Returns the id of role number `index`.
    pub fn role_id(&self, index: usize) -> String {
        Uuid::new_v5(&NAMESPACE, self.role_name(index).as_bytes()).to_string()
    }

    /// Returns the id of the assignment of role number `index` at `scope`.
    pub fn assignment_id(&self, index: usize, scope: &Scope) -> String {
        let name = format!("{} {}", self.role_name(index), scope.as_str());
        Uuid::new_v5(&NAMESPACE, name.as_bytes()).to_string()
    }

    /// Returns every assignment: the number of its role, and its scope.
    pub fn assignments(&self) -> impl Iterator<Item = (usize, &Scope)> {
        self.roles
            .iter()
            .enumerate()
            .flat_map(|(index, scopes)| scopes.iter().map(move |scope| (index, scope)))
    }

    pub fn text(&self) -> String {
        let mut words = vec![
            KIND.to_owned(),
            self.session.clone(),
            self.ends_at.to_string(),
            self.subscription.clone(),
            self.roles.len().to_string(),
        ];
        words
            .extend(self.assignments().map(|(index, scope)| format!("{index}:{}", scope.as_str())));
        words.join(" ")
    }

    /// Reads a lease.
    ///
    /// # Errors
    /// If the text is not a lease of a custom role.
    pub fn parse(text: &str) -> Result<Self, Error> {
        Self::read(text).ok_or_else(|| {
            let message = "the lease is none of a custom role".to_owned();
            refusal(
                ErrorKind::InvalidInput,
                "lease-malformed",
                message,
                "see `tryaudex audit list`",
            )
        })
    }

    fn read(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        (words.next()? == KIND).then_some(())?;
        let (session, ends_at) = (words.next()?.to_owned(), words.next()?.parse().ok()?);
        let subscription = words.next().filter(|id| is_guid(id))?.to_owned();
        let count: usize = words.next()?.parse().ok()?;
        // A line of the audit log has no room for more.
        let mut roles = vec![Vec::new(); Some(count).filter(|count| *count <= LONGEST_SCOPES)?];
        for word in words {
            let (index, scope) = word.split_once(':')?;
            roles.get_mut(index.parse::<usize>().ok()?)?.push(Scope::parse(scope).ok()?);
        }
        is_session(&session).then_some(Self { session, ends_at, subscription, roles })
    }
}

/// Returns the session, end and number in the name of a role, if the role is one of Audex's.
pub fn read_name(name: &str) -> Option<(&str, u64, usize)> {
    let rest = name.strip_prefix(PREFIX)?;
    let (rest, index) = rest.rsplit_once('-')?;
    let (session, ends_at) = rest.rsplit_once('-')?;
    is_session(session).then_some((session, ends_at.parse().ok()?, index.parse().ok()?))
}

fn is_session(text: &str) -> bool {
    let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (2..=64).contains(&text.len()) && text.chars().all(letters)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "12345678-1234-1234-1234-123456789012";

    fn lease() -> Lease {
        let scope = |below: &str| Scope::parse(&format!("/subscriptions/{ID}{below}")).unwrap();
        Lease {
            session: "audex-1-a".to_owned(),
            ends_at: 1_800_000_000,
            subscription: ID.to_owned(),
            roles: vec![
                vec![scope("")],
                vec![scope("/resourceGroups/a"), scope("/resourceGroups/b")],
            ],
        }
    }

    #[test]
    fn a_lease_is_read_as_it_is_written() {
        let lease = lease();
        assert_eq!(Lease::parse(&lease.text()).unwrap(), lease);
        assert_eq!(read_name(&lease.role_name(1)), Some(("audex-1-a", 1_800_000_000, 1)));
    }

    #[test]
    fn ids_follow_from_names_and_differ() {
        let lease = lease();
        let mut ids: Vec<String> =
            lease.assignments().map(|(index, scope)| lease.assignment_id(index, scope)).collect();
        ids.extend([lease.role_id(0), lease.role_id(1)]);
        assert!(ids.iter().all(|id| is_guid(id)));
        assert_eq!(ids, {
            let again = Lease::parse(&lease.text()).unwrap();
            let mut ids: Vec<String> = again
                .assignments()
                .map(|(index, scope)| again.assignment_id(index, scope))
                .collect();
            ids.extend([again.role_id(0), again.role_id(1)]);
            ids
        });
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 5);
    }

    #[test]
    fn what_is_not_ours_is_neither_a_lease_nor_a_role() {
        for text in [
            "",
            "custom-role",
            "aws/sts/ci/x",
            "custom-role a-b 1 x 0",
            "custom-role a-b 1 12345678-1234-1234-1234-123456789012 99999999",
        ] {
            assert!(Lease::parse(text).is_err(), "{text}");
        }
        let other = lease().text().replace("0:/subscriptions", "7:/subscriptions");
        assert!(Lease::parse(&other).is_err());
        for name in [
            "Contributor",
            "audex-role-",
            "audex-role-x",
            "audex-role-a-b-c",
            "audex-role-A-1-0",
            "my-audex-role-ab-1-0",
        ] {
            assert_eq!(read_name(name), None, "{name}");
        }
    }
}
