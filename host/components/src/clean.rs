//! What components write, made fit for a terminal, a table and a log line, where it enters the host.
//!
//! Security: a component must not move the cursor, forge a line of ours, turn text around, or fill the audit log.

use super::limit;
use crate::bindings::mapping::exports::audex::plugin::mapping::{Expansion, Row};
use crate::bindings::provider::exports::audex::plugin::provider::{
    Advice, CheckResult, Description, Finding, GrantPlan, Profile, Setting,
};
use crate::bindings::provider::types::{Error, Scope};
use audex_core::printable::line;

/// What can be made fit in place.
pub trait Clean {
    /// Makes it fit.
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
    Profile: name description actions resources;
    Description: title action_syntax settings profiles;
    Finding: actions note suggestion;
    Advice: message missing;
    CheckResult: name detail hint;
    Row: universal provider actions note;
    Expansion: actions notice;
}

impl Clean for GrantPlan {
    /// All but the policy, which is sent as it is.
    fn clean(&mut self) {
        self.method.clean();
        self.permissions.iter_mut().for_each(|planned| planned.note.clean());
        notices(&mut self.notices);
    }
}

/// Makes notices fit, and few.
pub fn notices(notices: &mut Vec<String>) {
    notices.truncate(limit::NOTICES);
    notices.clean();
}
