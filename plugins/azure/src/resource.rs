//! The resources that a shared access signature can be limited to: a container, a directory or one blob.

use audex_sdk::provider::Error;

use crate::invalid;

/// The resource of a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub account: String,
    pub container: String,
    pub part: Part,
}

/// The signed part of the container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    Whole,
    /// Only in accounts with a hierarchical namespace.
    Directory(String),
    Blob(String),
}

const HOST: &str = ".blob.core.windows.net";
/// The longest name that the service accepts. Source: "Naming and referencing containers, blobs, and
/// metadata".
const LONGEST_PATH: usize = 1024;

impl Place {
    /// Reads `https://ACCOUNT.blob.core.windows.net/CONTAINER`, optionally followed by `/*`, `/DIRECTORY/*`,
    /// `/DIRECTORY/` or `/BLOB`.
    ///
    /// # Errors
    /// If the text has none of these forms.
    pub fn parse(text: &str) -> Result<Self, Error> {
        Self::read(text).ok_or_else(|| {
            let hint = if text.strip_suffix('*').is_some_and(|path| !path.ends_with('/')) {
                "a signature is for whole directories: end it with `/*`"
            } else {
                "write `https://ACCOUNT.blob.core.windows.net/CONTAINER`, `…/CONTAINER/DIRECTORY/*` or `…/CONTAINER/BLOB`, \
                 names as they are (not percent-encoded); for other resources take --deliver gateway"
            };
            invalid("resource-malformed", format!("`{text}` is not a blob, directory or container"), hint)
        })
    }

    fn read(text: &str) -> Option<Self> {
        let (host, path) = text.strip_prefix("https://")?.split_once('/')?;
        let account = host.strip_suffix(HOST)?;
        let (container, inside) =
            path.split_once('/').map_or((path, None), |(name, inside)| (name, Some(inside)));
        let part = match inside {
            None | Some("" | "*") => Part::Whole,
            Some(inside) => match inside.strip_suffix("/*").or_else(|| inside.strip_suffix('/')) {
                Some(directory) => Part::Directory(directory.to_owned()),
                None => Part::Blob(inside.to_owned()),
            },
        };
        let named = match &part {
            Part::Whole => true,
            Part::Directory(path) | Part::Blob(path) => is_path(path),
        };
        let (account, container) = (account.to_owned(), container.to_owned());
        (is_account(&account) && is_container(&container) && named).then_some(Self {
            account,
            container,
            part,
        })
    }

    /// Returns the canonicalized resource that is signed.
    pub fn canonical(&self) -> String {
        let container = format!("/blob/{}/{}", self.account, self.container);
        match &self.part {
            Part::Whole => container,
            Part::Directory(path) | Part::Blob(path) => format!("{container}/{path}"),
        }
    }

    /// Returns `sr`, the kind of the signed resource.
    pub fn kind(&self) -> char {
        match self.part {
            Part::Whole => 'c',
            Part::Directory(_) => 'd',
            Part::Blob(_) => 'b',
        }
    }

    /// Returns `sdd`, the depth of a directory; `None` for other resources.
    pub fn depth(&self) -> Option<usize> {
        match &self.part {
            Part::Directory(path) => Some(path.split('/').count()),
            Part::Whole | Part::Blob(_) => None,
        }
    }
}

/// Source: "Storage account overview", storage account names.
pub fn is_account(name: &str) -> bool {
    (3..=24).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
}

/// Source: "Naming and referencing containers, blobs, and metadata", with the containers the service itself
/// names.
pub fn is_container(name: &str) -> bool {
    let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let own = (3..=63).contains(&name.len())
        && name.chars().all(letters)
        && !name.starts_with('-')
        && !name.ends_with('-')
        && !name.contains("--");
    own || matches!(name, "$root" | "$web" | "$logs")
}

/// Returns true for a safe path. Security: the path is one line of the signed text. A line break in it would
/// begin the next field.
fn is_path(path: &str) -> bool {
    let refused = |c: char| c.is_control() || matches!(c, '*' | '?' | '#' | '%' | '\\');
    path.len() <= LONGEST_PATH
        && !path.chars().any(refused)
        && path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_directories_and_blobs_are_read() {
        for (path, kind, depth, canonical) in [
            ("data", 'c', None, "/blob/acct/data"),
            ("data/", 'c', None, "/blob/acct/data"),
            ("data/*", 'c', None, "/blob/acct/data"),
            ("$web", 'c', None, "/blob/acct/$web"),
            ("data/a/b c.txt", 'b', None, "/blob/acct/data/a/b c.txt"),
            ("data/a/*", 'd', Some(1), "/blob/acct/data/a"),
            ("data/a/b/*", 'd', Some(2), "/blob/acct/data/a/b"),
            ("data/a/", 'd', Some(1), "/blob/acct/data/a"),
            ("data/a/b/", 'd', Some(2), "/blob/acct/data/a/b"),
        ] {
            let place =
                Place::parse(&format!("https://acct.blob.core.windows.net/{path}")).unwrap();
            assert_eq!(
                (place.kind(), place.depth(), place.canonical().as_str()),
                (kind, depth, canonical)
            );
        }
    }

    #[test]
    fn what_could_mean_more_or_something_else_is_refused() {
        for text in [
            "https://acct.blob.core.windows.net",
            "https://acct.blob.core.windows.net/",
            "https://acct.blob.core.windows.net/*",
            "https://acct.blob.core.windows.net/data*",
            "https://acct.blob.core.windows.net/data/pre*",
            "https://acct.blob.core.windows.net/data//",
            "https://acct.blob.core.windows.net/data/a//",
            "https://acct.blob.core.windows.net/data/*/b",
            "https://acct.blob.core.windows.net/data/../x",
            "https://acct.blob.core.windows.net/data//x",
            "https://acct.blob.core.windows.net/data/a\nb",
            "https://acct.blob.core.windows.net/data/a%2Fb",
            "https://acct.blob.core.windows.net/data?x",
            "https://acct.blob.core.windows.net/Data",
            "https://*.blob.core.windows.net/data",
            "https://a.b.blob.core.windows.net/data",
            "https://acct.blob.core.windows.net.evil.example/data",
            "https://user@acct.blob.core.windows.net/data",
            "http://acct.blob.core.windows.net/data",
            "/subscriptions/x",
            "arn:aws:s3:::b",
            "",
        ] {
            assert_eq!(Place::parse(text).unwrap_err().code, "resource-malformed", "{text}");
        }
    }
}
