//! Resources that a sentence gives in full, as addresses or ARNs.

use crate::token::{Token, tokens};

/// A resource that the sentence writes in full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    pub service: String,
    /// The names in the address, each with its thing of the table.
    pub names: Vec<(&'static str, String)>,
    /// The ARN, if this module does not take its parts apart.
    pub arn: Option<String>,
}

/// Parses the address of an object or bucket, an ARN, or the name of a registry.
#[must_use]
pub fn read(text: &str) -> Option<Address> {
    if let Some(rest) = text.strip_prefix("s3://") {
        return object("s3", rest);
    }
    if let Some(rest) = text.strip_prefix("gs://") {
        return object("storage", rest);
    }
    if let Some(rest) = text.strip_prefix("https://") {
        return blob(rest);
    }
    if text.starts_with("arn:") {
        return arn(text);
    }
    registry(text)
}

/// Returns the first resource that `text` writes as an address or ARN.
#[must_use]
pub fn written_out(text: &str) -> Option<String> {
    tokens(text).into_iter().find_map(|token| match token {
        Token::Word(word) | Token::Quoted(word) => {
            let is_whole =
                ["s3://", "gs://", "https://", "arn:"].iter().any(|start| word.starts_with(start));
            (is_whole && read(&word).is_some()).then_some(word)
        }
        Token::Break(_) => None,
    })
}

fn object(service: &str, rest: &str) -> Option<Address> {
    let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
    let mut names = vec![("bucket", bucket.to_owned())];
    if !key.is_empty() {
        names.push(("object", prefix(key)));
    }
    (!bucket.is_empty()).then(|| Address { service: service.to_owned(), names, arn: None })
}

/// Returns the pattern for a key: a key that ends in `/` stands for everything below it.
#[must_use]
pub fn prefix(key: &str) -> String {
    if key.ends_with('/') { format!("{key}*") } else { key.to_owned() }
}

/// Parses `ACCOUNT.blob.core.windows.net/CONTAINER/…`.
fn blob(rest: &str) -> Option<Address> {
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let account = host.strip_suffix(".blob.core.windows.net")?;
    let (container, blob) = path.split_once('/').unwrap_or((path, ""));
    let mut names = vec![("account", account.to_owned())];
    let parts = [("container", container.to_owned()), ("blob", prefix(blob))];
    names.extend(parts.into_iter().filter(|(_, name)| !name.is_empty()));
    Some(Address { service: "blob".to_owned(), names, arn: None })
}

/// Parses `arn:partition:service:region:account:resource`; an ARN of S3 also gives the bucket and the object.
fn arn(text: &str) -> Option<Address> {
    let mut parts = text.splitn(6, ':').skip(2);
    let (service, _region, _account, resource) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    if service == "s3" && text.starts_with("arn:aws:s3:::") {
        return object("s3", resource);
    }
    let is_whole = !service.is_empty() && !resource.is_empty();
    is_whole.then(|| Address {
        service: service.to_owned(),
        names: Vec::new(),
        arn: Some(text.to_owned()),
    })
}

/// Parses `LOCATION-docker.pkg.dev/PROJECT/REPOSITORY/…`.
fn registry(text: &str) -> Option<Address> {
    let (host, path) = text.split_once('/')?;
    let location = host.strip_suffix("-docker.pkg.dev")?;
    let mut parts = path.split('/');
    let (project, repository) = (parts.next()?, parts.next()?);
    let names = vec![
        ("location", location.to_owned()),
        ("project", project.to_owned()),
        ("repository", repository.to_owned()),
    ];
    Some(Address { service: "artifactregistry".to_owned(), names, arn: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> String {
        let address = read(text).unwrap();
        let names = address.names.iter().map(|(thing, name)| format!("{thing}={name}"));
        let all = std::iter::once(address.service.clone()).chain(names).chain(address.arn);
        all.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_is_written_out_is_taken_apart() {
        assert_eq!(of("s3://b"), "s3 bucket=b");
        assert_eq!(of("s3://b/app/"), "s3 bucket=b object=app/*");
        assert_eq!(of("arn:aws:s3:::b/*"), "s3 bucket=b object=*");
        assert_eq!(of("arn:aws:sqs:eu-west-1:1:q"), "sqs arn:aws:sqs:eu-west-1:1:q");
        assert_eq!(of("https://a.blob.core.windows.net/c"), "blob account=a container=c");
        assert_eq!(
            of("europe-docker.pkg.dev/p/r"),
            "artifactregistry location=europe project=p repository=r"
        );
        for text in ["s3://", "https://example.com/x", "arn:aws:s3", "a/b", "my-bucket"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
