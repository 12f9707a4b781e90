//! A property of the command's environment: it contains no planted secret, whatever the name of the variable,
//! the text around the secret and its encoding are.

use std::ffi::OsStr;

use audex_child::deliver::{removed, scrub};
use audex_core::environment::Environment;

/// An address that is not a secret, although the name of its variable contains CREDENTIALS.
const ADDRESS: (&str, &str) = ("AUDEX_GCP_IAMCREDENTIALS_URL", "http://127.0.0.1:6200");
/// A variable that repeats the address.
const REPEATS: (&str, &str) =
    ("CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE", "http://127.0.0.1:6200/storage/v1/");
/// Prefixes that no variable of a cloud has. The number of the planted variable follows.
const NAMES: [&str; 6] = ["VALUE_", "TF_VAR_", "my.value-", "x", "DATABASE_URL_", "9"];
/// Prefixes of variables of clouds and tools. None is on a list of harmless variables.
const GOVERNED: [&str; 8] =
    ["aws_x", "google_x", "azure_x", "arm_x", "vault_x", "rclone_x", "appsetting_x", "saml2aws_x"];
const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/// The maximum number of planted variables. More variables would not test anything else.
const MOST: usize = 8;

/// The bytes of the input, followed by zeros.
struct Bytes<'a>(std::slice::Iter<'a, u8>);

impl Bytes<'_> {
    fn byte(&mut self) -> usize {
        self.0.next().copied().unwrap_or_default().into()
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.byte() % choices.len()]
    }

    /// Returns text to put around a secret: any ASCII characters except NUL, which would end the variable.
    fn around(&mut self) -> String {
        let length = self.byte() % 6;
        (0..length).map(|_| char::from(u8::try_from(self.byte() % 127 + 1).unwrap())).collect()
    }

    /// Returns a text with the mix of characters of a key.
    fn key(&mut self, length: usize) -> String {
        let tail = (3..length).map(|place| char::from(ALPHABET[(self.byte() + 7 * place) % 62]));
        "aB3".chars().chain(tail).collect()
    }
}

fn base64url(text: &str) -> String {
    base64_simd::URL_SAFE_NO_PAD.encode_to_string(text)
}

/// Returns a text that is recognised as a secret by its shape alone.
fn shape(bytes: &mut Bytes<'_>) -> String {
    let key = bytes.key(40);
    match bytes.byte() % 9 {
        0 => format!("{}{}", bytes.of(&["AKIA", "ASIA"]), &key.to_ascii_uppercase()[..16]),
        1 => format!("ya29.{key}"),
        2 => format!("{}{key}", bytes.of(&["hvs.", "hvb.", "hvr."])),
        3 => format!(
            "AccountName=a;{}={key}==",
            bytes.of(&["AccountKey", "accountkey", "SharedAccessKey"])
        ),
        4 => format!("https://a.example/b?sv=2024-11-04&se=2026-01-01&sig={key}%3D"),
        5 => format!("abc8Q~{key}"),
        6 => format!(r#"{{"type":"service_account","private_key":"{key}"}}"#),
        7 => format!("aws_secret_access_key = {key}"),
        _ => {
            let claims = format!(r#"{{"iss":"https://issuer.example","sub":"{key}"}}"#);
            format!("{}.{}.{key}", base64url(r#"{"alg":"RS256"}"#), base64url(&claims))
        }
    }
}

fn written(text: &str, bytes: &mut Bytes<'_>) -> String {
    let each = |format: fn(u8) -> String| text.bytes().map(format).collect::<Vec<_>>().concat();
    match bytes.byte() % 6 {
        0 => base64_simd::STANDARD.encode_to_string(text),
        1 => base64url(text),
        2 => each(|byte| format!("%{byte:02X}")),
        3 => each(|byte| format!("{byte:02x}")),
        4 => serde_json::to_string(text).unwrap(),
        _ => text.to_owned(),
    }
}

/// Puts a text between other texts, separated by blanks, and encodes the result. Both steps are done twice.
fn hidden(text: &str, bytes: &mut Bytes<'_>) -> String {
    (0..2).fold(text.to_owned(), |text, _| {
        let text = format!("{} {text} {}", bytes.around(), bytes.around());
        written(&text, bytes)
    })
}

/// Returns `name` with some letters in upper case.
fn spelled(name: &str, bytes: &mut Bytes<'_>) -> String {
    let mut folds = bytes.byte();
    let fold = |letter: char| {
        folds = folds.rotate_right(1);
        if folds & 1 == 0 { letter } else { letter.to_ascii_uppercase() }
    };
    name.chars().map(fold).collect()
}

/// Checks one environment that is made from `input`.
pub(crate) fn judge(input: &[u8]) {
    let bytes = &mut Bytes(input.iter());
    let secret = bytes.key(40);
    let mut variables = [("AWS_SECRET_ACCESS_KEY", secret.as_str()), ADDRESS, REPEATS]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec();
    let mut planted = Vec::new();
    for number in 0..=bytes.byte() % MOST {
        let (name, value) = match bytes.byte() % 3 {
            0 => (format!("{}{number}", spelled(bytes.of(&GOVERNED), bytes)), bytes.around()),
            1 => (format!("{}{number}", bytes.of(&NAMES)), hidden(&secret, bytes)),
            _ => {
                let text = shape(bytes);
                (format!("{}{number}", bytes.of(&NAMES)), hidden(&text, bytes))
            }
        };
        planted.push(name.clone());
        variables.push((name, value));
    }
    let parent = Environment::from_pairs(variables);
    let environment = scrub(&parent, &[]);
    let removed_names = removed(&parent, &environment);
    let shown = |name: &str| parent.get_os(name).unwrap_or_default().to_string_lossy().into_owned();
    for name in &planted {
        assert!(!environment.contains_key(OsStr::new(name)), "`{name}` is left: {:?}", shown(name));
        assert!(removed_names.contains(name), "`{name}` is not named");
    }
    assert!(environment.contains_key(OsStr::new(REPEATS.0)), "an address was taken for a secret");
    assert_eq!(
        environment.len() + removed_names.len(),
        parent.iter().count(),
        "a variable was lost"
    );
    // The remaining variables are unchanged, and scrubbing again removes nothing.
    let scrubbed: Environment = environment.clone().into_iter().collect();
    let again = removed(&scrubbed, &scrub(&scrubbed, &[]));
    assert!(again.is_empty(), "{again:?}");
    assert!(
        environment.iter().all(|(name, value)| parent.iter().any(|pair| pair == (name, value)))
    );
}
