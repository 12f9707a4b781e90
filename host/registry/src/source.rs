//! The sources of components: a file, an https address, an OCI registry.
//!
//! A fetch proves nothing: signatures and digests are checked when a component is to be installed.

mod oci;
mod web;

use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use reqwest::Url;

use self::oci::Reference;
use super::signature::Signature;
use audex_components::limit;
use audex_core::environment::Environment;

/// The ending of a minisign signature, appended to the name of the signed file.
const MINISIGN: &str = ".minisig";
/// The endings of sigstore bundles: by the specification, and by older clients.
const SIGSTORE: [&str; 2] = [".sigstore.json", ".sigstore"];

/// The place of a component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A file on this machine.
    File(PathBuf),
    /// An https address (http on loopback).
    Web(Url),
    /// `oci://registry/repository:tag` or `…@sha256:…`.
    Oci(Reference),
}

/// A fetched file.
pub struct Fetched {
    /// The component or module, as it is distributed.
    pub bytes: Vec<u8>,
    /// The signatures beside the file, if there are any.
    pub signature: Option<Signature>,
    /// The place of the file, in one canonical form.
    pub origin: String,
    /// The redirects from there, each address that was requested.
    pub led_to: Vec<String>,
    /// True for a file on this machine.
    pub is_local: bool,
}

/// The error for a failed fetch.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The text does not name a place.
    #[error("`{text}` is not a place a component can be in: {reason}")]
    Malformed {
        /// The text.
        text: String,
        /// The reason.
        reason: &'static str,
    },
    /// The file does not exist.
    #[error("there is no file `{}`", .0.display())]
    Missing(PathBuf),
    /// A file cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A file is larger than its kind may be.
    #[error("`{origin}` has more than {} MiB", most / 1024 / 1024)]
    TooLarge {
        /// The place.
        origin: String,
        /// The maximum size in bytes.
        most: u64,
    },
    /// A server did not deliver the file.
    #[error("cannot fetch `{origin}`: {reason}")]
    Refused {
        /// The place.
        origin: String,
        /// The reason.
        reason: String,
    },
}

impl FromStr for Place {
    type Err = SourceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let malformed = |reason| SourceError::Malformed { text: text.to_owned(), reason };
        if let Some(rest) = text.strip_prefix("oci://") {
            return Reference::parse(rest)
                .map(Self::Oci)
                .ok_or_else(|| malformed("write oci://registry/repository:tag"));
        }
        if text.starts_with("https://") || text.starts_with("http://") {
            let url = audex_core::address::parse("the source", text).map_err(|_| {
                malformed("it is not an https address (http on loopback only) without user, query and fragment")
            })?;
            return Ok(Self::Web(url));
        }
        if text.contains("://") {
            return Err(malformed("components come from files, https:// and oci://"));
        }
        Ok(Self::File(PathBuf::from(text)))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(formatter, "{}", path.display()),
            Self::Web(url) => formatter.write_str(url.as_str()),
            Self::Oci(reference) => write!(formatter, "oci://{reference}"),
        }
    }
}

impl Place {
    /// Fetches the file at this place, with the signature beside it.
    ///
    /// # Errors
    /// When there is no file, the file is too large, or the server does not answer.
    pub fn fetch(&self, environment: &Environment) -> Result<Fetched, SourceError> {
        match self {
            Self::File(path) => file(path),
            Self::Web(url) => web::fetch(url, environment),
            Self::Oci(reference) => oci::fetch(reference, environment),
        }
    }
}

fn file(path: &Path) -> Result<Fetched, SourceError> {
    if !path.is_file() {
        return Err(SourceError::Missing(path.to_path_buf()));
    }
    // The real path counts: a symbolic link must not evade a rule about directories.
    let real = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let origin = real.display().to_string();
    let bytes = read(&real)?.ok_or_else(|| SourceError::TooLarge {
        origin: origin.clone(),
        most: limit::COMPONENT_BYTES,
    })?;
    let mut sigstore = None;
    for ending in SIGSTORE {
        sigstore = sigstore.or(beside(path, ending)?);
    }
    let signature = Signature { minisign: beside(path, MINISIGN)?, sigstore }.if_any();
    Ok(Fetched { bytes, signature, origin, led_to: Vec::new(), is_local: true })
}

/// Returns the text of the file whose name has `ending` appended, if there is one.
fn beside(path: &Path, ending: &str) -> Result<Option<String>, SourceError> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(ending);
    let beside = Path::new(&beside);
    if beside.is_file() { read_text(beside).map(Some) } else { Ok(None) }
}

/// Returns the text of a signature or key that the user names.
///
/// # Errors
/// When the file cannot be read.
pub fn read_text(path: &Path) -> Result<String, SourceError> {
    let bytes = read(path)?.unwrap_or_default();
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Returns the bytes of a file, or `None` if the file is too large.
fn read(path: &Path) -> Result<Option<Vec<u8>>, SourceError> {
    let failed = |source| SourceError::Read { path: path.to_path_buf(), source };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(limit::COMPONENT_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    Ok((bytes.len() as u64 <= limit::COMPONENT_BYTES).then_some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_and_what_is_none_is_said() {
        for text in [
            "https://a.example/x.wasm",
            "http://127.0.0.1:5000/x",
            "oci://r.example/team/x:1.0",
            "x.wasm",
        ] {
            assert_eq!(text.parse::<Place>().unwrap().to_string(), text);
        }
        for text in [
            "http://a.example/x",
            "https://user:pass@a.example/x",
            "ftp://x/y",
            "oci://",
            "oci://r/../x:1",
            "https://a/x?q=1",
        ] {
            let error = text.parse::<Place>().unwrap_err().to_string();
            assert!(error.contains("is not a place a component can be in"), "{text}: {error}");
        }
    }

    #[test]
    fn a_file_brings_the_signature_beside_it_and_its_real_name() {
        let home = tempfile::tempdir().unwrap();
        let (path, link) = (home.path().join("x.wasm"), home.path().join("link.wasm"));
        std::fs::write(&path, b"bytes").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let environment = Environment::default();
        let fetch = || Place::File(link.clone()).fetch(&environment).unwrap();
        assert_eq!(fetch().signature, None);
        for (name, text) in [("minisig", "signed"), ("sigstore", "old"), ("sigstore.json", "new")] {
            std::fs::write(home.path().join(format!("link.wasm.{name}")), text).unwrap();
        }
        let fetched = fetch();
        let both =
            Signature { minisign: Some("signed".to_owned()), sigstore: Some("new".to_owned()) };
        assert_eq!((fetched.bytes.as_slice(), fetched.signature), (&b"bytes"[..], Some(both)));
        assert_eq!(fetched.origin, std::fs::canonicalize(path).unwrap().display().to_string());
        assert!(matches!(
            Place::File(home.path().join("no")).fetch(&environment),
            Err(SourceError::Missing(_))
        ));
    }
}
