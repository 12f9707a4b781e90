//! `plugins.lock`: name, digest, kind, signer and grants of every installed component.
//!
//! Security: the first line authenticates the rest with a key of this user. A program that may write files
//! and nothing more can therefore neither remove a filter nor add a grant. A program that can read the key
//! can do both.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, ErrorKind, Read as _};
use std::path::Path;

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::{Installed, Previous, StoreError, io as failed};
use audex_components::capability::Capability;
use audex_components::manifest::World;
use audex_core::digest::hex;
use audex_core::private_file::{self, KEY_BYTES};
use audex_core::reachable;

/// The lock's name in the plugin directory.
pub(super) const FILE: &str = "plugins.lock";
/// The name of the key beside the lock.
const KEY: &str = "plugins.key";
/// The name of the key until the first lock exists. A full disk or a crash between the two must not look like
/// a missing lock.
const NEW_KEY: &str = "plugins.new-key";
/// The version of the lock's format.
const VERSION: u32 = 1;
/// The beginning of the first line.
const MAC: &str = "mac = \"";

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Lock {
    /// Present in files only. The MAC of another user's lock has no meaning here.
    #[serde(default, skip_serializing)]
    #[expect(dead_code, reason = "it is checked before the file is parsed")]
    mac: Option<String>,
    version: u32,
    #[serde(default, rename = "plugin")]
    plugins: Vec<Entry>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    version: String,
    digest: String,
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    provides: Option<String>,
    granted: Vec<String>,
    origin: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signer: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    module: Option<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    disabled: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    previous: Option<PreviousEntry>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct PreviousEntry {
    version: String,
    digest: String,
    granted: Vec<String>,
    origin: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signer: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    module: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_false(value: &bool) -> bool {
    !value
}

/// Reads the lock at `path`. The result is empty if there is no lock and never was one.
///
/// # Errors
/// When the lock is missing, cannot be read, or was written by another program. An entry that is not
/// understood is an error, because it may be a filter.
pub(super) fn read(path: &Path) -> Result<Vec<Installed>, StoreError> {
    let outcome = read_alone(path);
    let (Err(StoreError::LockGone(_)), Some(directory)) = (&outcome, path.parent()) else {
        return outcome;
    };
    // Another process may have written the first lock, and renamed its key, between the two checks.
    let open = File::open(directory).map_err(failed("open", directory))?;
    private_file::lock_shared(&open).map_err(failed("lock", directory))?;
    read_alone(path)
}

/// Reads the lock as [`read`] does, for a caller that keeps all others from writing.
///
/// # Errors
/// As [`read`].
pub(super) fn read_alone(path: &Path) -> Result<Vec<Installed>, StoreError> {
    let directory = path.parent().unwrap_or(Path::new("/"));
    // Security: a directory that cannot be reached is not an empty store.
    let Some(text) = reachable::text(path).map_err(failed("read", path))? else {
        // The key has this name once there is a lock.
        let is_gone = std::fs::symlink_metadata(directory.join(KEY)).is_ok();
        return if is_gone {
            Err(StoreError::LockGone(path.to_path_buf()))
        } else {
            Ok(Vec::new())
        };
    };
    let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
    let written = first.strip_prefix(MAC).and_then(|mac| mac.strip_suffix('"')).unwrap_or_default();
    if known_key(directory).and_then(|key| mac(&key, rest)).ok().as_deref() != Some(written) {
        let message =
            "it was changed by something other than tryaudex: its MAC is not right".to_owned();
        return Err(StoreError::Lock { path: path.to_path_buf(), message });
    }
    entries(path, rest)
}

/// Parses a lock that another user's program wrote, such as a team's. The result is only for installing from
/// it.
///
/// # Errors
/// When the lock cannot be parsed, or has grants that this program does not know.
pub fn parse(path: &Path, text: &str) -> Result<Vec<Installed>, StoreError> {
    let installed = entries(path, text)?;
    match installed.iter().find_map(|one| one.unknown.first()) {
        Some(unknown) => {
            let known: Result<Capability, _> = unknown.parse();
            let message = known.err().map_or_else(String::new, |error| error.to_string());
            Err(StoreError::Lock { path: path.to_path_buf(), message })
        }
        None => Ok(installed),
    }
}

fn entries(path: &Path, text: &str) -> Result<Vec<Installed>, StoreError> {
    let wrong = |message: String| StoreError::Lock { path: path.to_path_buf(), message };
    let lock: Lock = toml::from_str(text).map_err(|error| wrong(error.message().to_owned()))?;
    if lock.version != VERSION {
        return Err(wrong(format!(
            "its version is {}, this program reads {VERSION}",
            lock.version
        )));
    }
    lock.plugins.into_iter().map(|entry| installed(entry).map_err(wrong)).collect()
}

fn installed(entry: Entry) -> Result<Installed, String> {
    let is_digest =
        |digest: &str| digest.len() == 64 && digest.chars().all(|c| c.is_ascii_hexdigit());
    let worlds = [World::Provider, World::Mapping, World::Filter, World::Intent];
    let world = worlds.into_iter().find(|world| world.to_string() == entry.kind);
    let (true, Some(world)) = (is_digest(&entry.digest), world) else {
        return Err(format!("the entry `{}` is malformed", entry.name));
    };
    let signer = |signer: Option<String>| {
        signer
            .map(|text| text.parse())
            .transpose()
            .map_err(|error: crate::signature::SignatureError| error.to_string())
    };
    let is_module = |module: &Option<String>| module.as_deref().is_none_or(is_digest);
    let previous = match entry.previous {
        Some(previous) if is_digest(&previous.digest) && is_module(&previous.module) => {
            let (granted, unknown) = grants(previous.granted);
            Some(Previous {
                version: previous.version,
                digest: previous.digest,
                granted,
                unknown,
                origin: previous.origin,
                signer: signer(previous.signer)?,
                module: previous.module,
            })
        }
        Some(_) => return Err(format!("the entry `{}` is malformed", entry.name)),
        None => None,
    };
    if !is_module(&entry.module) {
        return Err(format!("the entry `{}` is malformed", entry.name));
    }
    let (granted, unknown) = grants(entry.granted);
    Ok(Installed {
        name: entry.name,
        version: entry.version,
        digest: entry.digest,
        world,
        provides: entry.provides,
        granted,
        unknown,
        origin: entry.origin,
        signer: signer(entry.signer)?,
        module: entry.module,
        enabled: !entry.disabled,
        previous,
    })
}

/// Returns the granted capabilities, and the grants that this version does not know. An unknown grant
/// makes one component unusable, not the whole lock.
fn grants(texts: Vec<String>) -> (BTreeSet<Capability>, BTreeSet<String>) {
    let (mut granted, mut unknown) = (BTreeSet::new(), BTreeSet::new());
    for text in texts {
        match text.parse() {
            Ok(capability) => drop(granted.insert(capability)),
            Err(_) => drop(unknown.insert(text)),
        }
    }
    (granted, unknown)
}

/// Writes the lock, whole or not at all.
///
/// # Errors
/// When the directory or the file cannot be written.
pub(super) fn write(directory: &Path, installed: &[Installed]) -> Result<(), StoreError> {
    let texts = |granted: &BTreeSet<Capability>, unknown: &BTreeSet<String>| {
        granted.iter().map(ToString::to_string).chain(unknown.iter().cloned()).collect()
    };
    let entry = |installed: &Installed| Entry {
        name: installed.name.clone(),
        version: installed.version.clone(),
        digest: installed.digest.clone(),
        kind: installed.world.to_string(),
        provides: installed.provides.clone(),
        granted: texts(&installed.granted, &installed.unknown),
        origin: installed.origin.clone(),
        signer: installed.signer.as_ref().map(ToString::to_string),
        module: installed.module.clone(),
        disabled: !installed.enabled,
        previous: installed.previous.as_ref().map(|previous| PreviousEntry {
            version: previous.version.clone(),
            digest: previous.digest.clone(),
            granted: texts(&previous.granted, &previous.unknown),
            origin: previous.origin.clone(),
            signer: previous.signer.as_ref().map(ToString::to_string),
            module: previous.module.clone(),
        }),
    };
    let lock = Lock { mac: None, version: VERSION, plugins: installed.iter().map(entry).collect() };
    let path = directory.join(FILE);
    let text = toml::to_string(&lock)
        .map_err(|error| StoreError::Lock { path: path.clone(), message: error.to_string() })?;
    private_file::create_directory(directory).map_err(failed("use", directory))?;
    let [key, new] = [KEY, NEW_KEY].map(|name| directory.join(name));
    let is_first = std::fs::symlink_metadata(&key).is_err();
    let secret =
        private_file::key(if is_first { &new } else { &key }).map_err(failed("use", directory))?;
    let mac = mac(&secret, &text).map_err(failed("use", directory))?;
    private_file::replace(&path, format!("{MAC}{mac}\"\n{text}").as_bytes())
        .map_err(failed("write", &path))?;
    if is_first { std::fs::rename(&new, &key).map_err(failed("write", &key)) } else { Ok(()) }
}

/// Returns the key of the existing lock.
fn known_key(directory: &Path) -> io::Result<[u8; KEY_BYTES]> {
    // The third attempt finds a key that was renamed between the first two.
    for name in [KEY, NEW_KEY, KEY] {
        match private_file::open(&directory.join(name)) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
            Ok(file) => {
                let mut key = Vec::new();
                file.take(KEY_BYTES as u64 + 1).read_to_end(&mut key)?;
                // An empty key is not accepted, because everyone knows it.
                return key.try_into().map_err(|_| ErrorKind::InvalidData.into());
            }
        }
    }
    // The key is gone, so the lock is not trusted. With a new key, a lock that is deleted later is reported
    // as missing.
    private_file::key(&directory.join(KEY))
}

fn mac(key: &[u8], text: &str) -> io::Result<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(io::Error::other)?;
    mac.update(text.as_bytes());
    Ok(hex(&mac.finalize().into_bytes()))
}
