//! Whether a component that was fetched is what its author made: by signature, or by the digest that the user was given.

use super::install::Plan;
use super::{Installed, Store, StoreError, digest};
use crate::plugin::signature::{Signature, Signer};
use crate::plugin::sigstore::{self, BundleError};

/// What the user says of a component that is to be installed.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// Whose signature it has.
    pub signer: Option<Signer>,
    /// SHA-256 of the file or the component, lower-case hex.
    pub digest: Option<String>,
    /// The signature, where it does not lie beside the file.
    pub signature: Option<Signature>,
    /// Keys and identities that the user's own settings trust.
    pub signers: Vec<Signer>,
    /// An older version may replace a newer one.
    pub downgrade: bool,
}

impl Plan {
    /// Whether it has a signature that was not looked at, since nobody asks for one and this build cannot tell whose it is.
    #[must_use]
    pub fn is_unchecked(&self) -> bool {
        self.signature.is_some() && self.signed.is_none()
    }
}

impl Store {
    /// Finds out who signed `plan`, and that nobody else's is put in place of what is installed.
    ///
    /// # Errors
    /// When the signature is nobody's that is known, another than before, or missing where one is needed.
    pub fn trust(&self, plan: &mut Plan, trust: &Trust) -> Result<(), StoreError> {
        let name = plan.manifest.name.clone();
        let untrusted = |reason: String| StoreError::Untrusted { name: name.clone(), reason };
        if let Some(wanted) = &trust.digest
            && ![&plan.digest, &digest(&plan.file)].contains(&wanted)
        {
            return Err(untrusted(format!("its digest is sha256:{}", digest(&plan.file))));
        }
        let before = self.installed.iter().find(|installed| installed.name == name);
        let pinned = before.and_then(|before| before.signer.as_ref());
        if let Some(Signer::Sigstore(_)) = &trust.signer
            && !sigstore::IS_BUILT
        {
            return Err(untrusted(BundleError::NotBuilt.to_string()));
        }
        if let Some(signature) = &trust.signature {
            plan.signature = Some(signature.clone());
        }
        if plan.signature.is_some() {
            let organisation = self.rules.signers.iter().flatten();
            let known = trust.signer.iter().chain(pinned).chain(organisation).chain(&trust.signers);
            // One that the user names must be the one, and no other.
            let known: Vec<&Signer> =
                known.take(if trust.signer.is_some() { 1 } else { usize::MAX }).collect();
            let is_needed = trust.signer.is_some()
                || pinned.is_some()
                || self.rules.wants_signatures()
                || (!plan.is_local && trust.digest.is_none());
            plan.signed = self.signed_by(plan, &known, is_needed).map_err(untrusted)?;
        } else if trust.signer.is_some() {
            return Err(untrusted("it is not signed".to_owned()));
        }
        let signer = plan.signed.as_ref().map(|(signer, _)| signer);
        match (pinned, signer) {
            (Some(pinned), Some(signer)) if pinned != signer => {
                return Err(untrusted(format!(
                    "it was signed by `{pinned}` before, and is now by `{signer}`"
                )));
            }
            (Some(pinned), None) => {
                return Err(untrusted(format!("it was signed by `{pinned}` before, and is not signed now")));
            }
            (_, None) if !plan.is_local && trust.digest.is_none() => {
                return Err(untrusted(
                    "it comes from elsewhere, is not signed, and no digest was given".to_owned(),
                ));
            }
            _ => {}
        }
        self.check_rules(&name, &plan.origin, signer)?;
        if let Some(capability) = plan.manifest.requested.iter().find(|asked| !self.rules.allows(asked)) {
            return Err(StoreError::AboveCeiling { name, capability: capability.clone() });
        }
        match before.filter(|_| !trust.downgrade) {
            Some(before) if is_older(&plan.manifest.version, before) => Err(StoreError::Downgrade {
                name,
                installed: before.version.clone(),
                offered: plan.manifest.version.clone(),
            }),
            _ => Ok(()),
        }
    }

    /// Who of `known` signed `plan`, and the text of the signature; none where nobody asks for one and this build cannot tell.
    fn signed_by(
        &self,
        plan: &Plan,
        known: &[&Signer],
        is_needed: bool,
    ) -> Result<Option<(Signer, String)>, String> {
        let Some(Signature { minisign, sigstore }) = &plan.signature else { return Ok(None) };
        let root = self.rules.root();
        let mut reasons = Vec::new();
        if let Some(text) = minisign {
            let keys = known.iter().filter(|signer| matches!(signer, Signer::Minisign(_)));
            match keys.copied().find(|signer| signer.check(&plan.file, text, &root).is_ok()) {
                Some(signer) => return Ok(Some((signer.clone(), text.clone()))),
                None => {
                    reasons.push("its signature is none of a key that is known, for this file".to_owned());
                }
            }
        }
        if let Some(text) = sigstore {
            match sigstore::verify(&plan.file, text, &root).map(Signer::Sigstore) {
                Ok(found) => match known.iter().find(|signer| signer.covers(&found)) {
                    Some(signer) => return Ok(Some(((*signer).clone(), text.clone()))),
                    None => reasons.push(format!("it is signed by `{found}`, who is not known")),
                },
                Err(BundleError::NotBuilt) if !is_needed && reasons.is_empty() => return Ok(None),
                Err(error) => reasons.push(error.to_string()),
            }
        }
        Err(reasons.join("; "))
    }

    /// What its signatures say of a component that is not installed; none if there is none.
    #[must_use]
    pub fn claimed_signer(&self, plan: &Plan) -> Option<String> {
        let Some(bundle) = &plan.signature.as_ref()?.sigstore else {
            return Some("somebody; whom, installing finds out".to_owned());
        };
        Some(match sigstore::verify(&plan.file, bundle, &self.rules.root()) {
            Ok(identity) => identity.to_string(),
            Err(error) => format!("nobody who is known: {error}"),
        })
    }
}

/// Whether `version` is below that of what is installed, where both can be compared.
///
/// Source: Semantic Versioning 2.0.0, 11.
fn is_older(version: &str, installed: &Installed) -> bool {
    match (semver::Version::parse(version), semver::Version::parse(&installed.version)) {
        (Ok(offered), Ok(known)) => offered < known,
        _ => false,
    }
}
