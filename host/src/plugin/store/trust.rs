//! Whether a component that was fetched is what its author made: by signature, or by the digest that the user was given.

use super::install::Plan;
use super::{Installed, Store, StoreError, digest};
use crate::plugin::signature::Signer;

/// What the user says of a component that is to be installed.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// Whose signature it has.
    pub signer: Option<Signer>,
    /// SHA-256 of the file or the component, lower-case hex.
    pub digest: Option<String>,
    /// The signature, where it does not lie beside the file.
    pub signature: Option<String>,
    /// Keys that the user's own settings trust.
    pub signers: Vec<Signer>,
    /// An older version may replace a newer one.
    pub downgrade: bool,
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
        if let Some(signature) = trust.signature.as_ref().or(plan.signature.as_ref()) {
            let organisation = self.rules.signers.iter().flatten();
            let known = trust.signer.iter().chain(pinned).chain(organisation).chain(&trust.signers);
            // One that the user names must be the one, and no other.
            let mut candidates = known.take(if trust.signer.is_some() { 1 } else { usize::MAX });
            let signer = candidates.find(|signer| signer.check(&plan.file, signature).is_ok()).cloned();
            let signer = signer.ok_or_else(|| {
                untrusted("its signature is none of a key that is known, for this file".to_owned())
            })?;
            plan.signature = Some(signature.clone());
            plan.signer = Some(signer);
        } else if trust.signer.is_some() {
            return Err(untrusted("it is not signed".to_owned()));
        }
        match (pinned, &plan.signer) {
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
        self.check_rules(&name, &plan.origin, plan.signer.as_ref())?;
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
