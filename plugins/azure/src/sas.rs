//! User-delegation SAS for blobs: which letters a grant needs, and what is signed.
//!
//! Source: Azure Storage, "Create a user delegation SAS": letters of `sp`, fields of the string to sign for versions from
//! 2020-12-06 to before 2025-07-05.

use azure_catalogue::Operation;

use crate::resource::{Part, Place};

/// The version of the service that the signature is for.
pub const VERSION: &str = "2020-12-06";

const BLOBS: &str = "microsoft.storage/storageaccounts/blobservices/containers/blobs/";
const CONTAINERS: &str = "microsoft.storage/storageaccounts/blobservices/containers/";

/// A data action of blobs (after the prefix), the letters it needs, and what those let through: exactly it, or more.
const LETTERS: [(&str, &str, Option<&str>); 7] = [
    // One operation in Azure's roles covers reading blobs and listing them.
    ("read", "rl", None),
    ("write", "cw", None),
    ("add/action", "a", None),
    ("delete", "d", None),
    ("deleteblobversion/action", "x", None),
    ("move/action", "m", None),
    ("tags/write", "t", Some("reading tags")),
];
/// The order in which the service wants letters.
const ORDER: &str = "racwdxltmeop";

/// The letters that an operation needs, and what they let through besides; none if it is nothing that a SAS can give.
pub fn letters(operation: &Operation) -> Option<(&'static str, Option<&'static str>)> {
    let lower = operation.name.to_ascii_lowercase();
    if lower == format!("{CONTAINERS}read") {
        // Listing blobs; properties of the container itself come with no SAS of this kind.
        return Some(("l", None));
    }
    let rest = lower.strip_prefix(BLOBS)?;
    LETTERS.iter().find(|(known, ..)| *known == rest).map(|(_, letters, more)| (*letters, *more))
}

/// Letters in the order that the service wants, each once; without listing where a single blob is signed.
pub fn ordered(letters: &str, place: &Place) -> String {
    let single = matches!(place.part, Part::Blob(_));
    ORDER.chars().filter(|letter| letters.contains(*letter) && !(single && *letter == 'l')).collect()
}

/// A user delegation key, but for its value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Key {
    pub oid: String,
    pub tid: String,
    pub start: String,
    pub expiry: String,
    pub service: String,
    pub version: String,
}

/// What a SAS says.
pub struct Sas<'a> {
    pub place: &'a Place,
    pub permissions: &'a str,
    pub start: &'a str,
    pub expiry: &'a str,
    pub key: &'a Key,
}

/// https alone. On loopback, where doubles are, a client may only speak http.
pub const PROTOCOL: &str = "https";

impl Sas<'_> {
    /// The text to sign. Every field has its line, empty ones too.
    pub fn string_to_sign(&self, protocol: &str) -> String {
        let Self { place, permissions, start, expiry, key } = self;
        let canonical = place.canonical();
        let fields = [
            *permissions,
            *start,
            *expiry,
            canonical.as_str(),
            &key.oid,
            &key.tid,
            &key.start,
            &key.expiry,
            &key.service,
            &key.version,
            "", // saoid
            "", // suoid
            "", // scid
            "", // sip
            protocol,
            VERSION,
            place.kind(),
            "", // snapshot
            "", // encryption scope
            "", // rscc
            "", // rscd
            "", // rsce
            "", // rscl
            "", // rsct
        ];
        fields.join("\n")
    }

    /// The query, up to and with `sig=`, to which the signature is added percent-encoded.
    pub fn query(&self, protocol: &str) -> String {
        let Self { place, permissions, start, expiry, key } = self;
        let depth = place.depth().map(|depth| depth.to_string());
        let mut fields = vec![
            ("sv", VERSION),
            ("sr", place.kind()),
            ("sp", permissions),
            ("st", start),
            ("se", expiry),
            ("spr", protocol),
            ("skoid", &key.oid),
            ("sktid", &key.tid),
            ("skt", &key.start),
            ("ske", &key.expiry),
            ("sks", &key.service),
            ("skv", &key.version),
        ];
        if let Some(depth) = &depth {
            fields.push(("sdd", depth));
        }
        let pairs: Vec<String> =
            fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        format!("{}&sig=", pairs.join("&"))
    }
}

fn encode(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// The text of the first element called `name`. The reply is a flat list of short texts.
pub fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    (!text.contains(['<', '&', '\n'])).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operation(name: &str) -> Operation {
        Operation {
            name: format!("Microsoft.Storage/storageAccounts/blobServices/containers/{name}"),
            is_data: true,
        }
    }

    #[test]
    fn operations_on_blobs_have_letters_and_others_do_not() {
        assert_eq!(letters(&operation("blobs/read")), Some(("rl", None)));
        assert_eq!(letters(&operation("blobs/delete")), Some(("d", None)));
        assert_eq!(letters(&operation("read")), Some(("l", None)));
        assert_eq!(letters(&operation("blobs/permanentDelete/action")), None);
        assert_eq!(
            letters(&Operation { name: "Microsoft.Storage/storageAccounts/read".to_owned(), is_data: false }),
            None
        );
    }

    #[test]
    fn letters_come_in_the_services_order_and_a_blob_lists_nothing() {
        let whole = Place::parse("https://acct.blob.core.windows.net/data").unwrap();
        let blob = Place::parse("https://acct.blob.core.windows.net/data/a.txt").unwrap();
        assert_eq!((ordered("dcwrl", &whole).as_str(), ordered("rl", &blob).as_str()), ("rcwdl", "r"));
    }

    /// The fields and their order by another hand: what azure-storage-blob 12.14 (version 2021-08-06, same fields) signs.
    #[test]
    fn what_is_signed_has_a_line_for_every_field() {
        let place = Place::parse("https://acct.blob.core.windows.net/data/a/*").unwrap();
        let key = Key {
            oid: "o".to_owned(),
            tid: "t".to_owned(),
            start: "ks".to_owned(),
            expiry: "ke".to_owned(),
            service: "b".to_owned(),
            version: VERSION.to_owned(),
        };
        let sas = Sas { place: &place, permissions: "rl", start: "s", expiry: "e", key: &key };
        assert_eq!(
            sas.string_to_sign("https"),
            "rl\ns\ne\n/blob/acct/data/a\no\nt\nks\nke\nb\n2020-12-06\n\n\n\n\nhttps\n2020-12-06\nd\n\n\n\n\n\n\n"
        );
        assert!(sas.query("https").ends_with("&sks=b&skv=2020-12-06&sdd=1&sig="));
    }

    #[test]
    fn elements_are_found_and_nothing_is_unescaped() {
        assert_eq!(element("<K><SignedOid>x</SignedOid></K>", "SignedOid").as_deref(), Some("x"));
        assert_eq!(element("<K><SignedOid>&amp;</SignedOid></K>", "SignedOid"), None);
        assert_eq!(element("<K/>", "SignedOid"), None);
    }
}
