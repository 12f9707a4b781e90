//! The possible outcomes of a condition for everything that a wildcard covers: true, false, an error, or
//! several of these.

use std::ops::BitOr;

/// A set of outcomes. Several outcomes mean that they differ within the request, or that the result is
/// uncertain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcomes(u8);

impl Outcomes {
    /// True of everything.
    pub const TRUE: Self = Self(1);
    /// False of everything.
    pub const FALSE: Self = Self(2);
    /// An error for everything.
    pub const ERROR: Self = Self(4);
    /// Uncertain: any outcome is possible.
    pub const ANY: Self = Self(7);
    /// True of some, false of others, and never an error.
    pub const EITHER: Self = Self(3);

    /// Returns the set of one outcome.
    #[must_use]
    pub fn of(value: bool) -> Self {
        if value { Self::TRUE } else { Self::FALSE }
    }

    /// Returns true if this outcome is possible.
    #[must_use]
    pub fn may(self, outcome: Self) -> bool {
        self.0 & outcome.0 != 0
    }

    /// Applies `!`, which leaves an error an error.
    #[must_use]
    pub fn negated(self) -> Self {
        let swap = |from: Self, to: Self| if self.may(from) { to.0 } else { 0 };
        Self(
            swap(Self::TRUE, Self::FALSE)
                | swap(Self::FALSE, Self::TRUE)
                | (self.0 & Self::ERROR.0),
        )
    }

    /// Applies `if self then yes else no`, as Cedar evaluates it: only one branch.
    ///
    /// `a && b` is `if a then b else false`, `a || b` is `if a then true else b`.
    #[must_use]
    pub fn choose(self, yes: impl FnOnce() -> Self, no: impl FnOnce() -> Self) -> Self {
        let nothing = Self(0);
        let yes = if self.may(Self::TRUE) { yes() } else { nothing };
        let no = if self.may(Self::FALSE) { no() } else { nothing };
        Self(self.0 & Self::ERROR.0) | yes | no
    }
}

impl BitOr for Outcomes {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_evaluated_has_no_outcome() {
        let error = || Outcomes::ERROR;
        assert_eq!(Outcomes::FALSE.choose(error, || Outcomes::FALSE), Outcomes::FALSE);
        assert_eq!(Outcomes::TRUE.choose(|| Outcomes::TRUE, error), Outcomes::TRUE);
        assert_eq!(
            Outcomes::EITHER.choose(error, || Outcomes::FALSE),
            Outcomes::ERROR | Outcomes::FALSE
        );
    }

    #[test]
    fn an_error_stays_one() {
        assert_eq!(Outcomes::ERROR.negated(), Outcomes::ERROR);
        assert_eq!(Outcomes::ERROR.choose(|| Outcomes::TRUE, || Outcomes::FALSE), Outcomes::ERROR);
        assert_eq!(Outcomes::ANY.negated(), Outcomes::ANY);
    }
}
