//! The resources that a SAS can be limited to: a container, or one blob in it.

use audex_sdk::provider::Error;

use crate::invalid;

/// Where a SAS is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub account: String,
    pub container: String,
    pub part: Part,
}

/// How much of the container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    Whole,
    Blob(String),
    /// A directory, of accounts with a hierarchical namespace.
    Directory(String),
}

impl Place {
    /// Reads `https://ACCOUNT.blob.core.windows.net/CONTAINER[/BLOB | /DIRECTORY/*]`.
    ///
    /// # Errors
    /// When it is nothing of the kind.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let rest = text.strip_prefix("https://");
        let place = rest.and_then(|rest| {
            let (host, path) = rest.split_once('/')?;
            let account = host.strip_suffix(".blob.core.windows.net")?;
            let (container, path) = path.split_once('/').unwrap_or((path, ""));
            let part = match path.strip_suffix('*') {
                _ if path.is_empty() => Part::Whole,
                Some("") => Part::Whole,
                Some(directory) => Part::Directory(directory.strip_suffix('/')?.to_owned()),
                None => Part::Blob(path.to_owned()),
            };
            let named = match &part {
                Part::Whole => true,
                Part::Blob(path) | Part::Directory(path) => is_path(path),
            };
            let (account, container) = (account.to_owned(), container.to_owned());
            (is_account(&account) && is_container(&container) && named).then_some(Self {
                account,
                container,
                part,
            })
        });
        place.ok_or_else(|| {
            invalid(
                "resource-malformed",
                format!("`{text}` is no resource that an Azure credential can be limited to"),
                "write containers as `https://ACCOUNT.blob.core.windows.net/CONTAINER`, directories as `…/DIRECTORY/*`; \
                 nothing else can be limited",
            )
        })
    }

    /// The canonicalized resource of the signature.
    pub fn canonical(&self) -> String {
        let container = format!("/blob/{}/{}", self.account, self.container);
        match &self.part {
            Part::Whole => container,
            Part::Blob(path) | Part::Directory(path) => format!("{container}/{path}"),
        }
    }

    /// `sr`: what kind of resource is signed.
    pub fn kind(&self) -> &'static str {
        match self.part {
            Part::Whole => "c",
            Part::Blob(_) => "b",
            Part::Directory(_) => "d",
        }
    }

    /// `sdd`: how deep a directory lies.
    pub fn depth(&self) -> Option<usize> {
        match &self.part {
            Part::Directory(path) => Some(path.split('/').count()),
            Part::Whole | Part::Blob(_) => None,
        }
    }
}

/// Source: Azure Storage, "Storage account overview", names.
fn is_account(name: &str) -> bool {
    (3..=24).contains(&name.len()) && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
}

/// Source: "Naming and referencing containers, blobs, and metadata".
fn is_container(name: &str) -> bool {
    (3..=63).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        && !name.starts_with('-')
        && !name.ends_with('-')
        && !name.contains("--")
}

/// Security: the path is a line of what is signed. A line break would start another field.
fn is_path(path: &str) -> bool {
    !path.is_empty()
        && path.len() <= 1024
        && !path.chars().any(|c| c.is_control() || matches!(c, '*' | '?' | '#' | '%' | '\\'))
        && path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_blobs_and_directories_are_read() {
        for (path, kind, canonical) in [
            ("data", "c", "/blob/acct/data"),
            ("data/*", "c", "/blob/acct/data"),
            ("data/a/b.txt", "b", "/blob/acct/data/a/b.txt"),
            ("data/a/b/*", "d", "/blob/acct/data/a/b"),
        ] {
            let place = Place::parse(&format!("https://acct.blob.core.windows.net/{path}")).unwrap();
            assert_eq!((place.kind(), place.canonical().as_str()), (kind, canonical));
        }
    }

    #[test]
    fn what_could_mean_more_or_something_else_is_refused() {
        for text in [
            "https://acct.blob.core.windows.net/",
            "https://acct.blob.core.windows.net/*",
            "https://acct.blob.core.windows.net/data*",
            "https://acct.blob.core.windows.net/data/pre*",
            "https://acct.blob.core.windows.net/data/../x",
            "https://acct.blob.core.windows.net/data/a\nb",
            "https://*.blob.core.windows.net/data",
            "https://acct.blob.core.windows.net.evil.com/data",
            "http://acct.blob.core.windows.net/data",
            "/subscriptions/x",
            "arn:aws:s3:::b",
        ] {
            assert_eq!(Place::parse(text).unwrap_err().code, "resource-malformed", "{text}");
        }
    }
}
