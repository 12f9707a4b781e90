//! A cursor over the names of one service.

use crate::Access;
use crate::format::{take, take_varint, take_word};

/// The most words of a name; no name has as many.
const WORDS: usize = 16;

/// A cursor over the actions of a service, in the order of their names without case.
///
/// The cursor decodes into one buffer: [`Names::name`] is the action that [`Names::advance`] moved to last.
pub struct Names {
    rest: &'static [u8],
    left: usize,
    name: String,
    /// The end of each word of `name`.
    ends: [usize; WORDS],
    access: Access,
    set: usize,
}

impl Names {
    pub(crate) fn new(rest: &'static [u8], left: usize) -> Self {
        Self {
            rest,
            left,
            name: String::new(),
            ends: [0; WORDS],
            access: Access::Permissions,
            set: 0,
        }
    }

    /// Moves to the next action; returns false at the end.
    pub fn advance(&mut self) -> bool {
        if self.left == 0 {
            return false;
        }
        self.left -= 1;
        let head = take(&mut self.rest);
        let (shared, further) = (usize::from(head >> 4), usize::from(head & 0xf));
        let kept =
            shared.checked_sub(1).and_then(|last| self.ends.get(last)).copied().unwrap_or_default();
        self.name.truncate(kept);
        for word in shared..shared + further {
            self.name.push_str(std::str::from_utf8(take_word(&mut self.rest)).unwrap_or_default());
            if let Some(end) = self.ends.get_mut(word) {
                *end = self.name.len();
            }
        }
        let attributes = take_varint(&mut self.rest);
        self.access = Access::ALL.get(attributes % 5).copied().unwrap_or(Access::Permissions);
        self.set = attributes / 5;
        true
    }

    /// Returns the name as AWS writes it, without the service.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the access level.
    #[must_use]
    pub fn access(&self) -> Access {
        self.access
    }

    /// Returns the number of the action's set of resource types, for [`crate::Service::types_of`]; 0 is the
    /// empty set.
    #[must_use]
    pub fn set(&self) -> usize {
        self.set
    }
}
