//! The kinds of resources that an action works on, from the catalogue.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// The most actions whose kinds are remembered.
const REMEMBERED: usize = 100;

/// A resource type that an action works on.
pub(super) struct Kind {
    pub name: String,
    pub format: String,
    /// True if the reference says that the action always needs this kind, or one of such a kind.
    pub required: bool,
}

/// The service of an action, and the kinds that the action works on.
pub(super) type OfAction = (&'static str, Rc<[Kind]>);

thread_local! {
    /// The last actions that were asked for: the requests of a command need few different ones.
    static KNOWN: RefCell<HashMap<String, OfAction>> = RefCell::default();
}

/// Returns the kinds of a known action.
pub(super) fn kinds(action: &str) -> Option<OfAction> {
    if let Some(known) = KNOWN.with_borrow(|known| known.get(action).cloned()) {
        return Some(known);
    }
    let found = aws_catalogue::find(action)?;
    let service = aws_catalogue::service(found.service)?;
    let mut kinds = Vec::new();
    for (kind, required) in service.types_in(found.set) {
        // Some types have two formats in one text.
        let several = kind.arn.contains(", ");
        kinds.extend(kind.arn.split(", ").map(|format| Kind {
            name: kind.name.clone(),
            format: format.to_owned(),
            required: required && !several,
        }));
    }
    let of_action = (found.service, Rc::from(kinds));
    KNOWN.with_borrow_mut(|known| {
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(action.to_owned(), of_action.clone());
    });
    Some(of_action)
}
