//! User-delegation SAS: the text to sign, and the query.

use crate::resource::Place;

/// The version of the service: of the requests, and of the signature (`sv`).
///
/// Source: Azure Storage, "Create a user delegation SAS": the fields of the string to sign are the same from
/// 2020-12-06 up to 2025-07-05, which adds further ones.
pub const VERSION: &str = "2022-11-02";
/// The protocol of all requests: never unencrypted.
pub const PROTOCOL: &str = "https";

/// A user delegation key, without its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    pub oid: String,
    pub tid: String,
    pub start: String,
    pub expiry: String,
    pub service: String,
    pub version: String,
}

/// The content of a signature.
pub struct Sas<'a> {
    pub place: &'a Place,
    pub letters: &'a str,
    pub start: &'a str,
    pub expiry: &'a str,
    pub key: &'a Key,
}

impl Sas<'_> {
    /// Returns the text to sign: every field has its own line, even if empty.
    pub fn string_to_sign(&self) -> String {
        let (canonical, kind) = (self.place.canonical(), self.place.kind().to_string());
        let key = self.key;
        let fields = [
            self.letters,
            self.start,
            self.expiry,
            &canonical,
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
            PROTOCOL,
            VERSION,
            &kind,
            "", // snapshot time
            "", // ses
            "", // rscc
            "", // rscd
            "", // rsce
            "", // rscl
            "", // rsct
        ];
        fields.join("\n")
    }

    /// Returns the query up to `sig=`; the percent-encoded signature follows.
    pub fn query(&self) -> String {
        let (kind, depth) =
            (self.place.kind().to_string(), self.place.depth().map(|depth| depth.to_string()));
        let key = self.key;
        let fields = [
            ("sv", Some(VERSION)),
            ("st", Some(self.start)),
            ("se", Some(self.expiry)),
            ("sr", Some(kind.as_str())),
            ("sdd", depth.as_deref()),
            ("sp", Some(self.letters)),
            ("spr", Some(PROTOCOL)),
            ("skoid", Some(key.oid.as_str())),
            ("sktid", Some(key.tid.as_str())),
            ("skt", Some(key.start.as_str())),
            ("ske", Some(key.expiry.as_str())),
            ("sks", Some(key.service.as_str())),
            ("skv", Some(key.version.as_str())),
        ];
        // In these fields, only the colons of instants need encoding.
        let pair = |(name, value): (&str, Option<&str>)| {
            Some(format!("{name}={}", value?.replace(':', "%3A")))
        };
        let pairs: Vec<String> = fields.into_iter().filter_map(pair).collect();
        format!("{}&sig=", pairs.join("&"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: &str = "2026-11-24T09:59:00Z";
    const EXPIRY: &str = "2026-11-24T11:00:00Z";
    const OID: &str = "11111111-2222-3333-4444-555555555555";
    const TID: &str = "66666666-7777-8888-9999-000000000000";

    fn made(path: &str, letters: &str) -> (String, String) {
        let place = Place::parse(&format!("https://acct.blob.core.windows.net/{path}")).unwrap();
        let key = Key {
            oid: OID.to_owned(),
            tid: TID.to_owned(),
            start: START.to_owned(),
            expiry: EXPIRY.to_owned(),
            service: "b".to_owned(),
            version: VERSION.to_owned(),
        };
        let sas = Sas { place: &place, letters, start: START, expiry: EXPIRY, key: &key };
        (sas.string_to_sign(), sas.query())
    }

    /// The expected texts are those that `generate_container_sas`, `generate_blob_sas` and the latter with
    /// `is_directory`, of `azure-storage-blob` 12.16.0, signed for the same input; that release of the Python
    /// package has the service version 2022-11-02.
    #[test]
    fn what_is_signed_is_what_microsofts_client_signs() {
        for (path, letters, canonical, kind) in [
            ("data", "rl", "/blob/acct/data", "c"),
            ("data/a/b c.txt", "rcw", "/blob/acct/data/a/b c.txt", "b"),
            ("data/a/b/*", "rl", "/blob/acct/data/a/b", "d"),
        ] {
            let expected = format!(
                "{letters}\n2026-11-24T09:59:00Z\n2026-11-24T11:00:00Z\n{canonical}\n11111111-2222-3333-4444-555555555555\n\
                 66666666-7777-8888-9999-000000000000\n2026-11-24T09:59:00Z\n2026-11-24T11:00:00Z\nb\n2022-11-02\n\n\n\n\nhttps\n\
                 2022-11-02\n{kind}\n\n\n\n\n\n\n"
            );
            assert_eq!(made(path, letters).0, expected);
        }
    }

    /// The parameters are the same as in the tokens of that client, in another order.
    #[test]
    fn the_query_has_the_parameters_of_microsofts_client() {
        let theirs = "st=2026-11-24T09%3A59%3A00Z&se=2026-11-24T11%3A00%3A00Z&sp=rl&spr=https&sv=2022-11-02&sr=d&sdd=2\
                      &skoid=11111111-2222-3333-4444-555555555555&sktid=66666666-7777-8888-9999-000000000000\
                      &skt=2026-11-24T09%3A59%3A00Z&ske=2026-11-24T11%3A00%3A00Z&sks=b&skv=2022-11-02&sig=";
        let sorted = |query: &str| {
            let mut pairs: Vec<String> = query.split('&').map(str::to_owned).collect();
            pairs.sort_unstable();
            pairs
        };
        let (_, query) = made("data/a/b/*", "rl");
        assert_eq!(sorted(&query), sorted(theirs));
        assert!(query.ends_with("&sig="));
        assert!(!made("data", "rl").1.contains("sdd"));
    }
}
