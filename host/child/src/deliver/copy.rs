//! Finds copies of removed values: extracts the secrets of removed variables and searches other values for
//! them.
//!
//! Security: a value is a secret unless a rule says that it is not: a path, an address, the name of a thing.
//! The parts of a document, a connection string or an address are judged separately.

use serde_json::Value;
use zeroize::Zeroizing;

use super::shape;
use audex_core::spelling;

/// The shortest value that is searched for in other variables. An AWS access key id has 20 characters, and
/// shorter text occurs by chance.
const SHORTEST: usize = 16;
/// The most levels of nested documents: a document in a document in a variable.
const DEPTH: usize = 3;
/// Parts of variable names whose values are secrets, whatever the value looks like.
const SECRET_WORDS: &[&str] =
    &["KEY", "SECRET", "TOKEN", "PASS", "CREDENTIAL", "SAS", "CONNECTION", "CONNSTR"];
/// The ending of variables that hold the name of a thing and not a secret: `AZURE_KEYVAULT_NAME`.
const NAME: &str = "NAME";
/// The longest run of mixed letters and digits in a name: the last part of a UUID has twelve.
const LONGEST_MIXED: usize = 12;
/// The longest run of only letters, or of only digits, in a name.
const LONGEST_RUN: usize = 24;
/// The length of AWS's secret keys: 40 characters of base64. Such a key may begin with a slash, as a path
/// does.
const SHORTEST_KEY: usize = 40;
/// The number of possible first two bytes of a secret. A table of them skips most positions of a value.
const PAIRS: usize = 1 << 16;

/// The secrets of the removed variables.
#[derive(Default)]
pub(super) struct Secrets {
    texts: Vec<Zeroizing<Vec<u8>>>,
    pairs: Vec<bool>,
}

impl Secrets {
    /// Adds the secrets in the value of the removed variable `name`.
    pub(super) fn add(&mut self, name: &str, value: &[u8]) {
        match std::str::from_utf8(value) {
            Ok(text) => self.judge(name, text, DEPTH),
            Err(_) => self.look_for(value),
        }
    }

    /// Adds the whole value of a variable that was declared a secret.
    pub(super) fn add_whole(&mut self, name: &str, value: &[u8]) {
        self.look_for(value);
        self.add(name, value);
    }

    /// Returns true if one of the secrets occurs in `view`.
    pub(super) fn occur_in(&self, view: &[u8]) -> bool {
        if self.texts.is_empty() {
            return false;
        }
        view.windows(2).enumerate().any(|(at, start)| {
            let may_begin = pair(start).and_then(|pair| self.pairs.get(pair)) == Some(&true);
            may_begin
                && view
                    .get(at..)
                    .is_some_and(|rest| self.texts.iter().any(|text| rest.starts_with(text)))
        })
    }

    fn judge(&mut self, name: &str, text: &str, depth: usize) {
        if let Some(depth) = depth.checked_sub(1)
            && let Some(parts) = parts(text)
        {
            for (name, part) in parts {
                self.judge(&name, &part, depth);
            }
        } else if is_secret(name, text) {
            self.look_for(text.as_bytes());
        }
    }

    fn look_for(&mut self, text: &[u8]) {
        if text.len() < SHORTEST {
            return;
        }
        // Other values are decoded layer by layer down to the plain text, so the secret is searched for as
        // plain text too.
        let plain = spelling::plain(text);
        for text in [text, plain.as_slice()] {
            let Some(pair) = pair(text) else { continue };
            self.pairs.resize(PAIRS, false);
            if let Some(bit) = self.pairs.get_mut(pair) {
                *bit = true;
            }
            self.texts.push(Zeroizing::new(text.to_vec()));
        }
    }
}

fn pair(text: &[u8]) -> Option<usize> {
    let (first, second) = (text.first()?, text.get(1)?);
    Some(usize::from(*first) << 8 | usize::from(*second))
}

/// Returns true if the value of `name` is a secret, by its name and by its shape. The length does not matter.
pub(super) fn is_secret(name: &str, text: &str) -> bool {
    if shape::of(text.as_bytes()).is_some() || is_key(text) {
        return true;
    }
    if is_path(text) || is_host(text) {
        return false;
    }
    says_secret(name) || !is_name(text)
}

/// Returns true if the value, or one of its parts, is a secret.
pub(super) fn holds_secret(name: &str, text: &str) -> bool {
    match parts(text) {
        Some(parts) => parts.iter().any(|(name, part)| is_secret(name, part)),
        None => is_secret(name, text),
    }
}

fn says_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    !name.ends_with(NAME) && SECRET_WORDS.iter().any(|word| name.contains(word))
}

/// Returns the named parts of a JSON document, a connection string or an address; `None` for other texts.
fn parts(text: &str) -> Option<Vec<(String, String)>> {
    if let Ok(document @ (Value::Object(_) | Value::Array(_))) = serde_json::from_str(text) {
        let mut found = Vec::new();
        fields("", &document, &mut found);
        return Some(found);
    }
    if let Some((scheme, rest)) = text.split_once("://")
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    {
        return Some(of_address(rest));
    }
    let pairs = text.split(';').filter(|part| !part.trim().is_empty());
    let pairs: Option<Vec<_>> = pairs.map(|part| part.split_once('=')).collect();
    let pairs = pairs.filter(|pairs| pairs.len() > 1)?;
    Some(pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

/// Collects the strings of a document, each with the name of its field.
fn fields(name: &str, value: &Value, found: &mut Vec<(String, String)>) {
    match value {
        Value::String(text) => found.push((name.to_owned(), text.clone())),
        Value::Array(values) => values.iter().for_each(|value| fields(name, value, found)),
        Value::Object(values) => values.iter().for_each(|(name, value)| fields(name, value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Returns the parts of an address that can be secrets: user and password (RFC 3986, section 3.2.1), and the
/// values of the query.
fn of_address(rest: &str) -> Vec<(String, String)> {
    let (before, query) = rest.split_once('?').unwrap_or((rest, ""));
    let authority = before.split('/').next().unwrap_or_default();
    let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
    let (user, password) = user.split_once(':').unwrap_or((user, ""));
    let login = [("user", user), ("password", password)];
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let parts = login.into_iter().chain(pairs).filter(|(_, value)| !value.is_empty());
    parts.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Returns true if a text looks like a key: long, in base64's alphabet, with capitals, small letters and
/// digits.
fn is_key(text: &str) -> bool {
    let some = |kind: fn(&u8) -> bool| text.as_bytes().iter().any(kind);
    text.len() >= SHORTEST_KEY
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='))
        && some(u8::is_ascii_uppercase)
        && some(u8::is_ascii_lowercase)
        && some(u8::is_ascii_digit)
}

fn is_path(text: &str) -> bool {
    ["/", "./", "../", "~/"].iter().any(|start| text.starts_with(start))
}

/// Returns true if a text is a host with a port and an optional path: `127.0.0.1:6200`,
/// `vault.example.com:8200/v1`.
fn is_host(text: &str) -> bool {
    let is_label =
        |label: &str| label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let place = text.split('/').next().and_then(|place| place.rsplit_once(':'));
    place.is_some_and(|(host, port)| {
        let is_port = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        is_port && host.split('.').all(is_label) && is_name(host)
    })
}

/// Returns true if a text consists of words and short numbers, as the names do that people and clouds give:
/// `production-admin`, an ARN, a UUID, an e-mail address, a sentence.
fn is_name(text: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric()).all(|run| {
        let length = run.chars().count();
        let is_plain =
            run.chars().all(char::is_alphabetic) || run.chars().all(|c| c.is_ascii_digit());
        length <= LONGEST_MIXED || (is_plain && length <= LONGEST_RUN)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

    /// Returns true if a variable that contains `part` is removed together with the variable `name`.
    fn finds(name: &str, value: &str, part: &str) -> bool {
        let mut secrets = Secrets::default();
        secrets.add(name, value.as_bytes());
        secrets.occur_in(format!("x {part} y").as_bytes())
    }

    #[test]
    fn a_secret_is_looked_for_whatever_its_variable_is_called() {
        for name in ["AWS_SECRET_ACCESS_KEY", "aws_quantum", "AWS_TOMORROWS_CREDENTIAL"] {
            assert!(finds(name, KEY, KEY), "{name}");
        }
        // One secret key in sixty-four begins with a slash, as a path does.
        let slash = format!("/{}", &KEY[1..]);
        assert!(finds("AWS_SECRET_ACCESS_KEY", &slash, &slash));
        assert!(finds("AWS_X", "0123456789abcdef", "0123456789abcdef"));
        assert!(finds("VAULT_PASSWORD", "correct-horse-battery", "correct-horse-battery"));
    }

    #[test]
    fn paths_addresses_and_names_are_not_secrets() {
        for (name, value) in [
            ("AUDEX_GCP_IAMCREDENTIALS_URL", "http://127.0.0.1:6200"),
            ("AUDEX_GCP_IAMCREDENTIALS_URL", "iamcredentials.corp.example:8443"),
            ("AUDEX_GCP_IAMCREDENTIALS_URL", "https://iamcredentials.corp.example/v1?alt=json"),
            ("GOOGLE_APPLICATION_CREDENTIALS", "/home/me/.config/gcloud/key-3f2a9c.json"),
            ("AZURE_FEDERATED_TOKEN_FILE", "./tokens/azure-identity-token"),
            ("AWS_PROFILE", "production-account-admin"),
            ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/team/Deploy"),
            ("AZURE_TENANT_ID", "0f8fad5b-d9cb-469f-a165-70867728950e"),
            ("AZURE_KEYVAULT_NAME", "production-vault-01"),
            ("CLOUDSDK_CORE_ACCOUNT", "first.last@example.com"),
            ("VAULT_TOKEN", "root"),
        ] {
            assert!(!finds(name, value, value), "{name}={value}");
        }
    }

    #[test]
    fn the_parts_of_a_document_a_connection_string_and_an_address_are_judged_by_themselves() {
        let document = format!(
            r#"{{"clientId":"0f8fad5b-d9cb-469f-a165-70867728950e","a":[{{"clientSecret":"{KEY}"}}]}}"#
        );
        let connection = format!(
            "DefaultEndpointsProtocol=https;AccountName=production-account;AccountKey={KEY}=="
        );
        let address = "https://AKIAIOSFODNN7EXAMPLE:p%2Fssword0123456789@minio.example:9000/production-bucket";
        assert!(finds("AZURE_CREDENTIALS", &document, KEY));
        assert!(!finds("AZURE_CREDENTIALS", &document, "0f8fad5b-d9cb-469f-a165-70867728950e"));
        assert!(finds("AZURE_X", &connection, &format!("{KEY}==")));
        assert!(!finds("AZURE_X", &connection, "production-account"));
        for part in ["p/ssword0123456789", "p%2Fssword0123456789", "AKIAIOSFODNN7EXAMPLE"] {
            assert!(finds("MC_HOST_x", address, part), "{part}");
        }
        assert!(
            !finds("MC_HOST_x", address, "minio.example:9000")
                && !finds("MC_HOST_x", address, "production-bucket")
        );
    }

    #[test]
    fn what_is_said_to_be_a_secret_is_one_even_where_it_looks_like_a_name() {
        let mut secrets = Secrets::default();
        secrets.add_whole("SIGNER", b"https://hooks.example/planted/webhook");
        assert!(secrets.occur_in(b"curl https://hooks.example/planted/webhook"));
        assert!(!Secrets::default().occur_in(b"anything"));
    }
}
