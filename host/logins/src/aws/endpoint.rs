//! The STS endpoint: the one that the environment or the profile names, otherwise the regional endpoint.
//! Never the global endpoint.

use aws_sdk_sts::config::endpoint::{DefaultResolver, Params, ResolveEndpoint as _};
use aws_types::service_config::ServiceConfigKey;
use http::Uri;

use super::Aws;
use super::error::AwsError;
use audex_core::shape;

impl Aws {
    /// Returns the STS endpoint by the SDK's own rules: `AWS_ENDPOINT_URL_STS`, `AWS_ENDPOINT_URL`, the
    /// profile's `services` section and `endpoint_url`, otherwise `sts.<region>.amazonaws.com`, in the FIPS
    /// or dual-stack variant if one is configured.
    ///
    /// # Errors
    /// [`AwsError::Endpoint`] if the configured value is not a URL.
    pub(crate) async fn sts_endpoint(&self) -> Result<Uri, AwsError> {
        let configured = self.configured_endpoint();
        configured.as_deref().map(parse).transpose()?;
        let params = Params::builder()
            .region(self.region())
            .use_fips(self.config.use_fips().unwrap_or_default())
            .use_dual_stack(self.config.use_dual_stack().unwrap_or_default())
            .set_endpoint(configured)
            .build()
            .map_err(|error| AwsError::Endpoint(error.to_string()))?;
        let endpoint = DefaultResolver::new().resolve_endpoint(&params).await;
        let endpoint = endpoint.map_err(|error| AwsError::Endpoint(error.to_string()))?;
        parse(endpoint.url())
    }

    /// Returns the error with the endpoint that was not reached, if the environment or the profile names one.
    pub(super) fn placed(&self, error: AwsError) -> AwsError {
        match error {
            AwsError::Unreachable { action, cause, .. } => {
                let endpoint = self.configured_endpoint().map(|url| shown(&url));
                AwsError::Unreachable { action, endpoint, cause }
            }
            other => other,
        }
    }

    /// Looks the endpoint up in the same way as the generated STS client.
    fn configured_endpoint(&self) -> Option<String> {
        let key = ServiceConfigKey::builder()
            .service_id("STS")
            .env("AWS_ENDPOINT_URL")
            .profile("endpoint_url")
            .build();
        let service = self.config.service_config().zip(key.ok());
        if self.config.get_origin("endpoint_url").is_client_config() {
            return self.config.endpoint_url().map(str::to_owned);
        }
        let for_sts = service.and_then(|(config, key)| config.load_config(key));
        for_sts.or_else(|| self.config.endpoint_url().map(str::to_owned))
    }
}

/// Parses an endpoint. The SDK accepts any text, and fails late or panics if the scheme or the host is
/// missing.
fn parse(url: &str) -> Result<Uri, AwsError> {
    let unusable =
        || AwsError::Endpoint(format!("{} is not a plain http or https URL", shown(url)));
    // Security: a password is rejected before any code can send or show it.
    if authority(url).contains('@') {
        let reason = format!("{} is given with a user name or password", shown(url));
        return Err(AwsError::Endpoint(reason));
    }
    let uri: Uri = url.parse().map_err(|_| unusable())?;
    let scheme = matches!(uri.scheme_str(), Some("http" | "https"));
    let host = uri.host().is_some_and(|host| !host.is_empty());
    // Security: text that does not have the shape of a host may be a secret, and a connection error would
    // show it.
    let host = host && shape::has_host(url);
    if scheme && host && uri.query().is_none() { Ok(uri) } else { Err(unusable()) }
}

/// Returns scheme and host of a supposed URL, if the host has the shape of one.
///
/// Security: a password, a path or a query may be a secret. The host, which follows the last `@`, never is.
fn shown(url: &str) -> String {
    let authority = authority(url);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let scheme = url.split_once("://").map(|(scheme, _)| scheme);
    let shown = match scheme {
        Some(scheme) if scheme.chars().all(|c| c.is_ascii_alphanumeric()) => {
            format!("{scheme}://{host}")
        }
        _ => host.to_owned(),
    };
    shape::address("endpoint_url", &shown)
}

/// Returns the text between the scheme and the path. The text includes everything up to the last `@`, because
/// a password may contain `/`, `?` or `#`.
fn authority(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let user_end = rest.rfind('@').unwrap_or(0);
    let end = rest
        .get(user_end..)
        .and_then(|tail| tail.find(['/', '?', '#']))
        .map(|length| user_end + length);
    rest.get(..end.unwrap_or(rest.len())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(url: &str) -> String {
        parse(url).unwrap_err().to_string()
    }

    #[test]
    fn an_endpoint_with_user_information_is_refused_and_its_password_is_not_shown() {
        for url in [
            "https://user:hunter2@sts.example.com",
            "https://hunter2@sts.example.com/path",
            "https://user:hun/hunter2@sts.example.com",
            "user:hunter2@sts.example.com",
            "https://sts.example.com:1?hunter2@sts.example.com",
        ] {
            let said = said(url);
            assert!(!said.contains("hun") && said.contains("sts.example.com"), "{said}");
            assert!(said.contains("user name or password"), "{said}");
        }
        let said = said("https://user:hunter2 @sts.example.com:x");
        assert!(!said.contains("hun") && said.contains("user name or password"), "{said}");
    }

    #[test]
    fn a_refused_endpoint_is_shown_by_scheme_and_host_alone() {
        assert!(
            said("https://sts.example.com/a?token=hunter2").contains("`https://sts.example.com`")
        );
        assert!(said("ftp://sts.example.com/hunter2").contains("`ftp://sts.example.com`"));
        for secret in [
            "hunter2",
            "hvs.CAESIJhunter20123456789",
            "https://AKIAHUNTER2IOSFODNN7",
            "{\"a\":\"hunter2\"}",
        ] {
            let said = said(secret);
            assert!(
                !said.to_lowercase().contains("hunter2")
                    && said.contains("the value of `endpoint_url`"),
                "{said}"
            );
        }
        assert!(parse("https://sts.example.com:8443/base").is_ok());
    }
}
