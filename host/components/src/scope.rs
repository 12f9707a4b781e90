//! The resources that a permission applies to. An empty list of resources never means every resource.

use super::bindings::filter::types;

pub use super::bindings::provider::types::Scope;

impl Scope {
    /// Returns the scope of a request: every resource if the user named none.
    #[must_use]
    pub fn asked(named: Vec<String>) -> Self {
        if named.is_empty() { Self::Every } else { Self::These(named) }
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

    /// Returns `true` if the scope is every resource, or if `fits` accepts its named resources. An empty
    /// scope returns `false`.
    #[must_use]
    pub fn any(&self, fits: impl FnOnce(&[String]) -> bool) -> bool {
        match self {
            Self::Every => true,
            Self::Unseen => false,
            Self::These(named) => !named.is_empty() && fits(named),
        }
    }

    /// Converts the scope to the filter world's own types.
    pub(super) fn shown(&self) -> types::Scope {
        match self {
            Self::Every => types::Scope::Every,
            Self::Unseen => types::Scope::Unseen,
            Self::These(named) => types::Scope::These(named.clone()),
        }
    }
}

impl PartialEq for Scope {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Every, Self::Every) | (Self::Unseen, Self::Unseen) => true,
            (Self::These(one), Self::These(two)) => one == two,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_list_holds_nowhere() {
        assert!(Scope::Every.any(|_| false));
        assert!(Scope::These(vec!["a".to_owned()]).any(|named| named == ["a"]));
        assert!(!Scope::These(Vec::new()).any(|_| true) && !Scope::Unseen.any(|_| true));
        assert!(Scope::asked(Vec::new()).is_every() && !Scope::These(Vec::new()).is_every());
    }
}
