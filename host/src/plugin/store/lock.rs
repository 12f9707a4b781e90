//! `plugins.lock`: name, digest, kind and grants of everything that is installed.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Installed, StoreError, io};
use crate::plugin::capability::Capability;
use crate::plugin::manifest::World;
use crate::private_file;

/// The lock's name in the plugin directory.
pub const FILE: &str = "plugins.lock";
/// The lock's format.
const VERSION: u32 = 1;

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Lock {
    version: u32,
    #[serde(default, rename = "plugin")]
    plugins: Vec<Entry>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    digest: String,
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    provides: Option<String>,
    granted: Vec<String>,
    origin: String,
}

/// Everything in the lock at `path`; nothing if there is none.
///
/// # Errors
/// When it is there and cannot be read. An entry that is not understood is an error: it may be a filter.
pub fn read(path: &Path) -> Result<Vec<Installed>, StoreError> {
    let text = match std::fs::read_to_string(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(io("read", path))?,
    };
    let wrong = |message: String| StoreError::Lock { path: path.to_path_buf(), message };
    let lock: Lock = toml::from_str(&text).map_err(|error| wrong(error.message().to_owned()))?;
    if lock.version != VERSION {
        return Err(wrong(format!("its version is {}, this program reads {VERSION}", lock.version)));
    }
    let installed = |entry: Entry| {
        let digest_ok = entry.digest.len() == 64 && entry.digest.chars().all(|c| c.is_ascii_hexdigit());
        let world = [World::Provider, World::Mapping, World::Filter, World::Intent];
        let world = world.into_iter().find(|world| world.to_string() == entry.kind);
        let (true, Some(world)) = (digest_ok, world) else {
            return Err(wrong(format!("the entry `{}` is malformed", entry.name)));
        };
        let granted = entry.granted.iter().map(|text| text.parse::<Capability>()).collect::<Result<_, _>>();
        Ok(Installed {
            name: entry.name,
            digest: entry.digest,
            world,
            provides: entry.provides,
            granted: granted.map_err(|error| wrong(error.to_string()))?,
            origin: entry.origin,
        })
    };
    lock.plugins.into_iter().map(installed).collect()
}

/// Writes the lock, whole or not at all.
///
/// # Errors
/// When the directory or the file cannot be written.
pub fn write(directory: &Path, installed: &[Installed]) -> Result<(), StoreError> {
    let entry = |installed: &Installed| Entry {
        name: installed.name.clone(),
        digest: installed.digest.clone(),
        kind: installed.world.to_string(),
        provides: installed.provides.clone(),
        granted: installed.granted.iter().map(ToString::to_string).collect(),
        origin: installed.origin.clone(),
    };
    let lock = Lock { version: VERSION, plugins: installed.iter().map(entry).collect() };
    let path = directory.join(FILE);
    let text = toml::to_string(&lock)
        .map_err(|error| StoreError::Lock { path: path.clone(), message: error.to_string() })?;
    private_file::create_directory(directory).map_err(io("use", directory))?;
    private_file::replace(&path, text.as_bytes()).map_err(io("write", &path))
}
