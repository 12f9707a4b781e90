//! The path and the query of a request, written anew from their decoded parts: what is decided on and what is
//! sent cannot differ in their reading.

use http::Uri;

use audex_core::percent::encode;

/// A path and a query that have one reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// The path, percent-encoded.
    pub path: String,
    /// The parameters, decoded.
    pub query: Vec<(String, String)>,
    /// The path and the query, as they are sent.
    pub written: String,
}

/// Reads the path and the query of `uri`.
///
/// # Errors
/// The part that servers read differently.
pub(crate) fn target(uri: &Uri) -> Result<Target, &'static str> {
    let mut path = String::new();
    for segment in uri.path().strip_prefix('/').unwrap_or(uri.path()).split('/') {
        path.push('/');
        path.push_str(&encode(segment_of(segment)?));
    }
    with_query(uri, path)
}

/// Reads them as [`target`], where a plain `:` in a path means something else than an encoded one: it begins the verb of a
/// method. Source: Google API Improvement Proposals, AIP-127 and `google.api.http`.
///
/// # Errors
/// As [`target`].
pub(crate) fn target_with_verbs(uri: &Uri) -> Result<Target, &'static str> {
    let mut path = String::new();
    for segment in uri.path().strip_prefix('/').unwrap_or(uri.path()).split('/') {
        segment_of(segment)?;
        path.push('/');
        for (number, part) in segment.split(':').enumerate() {
            if number > 0 {
                path.push(':');
            }
            path.push_str(&encode(decoded(part)?));
        }
    }
    with_query(uri, path)
}

/// Decodes a segment of a path.
fn segment_of(segment: &str) -> Result<String, &'static str> {
    let segment = decoded(segment)?;
    // An encoded slash is no border here, and may be one for a server that resolves dots.
    if segment.split('/').any(|part| part == "." || part == "..") {
        return Err("a path with `.` or `..` in it");
    }
    Ok(segment)
}

fn with_query(uri: &Uri, path: String) -> Result<Target, &'static str> {
    let (mut query, mut written) = (Vec::new(), path.clone());
    for part in uri.query().unwrap_or_default().split('&').filter(|part| !part.is_empty()) {
        let (name, value) =
            part.split_once('=').map_or((part, None), |(name, value)| (name, Some(value)));
        if part.contains(['+', ';']) {
            return Err("a query with a bare `+` or `;`");
        }
        let name = decoded(name)?;
        written.push(if query.is_empty() { '?' } else { '&' });
        written.push_str(&encode(&name));
        let value = value.map(decoded).transpose()?;
        if let Some(value) = &value {
            written.push('=');
            written.push_str(&encode(value));
        }
        query.push((name, value.unwrap_or_default()));
    }
    Ok(Target { path, query, written })
}

/// Decodes a part once.
fn decoded(text: &str) -> Result<String, &'static str> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(if byte == b'%' {
            let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
            let (high, low) = (digit(rest.next()), digit(rest.next()));
            let code = high.zip(low).map(|(high, low)| high * 16 + low);
            code.and_then(|code| u8::try_from(code).ok()).ok_or("a broken percent-encoding")?
        } else {
            byte
        });
    }
    let text = String::from_utf8(bytes).map_err(|_| "a path or a query that is not UTF-8")?;
    if text.contains('\0') { Err("a path or a query with a zero byte") } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(uri: &str) -> Result<String, &'static str> {
        target(&uri.parse().unwrap()).map(|target| target.written)
    }

    #[test]
    fn equal_requests_are_written_equally() {
        for (uri, expected) in [
            ("/", "/"),
            ("/b/a%20k", "/b/a%20k"),
            ("/b/a=b:c@d~e", "/b/a%3Db%3Ac%40d~e"),
            ("/b//k/", "/b//k/"),
            ("/b/%6b?%64elete&prefix=a%2fb", "/b/k?delete&prefix=a%2Fb"),
            (
                "/tags/arn%3Aaws%3Aeks%2fx?tagKeys=a&tagKeys=b",
                "/tags/arn%3Aaws%3Aeks%2Fx?tagKeys=a&tagKeys=b",
            ),
            ("/b?acl&x=&&", "/b?acl&x="),
            ("/b/%2525", "/b/%2525"),
        ] {
            assert_eq!(written(uri).as_deref(), Ok(expected), "{uri}");
        }
        assert_eq!(
            target(&"/b?a=%26".parse().unwrap()).unwrap().query,
            [("a".to_owned(), "&".to_owned())]
        );
    }

    #[test]
    fn what_servers_read_differently_is_refused() {
        for uri in [
            "/b/../c",
            "/b/%2e%2E/c",
            "/b/pub%2F..%2Fsecret",
            "/./b",
            "/b/%ff",
            "/b/%0",
            "/b/%zz",
            "/b/%00",
            "/b?a=b+c",
            "/b?a=b;c=d",
            "/b?%fe",
        ] {
            assert!(written(uri).is_err(), "{uri}");
        }
    }
}
