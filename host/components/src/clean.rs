//! Cleaning of component output for a terminal, a table and a log line, where the output enters the host.
//!
//! Security: a component must not move the cursor, forge a line of this program, reverse text, or fill the
//! audit log.

use super::limit;
use crate::bindings::mapping::exports::audex::plugin::mapping::{Expansion, Row};
use crate::bindings::provider::exports::audex::plugin::provider::{
    Advice, CheckResult, Description, Finding, GrantPlan, Omission, Profile, Setting,
};
use crate::bindings::provider::types::{Error, Scope};
use audex_core::printable::line;

/// A value whose text can be made printable in place.
pub(crate) trait Clean {
    /// Makes the value printable.
    fn clean(&mut self);
}

impl Clean for String {
    fn clean(&mut self) {
        *self = line(self);
    }
}

impl<T: Clean> Clean for Option<T> {
    fn clean(&mut self) {
        if let Some(inner) = self {
            inner.clean();
        }
    }
}

impl<T: Clean> Clean for Vec<T> {
    fn clean(&mut self) {
        self.iter_mut().for_each(Clean::clean);
    }
}

impl Clean for Scope {
    fn clean(&mut self) {
        if let Self::These(named) = self {
            named.clean();
        }
    }
}

/// Implements [`Clean`] for a record by its fields.
macro_rules! clean_fields {
    ($($record:ty: $($field:ident)*;)*) => {
        $(impl Clean for $record {
            fn clean(&mut self) {
                $(self.$field.clean();)*
            }
        })*
    };
}

clean_fields! {
    Error: code message hint;
    Setting: key description;
    Omission: actions reason source;
    Profile: name description actions resources leaves_out;
    Description: title action_syntax settings profiles broadest calls_to;
    Finding: actions note suggestion;
    Advice: message missing;
    CheckResult: name detail hint;
    Row: universal provider actions note;
    Expansion: actions notice;
}

impl Clean for GrantPlan {
    /// Cleans every field except the policy, which is sent unchanged.
    fn clean(&mut self) {
        self.method.clean();
        self.permissions.iter_mut().for_each(|planned| planned.note.clean());
        notices(&mut self.notices);
    }
}

/// Limits the number of notices, and makes them printable.
pub fn notices(notices: &mut Vec<String>) {
    notices.truncate(limit::NOTICES);
    notices.clean();
}
