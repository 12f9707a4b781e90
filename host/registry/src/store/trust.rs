//! Decides if a fetched component is trusted: by its signature, or by the digest that the user was given.

use std::cmp::Ordering;

use super::install::Plan;
use super::{Distrust, Store, StoreError};
use crate::rules::RuleError;
use crate::signature::{KeyId, Signature, SignatureError, Signer};
use crate::sigstore::{self, BundleError, Root};
use audex_components::version;
use audex_core::digest::sha256;

/// The user's statements about a component to be installed.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// The signer.
    pub signer: Option<Signer>,
    /// SHA-256 of the file or the component, lower-case hex.
    pub digest: Option<String>,
    /// The signature, if it is not beside the file.
    pub signature: Option<Signature>,
    /// Keys and identities that the user's own settings trust.
    pub signers: Vec<Signer>,
    /// True if an older version may replace a newer one.
    pub downgrade: bool,
}

impl Plan {
    /// Returns true if there is a signature that was not checked, because none is required and this build
    /// cannot verify it.
    #[must_use]
    pub fn is_unchecked(&self) -> bool {
        self.signature.is_some() && self.signed.is_none()
    }
}

impl Store {
    /// Finds the signer of `plan`, and checks that `plan` may replace the installed component.
    ///
    /// # Errors
    /// When the signer is not known, is not the signer of the installed component, or a required signature is
    /// missing.
    pub fn trust(&self, plan: &mut Plan, trust: &Trust) -> Result<(), StoreError> {
        let name = plan.manifest.name.clone();
        let untrusted = |reason: Distrust| StoreError::Untrusted { name: name.clone(), reason };
        if let Some(wanted) = &trust.digest
            && ![&plan.digest, &sha256(&plan.file)].contains(&wanted)
        {
            return Err(untrusted(Distrust::Digest(sha256(&plan.file))));
        }
        plan.downgrade = trust.downgrade;
        if let Some(signature) = &trust.signature {
            plan.signature = Some(signature.clone());
        }
        plan.signed = self.signed_by(plan, trust).map_err(untrusted)?;
        self.check_replacing(plan)?;
        if plan.signed.is_none() && !plan.is_local && trust.digest.is_none() {
            return Err(untrusted(Distrust::Elsewhere));
        }
        let signer = plan.signed.as_ref().map(|(signer, _)| signer);
        // Security: the server at each redirect chooses the file or the next address, so each redirect must
        // be an allowed source.
        for origin in [&plan.origin].into_iter().chain(&plan.led_to) {
            self.check_rules(&name, origin, signer)?;
        }
        match plan.manifest.requested.iter().find(|asked| !self.rules.allows(asked)) {
            Some(capability) => {
                Err(StoreError::AboveCeiling { name, capability: capability.clone() })
            }
            None => Ok(()),
        }
    }

    /// Checks that `plan` may be installed, in place of a component or of none. The signer must be the same,
    /// and an older version is installed only on request.
    ///
    /// Security: the caller repeats this check while it holds the install lock, because the installed
    /// component may have changed.
    pub(super) fn check_replacing(&self, plan: &Plan) -> Result<(), StoreError> {
        let name = plan.manifest.name.clone();
        let before = self.installed.iter().find(|installed| installed.name == name);
        let pinned = before.and_then(|before| before.signer.as_ref());
        let signer = plan.signed.as_ref().map(|(signer, _)| signer);
        let untrusted = |reason: Distrust| StoreError::Untrusted { name: name.clone(), reason };
        match (pinned, signer) {
            (Some(pinned), Some(signer)) if pinned != signer => {
                let (pinned, now) = (pinned.clone(), format!("`{signer}`"));
                return Err(untrusted(Distrust::OtherAuthor { pinned, now }));
            }
            (Some(pinned), None) => {
                return Err(untrusted(Distrust::NoLongerSigned(pinned.clone())));
            }
            _ => {}
        }
        let offered = plan.manifest.version.clone();
        self.check_required_of(&name, &offered, &plan.digest)?;
        let Some(before) = before.filter(|_| !plan.downgrade) else { return Ok(()) };
        let installed = before.version.clone();
        match version::compare(&offered, &installed) {
            Some(Ordering::Less) => Err(StoreError::Downgrade { name, installed, offered }),
            // The version of an unsigned component may be anything; an author's versions must increase.
            None if signer.is_some() => Err(StoreError::Incomparable { name, installed, offered }),
            _ => Ok(()),
        }
    }

    /// If the organisation requires `name`, checks that this version may replace the installed one.
    ///
    /// Security: an older version may do less, and a version of an older contract never sees the plan. So a
    /// required filter is replaced only by one that is not older, whoever asks, unless the organisation names
    /// the digest.
    pub(super) fn check_required_of(
        &self,
        name: &str,
        offered: &str,
        digest: &str,
    ) -> Result<(), StoreError> {
        let Some(required) = self.rules.required(name) else { return Ok(()) };
        let broken = |rule| StoreError::Replaced { name: name.to_owned(), rule };
        required.iter().try_for_each(|one| one.check(offered, digest)).map_err(broken)?;
        let is_named = required.iter().any(|one| one.digest.is_some());
        let before = self.installed.iter().find(|installed| installed.name == name);
        match before.filter(|before| !is_named && before.digest != digest) {
            Some(before)
                if !version::compare(offered, &before.version).is_some_and(Ordering::is_ge) =>
            {
                let (installed, offered) = (before.version.clone(), offered.to_owned());
                Err(broken(RuleError::OnlyNewer { installed, offered }))
            }
            _ => Ok(()),
        }
    }

    /// Returns the known signer of `plan` with the text of the signature. Returns `None` if there is no
    /// signature, or if none is required and this build cannot verify it.
    fn signed_by(&self, plan: &Plan, trust: &Trust) -> Result<Option<(Signer, String)>, Distrust> {
        if let Some(Signer::Sigstore(_)) = &trust.signer
            && !sigstore::IS_BUILT
        {
            return Err(BundleError::NotBuilt.into());
        }
        let Signature { minisign, sigstore } = plan.signature.clone().unwrap_or_default();
        match &trust.signer {
            Some(Signer::Minisign(_)) if minisign.is_none() => return Err(Distrust::NoMinisign),
            Some(Signer::Sigstore(_)) if sigstore.is_none() => return Err(Distrust::NoBundle),
            _ => {}
        }
        let before = self.installed.iter().find(|installed| installed.name == plan.manifest.name);
        let pinned = before.and_then(|before| before.signer.as_ref());
        let known = trust.signer.iter().chain(pinned).chain(self.rules.signers.iter().flatten());
        // If the user names a signer, no other signer counts.
        let most = if trust.signer.is_some() { 1 } else { usize::MAX };
        let known: Vec<&Signer> = known.chain(&trust.signers).take(most).collect();
        let mut reason = None;
        if let Some(text) = minisign {
            match by_key(plan, &text, &known, trust.signer.as_ref(), pinned) {
                Ok(signer) => return Ok(Some((signer, text))),
                Err(wrong) => reason = Some(wrong),
            }
        }
        if let Some(text) = sigstore {
            let is_needed = trust.signer.is_some()
                || pinned.is_some()
                || self.rules.wants_signatures()
                || (!plan.is_local && trust.digest.is_none());
            let wrong = match sigstore::verify(&plan.file, &text, &self.rules.root())
                .map(Signer::Sigstore)
            {
                Ok(found) => match known.iter().find(|signer| signer.covers(&found)) {
                    Some(signer) => return Ok(Some(((*signer).clone(), text))),
                    None => Distrust::UnknownIdentity(found),
                },
                Err(BundleError::NotBuilt) if !is_needed && reason.is_none() => return Ok(None),
                Err(error) => error.into(),
            };
            reason = Some(match reason {
                Some(first) => Distrust::Both(Box::new(first), Box::new(wrong)),
                None => wrong,
            });
        }
        reason.map_or(Ok(None), Err)
    }

    /// Returns the signer that the signatures of a component claim, or `None` if there are none.
    #[must_use]
    pub fn claimed_signer(&self, plan: &Plan) -> Option<String> {
        let Signature { minisign, sigstore } = plan.signature.as_ref()?;
        let Some(bundle) = sigstore else {
            let key = minisign.as_deref().and_then(KeyId::of);
            let key =
                key.map_or("an unknown signer".to_owned(), |key| format!("the minisign key {key}"));
            return Some(format!("{key} (not verified before it is installed)"));
        };
        Some(match sigstore::verify(&plan.file, bundle, &self.rules.root()) {
            Ok(identity) => identity.to_string(),
            Err(error) => format!("an unknown signer: {error}"),
        })
    }
}

/// Returns the key of `known` that made the minisign signature `text`.
fn by_key(
    plan: &Plan,
    text: &str,
    known: &[&Signer],
    named: Option<&Signer>,
    pinned: Option<&Signer>,
) -> Result<Signer, Distrust> {
    let found = KeyId::of(text).ok_or(Distrust::Malformed)?;
    for signer in known.iter().filter(|signer| matches!(signer, Signer::Minisign(_))) {
        // Keys need no trusted root; only identities do.
        match signer.check(&plan.file, text, &Root::default()) {
            Ok(()) => return Ok((*signer).clone()),
            Err(SignatureError::OtherKey { .. }) => {}
            Err(SignatureError::OtherFile(signer)) => return Err(Distrust::OtherFile(signer)),
            Err(_) => return Err(Distrust::Malformed),
        }
    }
    Err(of_another_key(found, named, pinned))
}

/// Returns the reason for a signature by the key `found`, which is not an accepted one.
fn of_another_key(found: KeyId, named: Option<&Signer>, pinned: Option<&Signer>) -> Distrust {
    match (named, pinned) {
        (Some(named), _) => Distrust::NotNamed { named: named.clone(), found },
        (None, Some(pinned)) => Distrust::OtherAuthor {
            pinned: pinned.clone(),
            now: format!("the minisign key {found}"),
        },
        (None, None) => Distrust::UnknownKey(found),
    }
}
