//! Secrets that one provider keeps for its own later calls.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::limit;
use crate::misbehaved::Misbehaved;
use crate::resource::HeldSecret;

/// The secrets that one provider keeps for its own later calls of this run. Each secret keeps its origin,
/// which limits its destinations.
#[derive(Default)]
pub(crate) struct SecretStore(Mutex<BTreeMap<String, HeldSecret>>);

impl SecretStore {
    pub(crate) fn put(&self, name: String, held: HeldSecret) -> Result<(), Misbehaved> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= limit::DELIVERED && !kept.contains_key(&name) {
            return Err(Misbehaved::ManyKept);
        }
        kept.insert(name, held);
        Ok(())
    }

    pub(crate) fn get(&self, name: &str) -> Option<HeldSecret> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Origin;
    use audex_core::secret::Secret;

    #[test]
    fn what_is_kept_keeps_where_it_may_go_and_there_is_only_so_much() {
        let kept = SecretStore::default();
        let lifted = Origin::Lifted { host: "api.example.com".to_owned() };
        let held = |text: &str, origin| HeldSecret::whole(Secret::new(text.to_owned()), origin);
        kept.put("token".to_owned(), held("x", lifted.clone())).unwrap();
        assert_eq!(kept.get("token").map(|held| held.origin), Some(lifted));
        assert!(kept.get("other").is_none());
        let more = (1..limit::DELIVERED).map(|n| kept.put(n.to_string(), held("", Origin::Guest)));
        assert!(more.into_iter().all(|put| put.is_ok()));
        assert!(kept.put("one too many".to_owned(), held("", Origin::Guest)).is_err());
        assert!(kept.put("token".to_owned(), held("", Origin::Guest)).is_ok());
    }
}
