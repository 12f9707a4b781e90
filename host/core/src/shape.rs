//! The shapes of configured paths, addresses and names. Messages use them to avoid repeating a misplaced secret.
//!
//! Security: people put the text of a key file, a token or a password into a variable that should name a file or a server.
//! A message names the variable. It shows the value only if the value has the shape that the variable should have.

mod misplaced;

use std::fmt;
use std::net::Ipv6Addr;
use std::path::{Path, PathBuf};

use crate::environment::Environment;
use crate::redact::holds_secret;

pub use self::misplaced::Misplaced;

/// The longest path (`PATH_MAX`) and the longest file name (`NAME_MAX`) on Linux.
const PATH_BYTES: usize = 4096;
const NAME_BYTES: usize = 255;
/// The longest host name and its longest label (RFC 1035, section 2.3.4).
const HOST_BYTES: usize = 253;
const LABEL_BYTES: usize = 63;
/// The length from which a run of capitals, small letters and digits is more likely a token than a word.
const WORD_BYTES: usize = 20;
/// The length limit for names; those of projects, roles and profiles are shorter.
const PLAIN_BYTES: usize = 256;

/// Endings of files that hold certificates, keys, tokens or settings. A bare name without an ending may be a password.
const EXTENSIONS: [&str; 19] = [
    "bundle", "cer", "cert", "cfg", "conf", "crt", "db", "ini", "json", "jwt", "key", "p12", "pem",
    "pfx", "toml", "txt", "xml", "yaml", "yml",
];

/// Top-level directories of common systems and containers. Base64 that begins with `/` does not continue with one of them.
const ROOTS: [&str; 29] = [
    "Applications",
    "Library",
    "System",
    "Users",
    "Volumes",
    "app",
    "bin",
    "builds",
    "data",
    "dev",
    "etc",
    "github",
    "home",
    "lib",
    "media",
    "mnt",
    "nix",
    "opt",
    "private",
    "proc",
    "root",
    "run",
    "secrets",
    "srv",
    "tmp",
    "usr",
    "var",
    "work",
    "workspace",
];

/// A configured path and the name of the setting that it comes from.
///
/// `Display` shows the path only if the path looks like one; `Debug` shows no more than `Display`.
#[derive(Clone)]
pub struct ConfiguredPath {
    origin: String,
    path: PathBuf,
}

impl ConfiguredPath {
    /// Takes a path and its `origin`: the name of a variable, or of a key in a file.
    #[must_use]
    pub fn new(origin: impl Into<String>, path: impl Into<PathBuf>) -> Self {
        Self { origin: origin.into(), path: path.into() }
    }

    /// Reads the path in `variable`; returns `None` if the variable is unset or empty.
    #[must_use]
    pub fn of_variable(environment: &Environment, variable: &str) -> Option<Self> {
        environment.get_os(variable).map(|value| Self::new(variable, value))
    }

    /// Returns the path for opening the file. Security: do not show this path.
    #[must_use]
    pub fn as_path(&self) -> &Path {
        &self.path
    }
}

impl fmt::Display for ConfiguredPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.to_str().filter(|text| is_path(text)) {
            Some(text) => write!(formatter, "`{text}`"),
            None => {
                write!(formatter, "the value of `{}`, which does not look like a path", self.origin)
            }
        }
    }
}

impl fmt::Debug for ConfiguredPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// Returns the text by which a message refers to the address in `origin`: the address itself if it looks like one.
#[must_use]
pub fn address(origin: &str, value: &str) -> String {
    let value = value.trim();
    if is_address(value) {
        return format!("`{value}`");
    }
    format!("the value of `{origin}`, which does not look like an address")
}

/// Returns true if `text` looks like a path: absolute, relative to a named directory, or a file name with a known ending.
/// No part of the text may look like a key or token.
#[must_use]
pub fn is_path(text: &str) -> bool {
    let is_rooted = ["/", "./", "../", "~/"].iter().any(|start| text.starts_with(start));
    let is_named = || {
        let extension = text.rsplit_once('.').map(|(_, extension)| extension);
        extension.is_some_and(|extension| EXTENSIONS.contains(&extension))
            && !text.contains([':', '@', ' '])
    };
    let is_allowed = |c: char| c.is_alphanumeric() || "/._-+~@,=()#% ".contains(c);
    let is_part = |part: &str| part.len() <= NAME_BYTES && !is_opaque(part) && !holds_secret(part);
    text.len() <= PATH_BYTES
        && (is_rooted || matches!(text, "." | "..") || is_named())
        && text.chars().all(is_allowed)
        && text.split('/').all(is_part)
        && !holds_secret(text)
        && (has_usual_root(text) || !is_base64(text))
}

/// Returns true if `text` looks like a server's address, with or without a scheme, and holds nothing secret.
#[must_use]
pub fn is_address(text: &str) -> bool {
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) => (Some(scheme), rest),
        None => (None, text),
    };
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let is_known = scheme.is_none_or(|scheme| matches!(scheme, "http" | "https" | "ftp"));
    // Without a scheme, `word.word` may be a token.
    let is_plain =
        scheme.is_some() || authority.matches('.').count() >= 2 || authority.contains(':');
    let is_segment = |segment: &str| {
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || "._-~".contains(c);
        segment.len() <= LABEL_BYTES && segment.chars().all(is_allowed) && !is_opaque(segment)
    };
    is_known
        && (is_plain || authority == "localhost")
        && is_authority(authority)
        && path.split('/').all(is_segment)
        && !path.split('/').any(holds_secret)
}

/// Returns true if `text` looks like a host, with or without a port.
#[must_use]
pub(crate) fn is_authority(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let is_port = |port: &str| {
        (1..=5).contains(&port.len()) && port.bytes().all(|byte| byte.is_ascii_digit())
    };
    port.is_none_or(is_port) && is_host(host)
}

/// Returns true if the host part of `url` looks like a host.
#[must_use]
pub fn has_host(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    is_authority(rest.split(['/', '?', '#']).next().unwrap_or_default())
}

/// Returns true if `text` looks like a host name or the address of a host.
#[must_use]
pub fn is_host(text: &str) -> bool {
    if let Some(address) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return address.parse::<Ipv6Addr>().is_ok();
    }
    let is_label = |label: &str| {
        // Container names contain `_`, and host names may contain letters of any script.
        let is_allowed = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
        (1..=LABEL_BYTES).contains(&label.len())
            && label.chars().all(is_allowed)
            && !is_opaque(label)
    };
    text.len() <= HOST_BYTES && text.split('.').all(is_label) && !holds_secret(text)
}

/// Returns true if `text` looks like a plain name: a region, a role, a project, an ARN, an email address.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let is_allowed = |c: char| c.is_alphanumeric() || "._:/@+=,-".contains(c);
    text.len() <= PLAIN_BYTES
        && text.chars().all(is_allowed)
        && !is_opaque(text)
        && !holds_secret(text)
        && !is_base64(text)
}

/// Returns true if `text` has a run of letters and digits that is as long and as mixed as a token.
fn is_opaque(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric())
        .any(|run| run.len() >= WORD_BYTES && is_mixed(run))
}

/// Returns true if the whole of `text` may be base64.
fn is_base64(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
    text.len() >= WORD_BYTES && text.bytes().all(is_allowed) && is_mixed(text)
}

fn is_mixed(text: &str) -> bool {
    let has = |test: fn(&u8) -> bool| text.as_bytes().iter().any(test);
    has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_digit)
}

fn has_usual_root(text: &str) -> bool {
    let first = text.strip_prefix('/').and_then(|rest| rest.split('/').next()).unwrap_or_default();
    ROOTS.contains(&first)
}

#[cfg(test)]
mod tests;
