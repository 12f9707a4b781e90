//! A reader for query-protocol replies. It finds elements by local name, whatever their order, namespace,
//! wrappers and neighbours.

use std::collections::HashMap;

use aws_smithy_types::date_time::{DateTime, Format};
use aws_smithy_xml::decode::{Document, ScopedDecoder, try_data};

use super::operation::Session;
use audex_core::secret::Secret;

/// The maximum depth of elements. Known replies are nested five deep.
const MAX_DEPTH: usize = 16;

/// The elements that are read; all others are skipped.
const READ: [&str; 11] = [
    "AccessKeyId",
    "SecretAccessKey",
    "SessionToken",
    "Expiration",
    "Arn",
    "PackedPolicySize",
    "SessionTokenUtilization",
    "ScopedPoliciesCount",
    "Code",
    "Message",
    "RequestId",
];
/// Elements that must not occur twice with different values, because choosing one would be a guess.
const UNIQUE: [&str; 4] = ["AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"];

/// The elements found, the first of each name.
#[derive(Debug, Default)]
pub(super) struct Fields(HashMap<&'static str, Secret>);

impl Fields {
    /// Collects the known elements of `xml`.
    ///
    /// # Errors
    /// A description of the defect, without any text of the reply.
    pub(super) fn read(xml: &str) -> Result<Self, String> {
        if !is_complete(xml) {
            return Err("it is not XML, or was cut off".to_owned());
        }
        let mut document = Document::new(xml);
        let mut root = document.root_element().map_err(|_| "it is not XML".to_owned())?;
        let mut fields = Self::default();
        fields.collect(&mut root, 0)?;
        Ok(fields)
    }

    fn collect(&mut self, element: &mut ScopedDecoder<'_, '_>, depth: usize) -> Result<(), String> {
        if depth > MAX_DEPTH {
            return Err("its elements are nested too deep".to_owned());
        }
        while let Some(mut child) = element.next_tag() {
            let local = child.start_el().local();
            match READ.into_iter().find(|name| name.eq_ignore_ascii_case(local)) {
                Some(name) => {
                    let text = try_data(&mut child).map_err(|_| format!("`{name}` is not text"))?;
                    self.keep(name, text.trim())?;
                }
                None => self.collect(&mut child, depth + 1)?,
            }
        }
        Ok(())
    }

    fn keep(&mut self, name: &'static str, text: &str) -> Result<(), String> {
        if text.is_empty() {
            return Ok(());
        }
        match self.0.get(name) {
            Some(known) if UNIQUE.contains(&name) && known.expose() != text => {
                Err(format!("it has two different `{name}`"))
            }
            Some(_) => Ok(()),
            None => {
                self.0.insert(name, Secret::new(text.to_owned()));
                Ok(())
            }
        }
    }

    /// Returns the text of the first element with this name.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(Secret::expose)
    }

    /// Returns the credentials. If the reply does not name their end, they end at `latest`.
    ///
    /// # Errors
    /// A description of the missing or malformed element.
    pub(super) fn session(&self, latest: u64) -> Result<Session, String> {
        let needed = |name: &str| {
            self.text(name).map(str::to_owned).ok_or_else(|| format!("it has no `{name}`"))
        };
        let percent =
            self.text("SessionTokenUtilization").or_else(|| self.text("PackedPolicySize"));
        Ok(Session {
            access_key_id: needed("AccessKeyId")?,
            secret_access_key: Secret::new(needed("SecretAccessKey")?),
            session_token: Secret::new(needed("SessionToken")?),
            expires_at: self.text("Expiration").map_or(Ok(latest), expiration)?,
            arn: self.text("Arn").map(str::to_owned),
            packed_policy_percent: percent.and_then(|percent| percent.parse().ok()),
            scoped_policies: self.text("ScopedPoliciesCount").and_then(|count| count.parse().ok()),
        })
    }
}

/// Returns true if every element is closed. The decoder treats the end of the text as the end of all open
/// elements, so a reply that was cut off would give half a secret.
fn is_complete(xml: &str) -> bool {
    let mut depth = None;
    for token in Document::new(xml) {
        match token {
            Ok((_, at)) => depth = Some(at),
            Err(_) => return false,
        }
    }
    depth == Some(0)
}

/// Parses RFC 3339 as STS writes it, or seconds since the Unix epoch.
fn expiration(text: &str) -> Result<u64, String> {
    let seconds = match DateTime::from_str(text, Format::DateTimeWithOffset) {
        Ok(time) => time.secs(),
        Err(_) => text.parse::<i64>().map_err(|_| "its `Expiration` is not a time".to_owned())?,
    };
    u64::try_from(seconds).map_err(|_| "its `Expiration` is before 1970".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LATEST: u64 = 1_800_000_000;

    fn session(xml: &str) -> Result<Session, String> {
        Fields::read(xml).and_then(|fields| fields.session(LATEST))
    }

    fn assert_usual(session: &Session) {
        assert_eq!(session.access_key_id, "ASIASCOPED");
        assert_eq!(session.secret_access_key.expose(), "sec/ret+1");
        assert_eq!(session.session_token.expose(), "tok&en==");
    }

    #[test]
    fn the_published_shape_is_read() {
        let session = session(
            r#"<?xml version="1.0" encoding="UTF-8"?>
            <GetScopedCredentialsResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
              <GetScopedCredentialsResult>
                <Credentials><AccessKeyId>ASIASCOPED</AccessKeyId><SecretAccessKey>sec/ret+1</SecretAccessKey>
                <SessionToken>tok&amp;en==</SessionToken><Expiration>2026-11-22T10:00:00Z</Expiration></Credentials>
                <SessionInfo><ScopedSessionId>AROA1:s</ScopedSessionId><Arn>arn:aws:sts::1:assumed-role/r/s</Arn></SessionInfo>
                <SessionTokenUtilization>12</SessionTokenUtilization><SessionTokenSize>500</SessionTokenSize>
                <ScopedPoliciesCount>2</ScopedPoliciesCount><SourceIdentity>me</SourceIdentity>
              </GetScopedCredentialsResult>
              <ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata>
            </GetScopedCredentialsResponse>"#,
        )
        .unwrap();
        assert_usual(&session);
        assert_eq!(session.expires_at, 1_795_341_600);
        assert_eq!(session.arn.as_deref(), Some("arn:aws:sts::1:assumed-role/r/s"));
        assert_eq!((session.packed_policy_percent, session.scoped_policies), (Some(12), Some(2)));
    }

    #[test]
    fn order_prefixes_wrappers_and_extra_elements_do_not_matter() {
        let session = session(
            r#"<s:Answer xmlns:s="urn:x"><s:New a="1"/><!-- c --><s:Wrapper><s:Deep><s:SessionToken>
            tok&#38;en==
            </s:SessionToken></s:Deep><s:Expiration>2026-11-22T10:00:00.500+00:00</s:Expiration>
            <s:SecretAccessKey>sec/ret+1</s:SecretAccessKey></s:Wrapper><s:AccessKeyId>ASIASCOPED</s:AccessKeyId></s:Answer>"#,
        )
        .unwrap();
        assert_eq!(session.access_key_id, "ASIASCOPED");
        assert_eq!(session.expires_at, 1_795_341_600);
        assert_eq!((session.packed_policy_percent, session.scoped_policies), (None, None));
    }

    #[test]
    fn without_an_expiration_the_computed_one_holds() {
        let xml = "<R><AccessKeyId>ASIASCOPED</AccessKeyId><SecretAccessKey>sec/ret+1</SecretAccessKey><SessionToken>tok&amp;en==</SessionToken></R>";
        let session = session(xml).unwrap();
        assert_usual(&session);
        assert_eq!(session.expires_at, LATEST);
    }

    #[test]
    fn what_is_missing_ambiguous_or_malformed_is_refused_without_repeating_it() {
        let cases = [
            ("", "not XML"),
            ("{\"AccessKeyId\":\"planted\"}", "not XML"),
            ("<R><AccessKeyId>planted</AccessKeyId></R>", "no `SecretAccessKey`"),
            ("<R><AccessKeyId>planted</AccessKeyId><SecretAccessKey>plan", "cut off"),
            (
                "<R><SecretAccessKey>planted</SecretAccessKey><SecretAccessKey>planted2</SecretAccessKey></R>",
                "two different",
            ),
            ("<R><SecretAccessKey><b>planted</b></SecretAccessKey></R>", "not text"),
            (
                "<R><AccessKeyId>a</AccessKeyId><SecretAccessKey>planted</SecretAccessKey><SessionToken>t</SessionToken><Expiration>planted</Expiration></R>",
                "not a time",
            ),
        ];
        for (xml, expected) in cases {
            let error = session(xml).unwrap_err();
            assert!(error.contains(expected) && !error.contains("planted"), "{xml}: {error}");
        }
        let deep = format!("{}{}", "<a>".repeat(40), "</a>".repeat(40));
        assert!(session(&deep).unwrap_err().contains("too deep"));
    }
}
