//! The resources that a permission applies to. An empty list of resources never means every resource.

use crate::filter;
use crate::provider::{self, Error, ErrorKind};

/// Implements the same methods in both worlds: a filter has its own types, so that it imports nothing.
macro_rules! scopes {
    ($($world:ident)*) => {$(
        impl $world::Scope {
            /// Returns the scope of a request: every resource if the request names none.
            #[must_use]
            pub fn asked(named: Vec<String>) -> Self {
                if named.is_empty() { Self::Every } else { Self::These(named) }
            }

            /// Returns the scope of an observed call: unseen if no resource was seen.
            #[must_use]
            pub fn seen(named: Vec<String>) -> Self {
                if named.is_empty() { Self::Unseen } else { Self::These(named) }
            }

            /// Returns the named resources; empty for `every` and `unseen`.
            #[must_use]
            pub fn named(&self) -> &[String] {
                match self {
                    Self::These(named) => named,
                    Self::Every | Self::Unseen => &[],
                }
            }

            /// Returns `true` if the scope is every resource.
            #[must_use]
            pub fn is_every(&self) -> bool {
                matches!(self, Self::Every)
            }
        }

        impl PartialEq for $world::Scope {
            fn eq(&self, other: &Self) -> bool {
                match (self, other) {
                    (Self::Every, Self::Every) | (Self::Unseen, Self::Unseen) => true,
                    (Self::These(one), Self::These(two)) => one == two,
                    _ => false,
                }
            }
        }

        impl $world::Grant {
            /// Returns an error text if a permission of the grant names no resource and is not for every
            /// resource.
            pub(crate) fn unscoped(&self) -> Option<String> {
                let is_void = |scope: &$world::Scope| !scope.is_every() && scope.named().is_empty();
                let found = self.permissions.iter().find(|permission| is_void(&permission.resources))?;
                Some(format!("`{}` is limited to resources, and none is named", found.action))
            }
        }
    )*};
}

scopes! { filter provider }

impl provider::Grant {
    /// Rejects a grant with a permission that names no resource and is not for every resource. The export
    /// macro's code calls it before `plan`, `document` and `mint`.
    ///
    /// # Errors
    /// When there is such a permission.
    pub fn check_scopes(&self) -> Result<(), Error> {
        self.unscoped()
            .map_or(Ok(()), |why| Err(Error::new(ErrorKind::InvalidInput, "scope-empty", &why)))
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;
    use crate::fake;

    #[test]
    fn a_grant_on_no_resource_is_refused_and_never_on_every_one() {
        use provider::Scope;

        let on = |scope| {
            let mut grant = fake::provider_grant("acme", &["door:open", "door:close"]);
            grant.permissions[1].resources = scope;
            grant.check_scopes()
        };
        assert!(on(Scope::Every).is_ok() && on(Scope::These(vec!["front".to_owned()])).is_ok());
        for nothing in [Scope::Unseen, Scope::These(Vec::new())] {
            assert_eq!(on(nothing).unwrap_err().code, "scope-empty");
        }
    }

    #[test]
    fn a_filter_refuses_a_grant_on_no_resource() {
        struct Open;
        impl filter::Filter for Open {
            fn review(_: filter::Grant, _: filter::Context, _: String) -> filter::Verdict {
                filter::Verdict::Pass
            }
        }
        use crate::filter::bindings::exports::audex::plugin::filter::Guest;
        let review = |scope| {
            let mut grant = fake::grant("acme", &["door:open"]);
            grant.permissions[0].resources = scope;
            <Open as Guest>::review(grant, fake::context(), String::new())
        };
        assert!(matches!(review(filter::Scope::Every), filter::Verdict::Pass));
        assert!(matches!(review(filter::Scope::These(Vec::new())), filter::Verdict::Refuse(_)));
    }
}
