//! Where STS is: what the environment and profile name, else the regional endpoint. Never the global one.

use aws_sdk_sts::config::endpoint::{DefaultResolver, Params, ResolveEndpoint as _};
use aws_types::service_config::ServiceConfigKey;
use http::Uri;

use super::Aws;
use super::error::AwsError;

impl Aws {
    /// The STS endpoint, by the SDK's own rules: `AWS_ENDPOINT_URL_STS`, `AWS_ENDPOINT_URL`, the profile's
    /// `services` section and `endpoint_url`, else `sts.<region>.amazonaws.com` with the FIPS and dual-stack
    /// variants where asked for.
    ///
    /// # Errors
    /// [`AwsError::Endpoint`] when what is named makes no URL.
    pub async fn sts_endpoint(&self) -> Result<Uri, AwsError> {
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

    /// The same look-up the generated STS client does.
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

/// The SDK takes any text for an endpoint and fails late or panics on one without a scheme and a host.
fn parse(url: &str) -> Result<Uri, AwsError> {
    let unusable = || AwsError::Endpoint(format!("`{url}` is not an http or https URL"));
    let uri: Uri = url.parse().map_err(|_| unusable())?;
    let scheme = matches!(uri.scheme_str(), Some("http" | "https"));
    let host = uri.host().is_some_and(|host| !host.is_empty());
    if scheme && host && uri.query().is_none() { Ok(uri) } else { Err(unusable()) }
}
