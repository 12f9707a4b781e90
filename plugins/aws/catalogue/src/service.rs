//! One service: the place of its actions and resource types in the data.

use std::cmp::Ordering;

use crate::format::{self, take_varint, u16_at};
use crate::names::Names;
use crate::resource::{ResourceType, skip_type, take_type};

/// Names in a group; the first of each is written in full.
const GROUP: usize = 16;
/// Bytes before a block's index of groups.
const HEAD: usize = 10;

/// A service prefix with its actions.
#[derive(Clone, Copy)]
pub struct Service {
    name: &'static str,
    block: &'static [u8],
}

/// Returns the service with this prefix, in any case.
#[must_use]
pub fn service(prefix: &str) -> Option<Service> {
    let (mut low, mut high) = (0, format::service_count());
    while low < high {
        let middle = usize::midpoint(low, high);
        match compare(format::service_name(middle), prefix) {
            Ordering::Less => low = middle + 1,
            Ordering::Equal => return Some(Service::numbered(middle)),
            Ordering::Greater => high = middle,
        }
    }
    None
}

/// Returns every service, sorted by prefix.
pub fn services() -> impl Iterator<Item = Service> {
    (0..format::service_count()).map(Service::numbered)
}

impl Service {
    fn numbered(number: usize) -> Self {
        Self { name: format::service_name(number), block: format::block(number) }
    }

    /// Returns the prefix, in lower case.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.name
    }

    /// Returns the number of actions.
    #[must_use]
    pub fn count(self) -> usize {
        u16_at(self.block, 0)
    }

    /// Returns a cursor over all actions.
    #[must_use]
    pub fn names(self) -> Names {
        self.names_from(0)
    }

    /// Returns a cursor at the action called `name`, in any case.
    #[must_use]
    pub fn find(self, name: &str) -> Option<Names> {
        // Finds the last group whose first name is not after `name`.
        let (mut low, mut high) = (0, self.count().div_ceil(GROUP));
        while low < high {
            let middle = usize::midpoint(low, high);
            let mut first = self.names_from(middle);
            if first.advance() && compare(first.name(), name) != Ordering::Greater {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let mut names = self.names_from(low.checked_sub(1)?);
        for _ in 0..GROUP {
            if !names.advance() {
                return None;
            }
            if names.name().eq_ignore_ascii_case(name) {
                return Some(names);
            }
        }
        None
    }

    /// Returns every resource type, sorted by name; actions refer to them by position.
    #[must_use]
    pub fn types(self) -> Vec<ResourceType> {
        self.packed_types().map(|mut rest| take_type(&mut rest, self.name)).collect()
    }

    /// Returns the types of a set, in the order of [`Self::types_of`], and true if the action always needs such a
    /// resource. Decodes no other type.
    #[must_use]
    pub fn types_in(self, set: usize) -> Vec<(ResourceType, bool)> {
        let of_set = self.types_of(set);
        if of_set.is_empty() {
            return Vec::new();
        }
        let all: Vec<_> = self.packed_types().collect();
        let of_place = |(place, required)| {
            let mut rest = *all.get(place)?;
            Some((take_type(&mut rest, self.name), required))
        };
        of_set.into_iter().filter_map(of_place).collect()
    }

    /// Returns the beginning of each resource type in the data.
    fn packed_types(self) -> impl Iterator<Item = &'static [u8]> {
        let mut rest = self.block.get(u16_at(self.block, 8)..).unwrap_or_default();
        (0..u16_at(self.block, 2)).map(move |_| {
            let this = rest;
            skip_type(&mut rest);
            this
        })
    }

    /// Returns the types of a set: the position in [`Self::types`], and true if the action always needs such
    /// a resource.
    #[must_use]
    pub fn types_of(self, set: usize) -> Vec<(usize, bool)> {
        let mut rest = self.block.get(u16_at(self.block, 6)..).unwrap_or_default();
        for _ in 0..set.min(u16_at(self.block, 4)) {
            for _ in 0..take_varint(&mut rest) {
                take_varint(&mut rest);
            }
        }
        let entry = |packed: usize| (packed / 2, packed % 2 == 1);
        (0..take_varint(&mut rest)).map(|_| entry(take_varint(&mut rest))).collect()
    }

    fn names_from(self, group: usize) -> Names {
        let index = self.block.get(HEAD..).unwrap_or_default();
        let names = HEAD + 2 * self.count().div_ceil(GROUP) + u16_at(index, 2 * group);
        let rest = self.block.get(names..).unwrap_or_default();
        Names::new(rest, self.count().saturating_sub(group * GROUP))
    }
}

/// Compares in the order of the data: bytes without case.
fn compare(left: &str, right: &str) -> Ordering {
    left.bytes().map(|b| b.to_ascii_lowercase()).cmp(right.bytes().map(|b| b.to_ascii_lowercase()))
}
