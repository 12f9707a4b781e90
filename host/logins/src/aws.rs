//! The host's AWS client. It holds the source credentials and calls STS, so that no component has to.
//!
//! This module must not print, must not use a terminal, and must not pass a secret on except as
//! [`Secret`](audex_core::secret::Secret).
//! Every future here needs a Tokio runtime with I/O and time enabled (`enable_all`).

mod description;
mod endpoint;
mod error;
mod malformed;
mod operation;
pub mod profile;
mod query;
mod reply;
mod sign;
mod source;

#[cfg(test)]
mod double;
#[cfg(test)]
mod tests;

use std::time::Duration;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};

use self::profile::{Canonical, ProfileError, Profiles, Settings};
use audex_core::environment::{
    AWS_CA_BUNDLE, AWS_DEFAULT_REGION, AWS_PROFILE, AWS_REGION, Environment,
};
use audex_core::shape::ConfiguredPath;
use audex_wire::aws_http::{AwsHttp, CONNECT_TIMEOUT, READ_TIMEOUT};

pub use self::error::{AwsError, Cause, Service};
pub use self::operation::{AssumeRole, Caller, FederationToken, ScopedCredentials, Session};
pub use self::source::{Keys, SourceKind};

/// The time limit of one attempt, from connecting to the end of the reply. A stalled attempt is then retried.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
/// The time limit of all attempts of one call together. A user waits no longer for an answer.
const CALL_BUDGET: Duration = Duration::from_secs(25);
/// The number of attempts for a throttled or failed call: the SDK's own default.
const MAX_ATTEMPTS: u32 = 3;
/// The region if nothing names one. Every account has this region enabled.
const DEFAULT_REGION: &str = "us-east-1";
/// The maximum number of `GetScopedCredentials` policies in one session. Source: the model of the operation
/// in botocore 1.44.8, `ScopedPoliciesCount`.
pub const MAX_SCOPED_POLICIES: u32 = 3;
/// The program's name in the user agent, so that `CloudTrail` shows which program called.
const APP_NAME: &str = "tryaudex";
const ACCESS_KEY_ID: &str = "AWS_ACCESS_KEY_ID";
const SECRET_ACCESS_KEY: &str = "AWS_SECRET_ACCESS_KEY";
const KEY_VARIABLES: [&str; 2] = [ACCESS_KEY_ID, SECRET_ACCESS_KEY];

/// The settings that decide where and how STS is called.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// A region chosen for this run (`--region`, configuration); wins over everything else.
    pub region: Option<String>,
    /// `AWS_REGION`.
    pub aws_region: Option<String>,
    /// `AWS_DEFAULT_REGION`.
    pub aws_default_region: Option<String>,
    /// `AWS_CA_BUNDLE`: a PEM file that replaces the system's certificate authorities.
    pub ca_bundle: Option<ConfiguredPath>,
    /// `AWS_PROFILE` or `AWS_DEFAULT_PROFILE`; only for hints.
    pub profile: Option<String>,
    /// The region of the selected profile.
    pub profile_region: Option<String>,
    /// True if `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY` are both set.
    pub environment_keys: bool,
    /// The key variable that is unset while the other one is set. An access key id without its secret is
    /// refused. A secret without its id is named if no credentials are found.
    pub missing_key: Option<&'static str>,
}

impl Options {
    /// Fills the options from `environment`; an empty value counts as unset.
    ///
    /// The SDK itself reads `AWS_ENDPOINT_URL_STS`, `AWS_ENDPOINT_URL`, `AWS_USE_FIPS_ENDPOINT`,
    /// `AWS_USE_DUALSTACK_ENDPOINT` and the key variables from the process environment.
    #[must_use]
    pub fn from_environment(environment: &Environment) -> Self {
        let get = |name: &str| environment.get(name).map(str::to_owned);
        let set = |name: &str| get(name).filter(|value| !value.trim().is_empty());
        let keys = KEY_VARIABLES.map(|name| set(name).is_some());
        Self {
            region: None,
            aws_region: set(AWS_REGION),
            aws_default_region: set(AWS_DEFAULT_REGION),
            ca_bundle: set(AWS_CA_BUNDLE).map(|path| ConfiguredPath::new(AWS_CA_BUNDLE, path)),
            profile: set(AWS_PROFILE).or_else(|| set(profile::AWS_DEFAULT_PROFILE)),
            profile_region: None,
            environment_keys: keys == [true, true],
            missing_key: match keys {
                [false, true] => Some(ACCESS_KEY_ID),
                [true, false] => Some(SECRET_ACCESS_KEY),
                _ => None,
            },
        }
    }
}

/// The client for source credentials and STS, for one run.
#[derive(Debug)]
pub struct Aws {
    config: SdkConfig,
    http: AwsHttp,
    region: String,
    profile: Option<String>,
    profile_error: Option<ProfileError>,
    missing_key: Option<&'static str>,
}

impl Aws {
    /// Prepares the client from `options`, `environment` and the profile files that `environment` points to.
    /// Sends nothing and looks for no credentials yet. [`Aws::source`] reports what is wrong with the profile
    /// files.
    pub async fn load(mut options: Options, environment: &Environment) -> Self {
        let profiles = Profiles::read(environment);
        let settings = profiles
            .as_ref()
            .ok()
            .and_then(|profiles| Settings::of(profiles).ok())
            .unwrap_or_default();
        let setting =
            |name: &str| settings.get(name).filter(|value| !value.is_empty()).map(str::to_owned);
        options.profile_region = setting("region");
        options.ca_bundle = options
            .ca_bundle
            .or_else(|| setting("ca_bundle").map(|path| ConfiguredPath::new("ca_bundle", path)));
        let canonical =
            profiles.and_then(|profiles| profiles.canonical(environment, options.environment_keys));
        let http = AwsHttp::new(options.ca_bundle.clone());
        let mut loader = aws_config::defaults(BehaviorVersion::latest());
        loader = match &canonical {
            Ok(canonical) => with_profile(loader, canonical),
            // Security: if the profiles cannot be read, the SDK must not fall back to its own reading of
            // them.
            Err(_) => with_profile(loader, &Canonical::default()),
        };
        if options.environment_keys {
            // The environment is the first provider of the chain. Building the others costs 0.3 ms and finds
            // nothing more.
            loader = loader.credentials_provider(EnvironmentVariableCredentialsProvider::new());
        }
        let mut aws = Self::with_loader(options, http, loader).await;
        aws.profile_error = canonical.err();
        aws
    }

    async fn with_loader(
        options: Options,
        http: AwsHttp,
        loader: aws_config::ConfigLoader,
    ) -> Self {
        let region = region(&options);
        let mut loader = loader
            .region(Region::new(region.clone()))
            .http_client(http.clone())
            .timeout_config(timeouts())
            .retry_config(RetryConfig::standard().with_max_attempts(MAX_ATTEMPTS))
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        if let Ok(name) = AppName::new(APP_NAME) {
            loader = loader.app_name(name);
        }
        let Options { profile, missing_key, .. } = options;
        let config = loader.load().await;
        Self { config, http, region, profile, profile_error: None, missing_key }
    }

    /// Returns the region whose STS endpoint is called.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Returns the HTTP client that all calls use.
    #[must_use]
    pub fn http(&self) -> &AwsHttp {
        &self.http
    }
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(READ_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(CALL_BUDGET)
        .build()
}

/// Gives the SDK the profiles of `canonical` instead of the files.
fn with_profile(
    loader: aws_config::ConfigLoader,
    canonical: &Canonical,
) -> aws_config::ConfigLoader {
    #[expect(deprecated, reason = "the alias is the only name of the type this crate can reach")]
    let files = {
        use aws_config::profile::profile_file::{ProfileFileKind, ProfileFiles};
        ProfileFiles::builder().with_contents(ProfileFileKind::Config, &canonical.text).build()
    };
    loader.profile_files(files).profile_name(&canonical.profile)
}

/// Returns the first region that is named. Never asks the instance metadata service, because
/// off EC2 the request takes seconds.
fn region(options: &Options) -> String {
    let named = [
        &options.region,
        &options.aws_region,
        &options.aws_default_region,
        &options.profile_region,
    ];
    named.into_iter().flatten().next().cloned().unwrap_or_else(|| DEFAULT_REGION.to_owned())
}
