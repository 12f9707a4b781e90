//! The `keep` import: secrets that one provider keeps for its own later calls of this run.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use wasmtime::component::Resource;

use super::View;
use crate::bindings::provider::keep::Host;
use crate::limit;
use crate::misbehaved::Misbehaved;
use crate::resource::HeldSecret;
use audex_core::printable;

/// The context of the `keep` import: the kept secrets. Each keeps its origin, which limits its destinations.
#[derive(Default)]
pub(crate) struct Keep(Mutex<BTreeMap<String, HeldSecret>>);

impl Keep {
    fn store(&self, name: String, held: HeldSecret) -> Result<(), Misbehaved> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= limit::DELIVERED && !kept.contains_key(&name) {
            return Err(Misbehaved::ManyKept);
        }
        kept.insert(name, held);
        Ok(())
    }

    fn find(&self, name: &str) -> Option<HeldSecret> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }
}

impl Host for View<'_, Keep> {
    fn put(&mut self, name: String, value: Resource<HeldSecret>) -> wasmtime::Result<()> {
        self.call.scope.may_reach()?;
        if name.len() > printable::LINE_CHARACTERS {
            return Err(Misbehaved::LargeSecret.into());
        }
        let held = self.call.table.get(&value)?.clone();
        Ok(self.own.store(name, held)?)
    }

    fn get(&mut self, name: String) -> wasmtime::Result<Option<Resource<HeldSecret>>> {
        self.call.scope.may_reach()?;
        let Some(held) = self.own.find(&name) else { return Ok(None) };
        Ok(Some(self.call.hold(held)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::CallContext;
    use crate::resource::Origin;
    use audex_core::secret::Secret;
    use audex_core::source::Source;

    fn held(text: &str, origin: Origin) -> HeldSecret {
        HeldSecret::whole(Secret::new(text.to_owned()), origin)
    }

    #[test]
    fn what_is_kept_keeps_where_it_may_go_and_there_is_only_so_much() {
        let kept = Keep::default();
        let lifted = Origin::Lifted { host: "api.example.com".to_owned() };
        kept.store("token".to_owned(), held("x", lifted.clone())).unwrap();
        assert_eq!(kept.find("token").map(|held| held.origin), Some(lifted));
        assert!(kept.find("other").is_none());
        let more =
            (1..limit::DELIVERED).map(|n| kept.store(n.to_string(), held("", Origin::Guest)));
        assert!(more.into_iter().all(|put| put.is_ok()));
        assert!(kept.store("one too many".to_owned(), held("", Origin::Guest)).is_err());
        assert!(kept.store("token".to_owned(), held("", Origin::Guest)).is_ok());
    }

    #[test]
    fn a_call_that_must_not_reach_out_neither_keeps_nor_gets() {
        let kept = Keep::default();
        kept.store("token".to_owned(), held("x", Origin::Slot)).unwrap();
        let mut call = CallContext::pure(&[]);
        let secret = call.hold(held("y", Origin::Slot)).unwrap();
        let mut keep = View::new(&mut call, &kept);
        assert!(keep.get("token".to_owned()).is_err() && keep.put("y".to_owned(), secret).is_err());
        let mut call = CallContext::granted(Source::BuiltIn, &[]);
        assert!(View::new(&mut call, &kept).get("token".to_owned()).unwrap().is_some());
    }
}
