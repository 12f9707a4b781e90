//! The credentials of an ask: minted beside the first ones, recorded, and given back at the end.

use std::sync::{Arc, Mutex, PoisonError};

use crate::asks::rules::Known;
use crate::asks::{Access, Wanted};
use crate::console::Console;
use crate::failure::Failure;
use crate::mint;
use crate::pipeline::attempt::{Attempt, secrets};
use crate::pipeline::delivery::Prepared;
use crate::pipeline::end::{revoke_announced, revoke_lease};
use crate::pipeline::gateway::decider::{Deciding, Held};
use crate::pipeline::guard::guarded;
use crate::pipeline::{Chain, Narrowing, Ready, settle};
use audex_components::provider::{Minted, Permission, Provider};
use audex_core::clock::unix_seconds;
use audex_core::secret::Secret;

/// The name of a lease in messages.
const LEASE: &str = "a lease of an ask";

/// What was made for the asks of a session.
#[derive(Default)]
pub(super) struct Made {
    pub(super) leases: Vec<String>,
    pub(super) secrets: Vec<Secret>,
}

/// Mints for the asks of a session.
#[derive(Clone)]
pub(super) struct Granting {
    pub(super) provider: Arc<Provider>,
    attempt: Attempt,
    deciding: Arc<Deciding>,
    made: Arc<Mutex<Made>>,
}

/// Returns the permissions of a grant with their access levels.
pub(super) fn wanted(ready: &Chain<'_, Ready>, known: &[Known]) -> Vec<Wanted> {
    let granted = &ready.output.planned().grant.shown().permissions;
    let wanted = granted.iter().zip(known).map(|(granted, known)| Wanted {
        action: granted.action.clone(),
        resources: granted.resources.named().to_vec(),
        access: known.access,
        yields_credentials: known.yields_credentials,
    });
    wanted.collect()
}

/// Returns the permissions of a grant as the catalogue knows them.
///
/// # Errors
/// When the provider fails.
pub(super) fn known(ready: &Chain<'_, Ready>) -> Result<Vec<Known>, Failure> {
    let Prepared::Gateway(prepared) = &ready.output.delivery else { return Ok(Vec::new()) };
    let granted = &ready.output.planned().grant.shown().permissions;
    let actions: Vec<String> = granted.iter().map(|one| one.action.clone()).collect();
    let expanded = prepared.reader.expand(&actions)?;
    let known = |action: &String| {
        let found = expanded.iter().find(|one| one.name.eq_ignore_ascii_case(action));
        Known {
            action: action.clone(),
            access: found.and_then(|one| one.access).map(Access::from),
            yields_credentials: found.is_some_and(|one| one.yields_credentials),
        }
    };
    Ok(actions.iter().map(known).collect())
}

impl Granting {
    pub(super) fn new(
        provider: &Arc<Provider>,
        attempt: &Attempt,
        deciding: &Arc<Deciding>,
    ) -> Self {
        Self {
            provider: Arc::clone(provider),
            attempt: attempt.clone(),
            deciding: Arc::clone(deciding),
            made: Arc::default(),
        }
    }

    /// Mints by an approved plan, and lets the gateway use the credentials once `record` has recorded the yes.
    ///
    /// # Errors
    /// When nothing can be minted or recorded. What was minted is then given back.
    pub(super) fn make(
        &self,
        ask: &str,
        chain: Chain<'_, Ready>,
        (until, once): (u64, bool),
        record: impl FnOnce() -> Result<(), Failure>,
    ) -> Result<Vec<Permission>, Failure> {
        let Chain { run, output: Ready { approved, delivery } } = chain;
        let Prepared::Gateway(prepared) = delivery else {
            return Err(Failure::refused(
                "this session has no gateway",
                "start it with --deliver gateway",
            )
            .at("deliver"));
        };
        let granted = approved.planned().grant.shown().permissions.clone();
        run.attempt.record_adding(ask)?;
        let now = unix_seconds();
        let is_lent = matches!(run.narrowing, Some(Narrowing::ByGateway(_)));
        let minted = if is_lent {
            mint::lend(&approved, None, until)
        } else {
            let (provider, take_back) = (&self.provider, |one: &Minted| self.give_back(one));
            let minted = mint::mint(approved, provider, &run.description, now, || (), take_back);
            let lease = minted.as_ref().ok().and_then(|(minted, _)| minted.lease.as_deref());
            revoke_announced(run.context.console, provider, &self.attempt, lease);
            minted?.0
        };
        let used = guarded(|| {
            let signer =
                if is_lent { self.deciding.signer()? } else { prepared.signer(&minted)? };
            settle::quietly(&self.provider, &minted)?;
            run.attempt.record_added(ask, &minted)?;
            record()?;
            Ok(signer)
        });
        let signer = used.inspect_err(|_| self.give_back(&minted))?;
        self.made(|made| {
            made.secrets.extend(secrets(&minted));
            made.leases.extend(minted.lease.clone());
        });
        self.deciding.add(Held {
            set: prepared.set,
            signer,
            until,
            ask: Some(ask.to_owned()),
            once,
        });
        Ok(granted)
    }

    /// Reads or changes what was made.
    pub(super) fn made<T>(&self, work: impl FnOnce(&mut Made) -> T) -> T {
        work(&mut self.made.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn give_back(&self, minted: &Minted) {
        if let Some(lease) = minted.lease.clone() {
            self.revoke(lease);
        }
    }

    pub(super) fn revoke(&self, lease: String) {
        let console = Console { quiet: true, ..Console::default() };
        revoke_lease(console, &self.provider, &self.attempt, lease, LEASE);
    }
}
