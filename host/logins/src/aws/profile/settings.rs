//! The settings of the selected profile other than credentials: where requests go, and how they are made.
//!
//! Security: the lists below are allow lists. They contain nothing that names, gives or finds credentials.
//! Source of the names: AWS SDKs and Tools Reference Guide, "Settings reference"; AWS CLI, "Configuration and credential file
//! settings" and "S3 configuration".

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Write as _;

use super::chain::{COMMENT, has_comment, text};
use super::{ProfileError, Profiles, Properties, Property, Value};
use audex_core::environment::{AWS_CA_BUNDLE, AWS_ENDPOINT_URL, Environment};

const ENDPOINT: &str = "endpoint_url";
const IGNORE: &str = "ignore_configured_endpoint_urls";
const FIPS: &str = "use_fips_endpoint";
const DUAL_STACK: &str = "use_dualstack_endpoint";
const CA_BUNDLE: &str = "ca_bundle";
const REGION: &str = "region";

/// Settings that choose an endpoint. They do not pass if a gateway of the session is the endpoint.
const LEADING: &[&str] = &[
    ENDPOINT,
    IGNORE,
    FIPS,
    DUAL_STACK,
    "account_id_endpoint_mode",
    "endpoint_discovery_enabled",
    "s3_disable_multiregion_access_points",
    "s3_us_east_1_regional_endpoint",
    "s3_use_arn_region",
    "sts_regional_endpoints",
];

/// The other settings that pass.
const OTHER: &[&str] = &[
    REGION,
    CA_BUNDLE,
    "max_attempts",
    "retry_mode",
    "defaults_mode",
    "tcp_keepalive",
    "parameter_validation",
    "request_checksum_calculation",
    "response_checksum_validation",
    "s3_disable_express_session_auth",
    "disable_request_compression",
    "request_min_compression_size_bytes",
    "auth_scheme_preference",
    "sigv4a_signing_region_set",
    "sdk_ua_app_id",
    "output",
    "cli_auto_prompt",
    "cli_binary_format",
    "cli_error_format",
    "cli_pager",
    "cli_timestamp_format",
];

/// Settings below `s3`, divided in the same way.
const S3_LEADING: &[&str] = &[
    "signature_version",
    "us_east_1_regional_endpoint",
    "use_accelerate_endpoint",
    "use_arn_region",
    "use_dualstack_endpoint",
];
const S3_OTHER: &[&str] = &[
    "addressing_style",
    "payload_signing_enabled",
    "max_bandwidth",
    "max_concurrent_requests",
    "max_queue_size",
    "multipart_chunksize",
    "multipart_threshold",
    "preferred_transfer_client",
    "target_bandwidth",
];

const USER: &str = "has a user name or password, which an endpoint must not have";

/// The variables that are equivalent to a setting and win over it.
const VARIABLES: [(&str, &str); 3] = [
    (FIPS, "AWS_USE_FIPS_ENDPOINT"),
    (DUAL_STACK, "AWS_USE_DUALSTACK_ENDPOINT"),
    (CA_BUNDLE, AWS_CA_BUNDLE),
];
const IGNORE_VARIABLE: &str = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS";

/// The party that chooses the endpoints of the command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointSource {
    /// The profile, as outside a session.
    Profile,
    /// An endpoint of this session.
    Session,
}

/// Settings with their values.
type Values = Vec<(&'static str, String)>;

/// The name of a setting that cannot be used, the reason, and the property.
type Refused<'a> = (&'static str, &'static str, &'a Property);

/// The settings of one profile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    top: Values,
    s3: Values,
    /// The endpoints of single services, by the service's identifier in lower case with `_`.
    endpoints: BTreeMap<String, String>,
}

impl Settings {
    /// Returns the settings of the selected profile.
    ///
    /// # Errors
    /// [`ProfileError::Property`] for a setting that is not one line of text, an endpoint with a password in
    /// it, and a `services` section that does not exist.
    pub fn of(profiles: &Profiles) -> Result<Self, ProfileError> {
        let Some(properties) = profiles.properties(profiles.name()) else {
            return Ok(Self::default());
        };
        let refuse = |property: &Property, name: &str, reason: &str| ProfileError::Property {
            place: property.place.clone(),
            profile: profiles.name().to_owned(),
            reason: format!("`{name}` {reason}"),
        };
        let top =
            top(properties).map_err(|(name, reason, property)| refuse(property, name, reason))?;
        let s3 = properties.get("s3").map(s3).unwrap_or_default();
        let endpoints = match properties.get("services") {
            Some(property) => endpoints(profiles, property)
                .map_err(|reason| refuse(property, "services", reason))?,
            None => BTreeMap::new(),
        };
        Ok(Self { top, s3, endpoints })
    }

    /// Returns the value of one setting.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.top.iter().find(|(other, _)| *other == name).map(|(_, value)| value.as_str())
    }

    /// Returns the session's configuration file, with these settings as the default profile.
    #[must_use]
    pub fn file(&self, source: EndpointSource) -> String {
        let passes = |leading: &[&str], name: &str| {
            source == EndpointSource::Profile || !leading.contains(&name)
        };
        let mut body = String::new();
        for (name, value) in self.top.iter().filter(|(name, _)| passes(LEADING, name)) {
            // Writing to a string cannot fail, here and below.
            let _ = writeln!(body, "{name} = {value}");
        }
        let s3: Vec<_> = self.s3.iter().filter(|(name, _)| passes(S3_LEADING, name)).collect();
        if !s3.is_empty() {
            body.push_str("s3 =\n");
        }
        for (name, value) in s3 {
            let _ = writeln!(body, "  {name} = {value}");
        }
        if source == EndpointSource::Profile {
            body.push_str(&self.services("session"));
        }
        if body.is_empty() { body } else { format!("[default]\n{body}") }
    }

    /// Returns the settings for the SDK's own calls as properties of a profile, and the section that they
    /// name.
    pub(super) fn for_sdk(&self, section: &str) -> String {
        let mut text = String::new();
        for name in [IGNORE, FIPS, DUAL_STACK] {
            if self.is_on(name) {
                let _ = writeln!(text, "{name} = true");
            }
        }
        if let Some(url) = self.get(ENDPOINT) {
            let _ = writeln!(text, "{ENDPOINT} = {url}");
        }
        text + &self.services(section)
    }

    /// Returns a line that names a section of endpoints, and that section.
    fn services(&self, section: &str) -> String {
        let mut text = String::new();
        if self.endpoints.is_empty() {
            return text;
        }
        let _ = write!(text, "services = {section}\n[services {section}]\n");
        for (service, url) in &self.endpoints {
            let _ = write!(text, "{service} =\n  {ENDPOINT} = {url}\n");
        }
        text
    }

    fn is_on(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }
}

/// Returns the settings of both lists.
fn top(properties: &Properties) -> Result<Values, Refused<'_>> {
    let mut settings = Vec::new();
    for name in LEADING.iter().chain(OTHER).copied() {
        let Some(property) = properties.get(name) else { continue };
        let refuse = |reason| (name, reason, property);
        let value = text(property).map_err(refuse)?;
        // All tools must agree on where the requests go.
        if has_comment(value) && (LEADING.contains(&name) || name == REGION) {
            return Err(refuse(COMMENT));
        }
        if name == ENDPOINT && has_user(value) {
            return Err(refuse(USER));
        }
        if name != ENDPOINT || !value.is_empty() {
            settings.push((name, value.to_owned()));
        }
    }
    Ok(settings)
}

fn s3(property: &Property) -> Values {
    let Value::Table(table) = &property.value else { return Vec::new() };
    let value = |name: &'static str| {
        let (_, value) = table.iter().find(|(other, _)| other == name)?;
        Some((name, value.clone()))
    };
    S3_LEADING.iter().chain(S3_OTHER).copied().filter_map(value).collect()
}

/// Returns the endpoints in the section that `services` names.
fn endpoints(
    profiles: &Profiles,
    services: &Property,
) -> Result<BTreeMap<String, String>, &'static str> {
    let section = profiles.services.get(text(services)?);
    let Some(section) = section else {
        return Err("names a `[services …]` section that is not there");
    };
    let is_identifier = |name: &str| name.bytes().all(|b| b == b'_' || b.is_ascii_alphanumeric());
    let mut endpoints = BTreeMap::new();
    for (service, property) in section.iter().filter(|(service, _)| is_identifier(service)) {
        let Value::Table(table) = &property.value else { continue };
        let Some((_, url)) = table.iter().find(|(name, url)| name == ENDPOINT && !url.is_empty())
        else {
            continue;
        };
        if has_user(url) {
            return Err(USER);
        }
        endpoints.insert(service.clone(), url.clone());
    }
    Ok(endpoints)
}

/// Security: a password in an address would be passed on with the address.
fn has_user(url: &str) -> bool {
    url.contains('@')
}

/// Returns the text of the session's configuration file. If the files cannot be read, the text is empty; the
/// look-up of credentials reports the error.
#[must_use]
pub fn session_file(environment: &Environment, source: EndpointSource) -> String {
    selected(environment).file(source)
}

fn selected(environment: &Environment) -> Settings {
    Profiles::read(environment).and_then(|profiles| Settings::of(&profiles)).unwrap_or_default()
}

/// Returns `environment` with the selected profile's endpoint settings added as the equivalent variables, so that endpoints
/// have one source. Existing variables win; `AWS_ENDPOINT_URL` wins over every endpoint of a profile. If configured endpoints
/// are ignored, the result has none.
///
/// Source: AWS SDKs and Tools Reference Guide, "Service-specific endpoints", precedence of endpoints.
#[must_use]
pub fn with_endpoints(environment: &Environment) -> Environment {
    let settings = selected(environment);
    let is_ignoring = match environment.get(IGNORE_VARIABLE) {
        Some(value) => value.eq_ignore_ascii_case("true"),
        None => settings.is_on(IGNORE),
    };
    let is_endpoint = |name: &str| name.starts_with(AWS_ENDPOINT_URL);
    let own = environment
        .iter()
        .filter(|(name, _)| !(is_ignoring && is_endpoint(&name.to_string_lossy())));
    let mut led: Environment =
        own.map(|(name, value)| (OsString::from(name), OsString::from(value))).collect();
    for (name, variable) in VARIABLES {
        if let Some(value) = settings.get(name) {
            led = led.or(variable, value);
        }
    }
    if is_ignoring || environment.get_os(AWS_ENDPOINT_URL).is_some() {
        return led;
    }
    for (service, url) in &settings.endpoints {
        led = led.or(&format!("{AWS_ENDPOINT_URL}_{}", service.to_ascii_uppercase()), url);
    }
    match settings.get(ENDPOINT) {
        Some(url) => led.or(AWS_ENDPOINT_URL, url),
        None => led,
    }
}
