//! A certificate authority for one session. It vouches only for hosts of the session's cloud, and only until the
//! session's end.
//!
//! Security: both keys are in this process's memory alone. Only the command is told to trust the authority, so a
//! certificate of it proves nothing to any other program.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use time::OffsetDateTime;

/// The most hosts with a certificate that is kept; a command speaks with some dozens.
const KEPT: usize = 256;
/// The seconds before now from which certificates are valid, for clocks that differ.
const BEFORE: i64 = 300;
/// The one protocol that is offered.
const HTTP_1: &[u8] = b"http/1.1";

/// The authority, with the certificates that it has signed.
pub struct SessionCa {
    issuer: Issuer<'static, KeyPair>,
    /// The authority's certificate, in PEM.
    pem: String,
    /// The key of every host.
    leaf: KeyPair,
    not_after: OffsetDateTime,
    configs: Mutex<HashMap<String, Arc<ServerConfig>>>,
}

impl SessionCa {
    /// Makes an authority for hosts below `patterns`, which is valid until `ends_at`, in seconds since the Unix epoch.
    ///
    /// # Errors
    /// If the system has no random numbers, or a pattern is no host name.
    pub fn new<'a>(patterns: impl IntoIterator<Item = &'a str>, ends_at: u64) -> io::Result<Self> {
        let seconds = i64::try_from(ends_at).map_err(io::Error::other)?;
        let not_after = OffsetDateTime::from_unix_timestamp(seconds).map_err(io::Error::other)?;
        let mut params = params(Vec::new(), not_after)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, "tryaudex session");
        let names = patterns.into_iter().map(|pattern| pattern.trim_start_matches("*."));
        params.name_constraints = Some(NameConstraints {
            permitted_subtrees: names
                .map(|name| GeneralSubtree::DnsName(name.to_owned()))
                .collect(),
            excluded_subtrees: vec![
                GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix([0; 4], 0)),
                GeneralSubtree::IpAddress(CidrSubnet::from_v6_prefix([0; 16], 0)),
            ],
        });
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let pem = pem(params.self_signed(&key).map_err(io::Error::other)?.der());
        let leaf = KeyPair::generate().map_err(io::Error::other)?;
        let issuer = Issuer::new(params, key);
        Ok(Self { issuer, pem, leaf, not_after, configs: Mutex::default() })
    }

    /// Returns the authority's certificate in PEM. It holds no secret.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// Returns the TLS settings of a server for `host`.
    ///
    /// # Errors
    /// If `host` is no host name.
    pub(super) fn config(&self, host: &str) -> io::Result<Arc<ServerConfig>> {
        let mut configs = self.configs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(config) = configs.get(host) {
            return Ok(Arc::clone(config));
        }
        let config = Arc::new(self.server(self.certificate(host)?)?);
        if configs.len() >= KEPT {
            configs.clear();
        }
        configs.insert(host.to_owned(), Arc::clone(&config));
        Ok(config)
    }

    /// Returns a certificate for `host`.
    pub(super) fn certificate(&self, host: &str) -> io::Result<CertificateDer<'static>> {
        let mut params = params(vec![host.to_owned()], self.not_after)?;
        // OpenSSL takes a certificate for its own authority if both have one name.
        params.distinguished_name.push(DnType::OrganizationName, "tryaudex session");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let signed = params.signed_by(&self.leaf, &self.issuer).map_err(io::Error::other)?;
        Ok(signed.der().clone())
    }

    fn server(&self, certificate: CertificateDer<'static>) -> io::Result<ServerConfig> {
        let key = PrivatePkcs8KeyDer::from(self.leaf.serialize_der());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(vec![certificate], PrivateKeyDer::from(key))
            .map_err(io::Error::other)?;
        config.alpn_protocols = vec![HTTP_1.to_vec()];
        Ok(config)
    }
}

fn params(names: Vec<String>, not_after: OffsetDateTime) -> io::Result<CertificateParams> {
    let mut params = CertificateParams::new(names).map_err(io::Error::other)?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.not_before = OffsetDateTime::now_utc() - time::Duration::seconds(BEFORE);
    params.not_after = not_after;
    Ok(params)
}

/// Writes a certificate as clients read it from a file. Source: RFC 7468.
pub(super) fn pem(certificate: &CertificateDer<'_>) -> String {
    let body = aws_smithy_types::base64::encode(certificate.as_ref());
    let lines = body.as_bytes().chunks(64).map(String::from_utf8_lossy).collect::<Vec<_>>();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}
