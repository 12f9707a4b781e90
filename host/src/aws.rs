//! The host's AWS side: it holds the source credentials and talks to STS, so that no component has to.
//!
//! It must not print, must not touch a terminal, and must not let a secret out except as [`Secret`](crate::secret::Secret).
//! Every future here needs a Tokio runtime with I/O and time enabled (`enable_all`).

mod description;
mod endpoint;
mod error;
mod http;
mod operation;
mod query;
mod reply;
pub(crate) mod sign;
mod source;
mod tls;

#[cfg(test)]
mod double;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::time::Duration;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};

pub use self::error::{AwsError, Cause, Service};
pub use self::http::AwsHttp;
pub use self::operation::{AssumeRole, Caller, FederationToken, ScopedCredentials, Session};
pub use self::source::{Keys, SourceKind};

/// Connecting takes this long at most: the SDK's own default, enough for three SYN retransmissions.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(3100);
/// Waiting for the first byte of a reply takes this long at most; STS answers in well under a second.
const READ_TIMEOUT: Duration = Duration::from_secs(8);
/// One attempt, from connecting to the whole reply, takes this long at most, so a stalled one is tried again.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
/// All attempts of one call together take this long at most, so a user waits no longer for an answer.
const CALL_BUDGET: Duration = Duration::from_secs(25);
/// A throttled or failed call is tried this often in all; the SDK's own default.
const MAX_ATTEMPTS: u32 = 3;
/// What is used when nothing names a region: the region every account has enabled.
const DEFAULT_REGION: &str = "us-east-1";
/// How many policies of `GetScopedCredentials` one session may carry. Source: the model of the operation in botocore 1.44.8,
/// `ScopedPoliciesCount`.
pub const MAX_SCOPED_POLICIES: u32 = 3;
/// Names this program in the user agent, so that `CloudTrail` shows who asked.
const APP_NAME: &str = "tryaudex";
/// The public half of keys in the environment.
const ACCESS_KEY_ID: &str = "AWS_ACCESS_KEY_ID";
/// The secret half.
const SECRET_ACCESS_KEY: &str = "AWS_SECRET_ACCESS_KEY";
const KEY_VARIABLES: [&str; 2] = [ACCESS_KEY_ID, SECRET_ACCESS_KEY];

/// What decides where and how STS is called.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// A region chosen for this run (`--region`, configuration); wins over everything else.
    pub region: Option<String>,
    /// `AWS_REGION`.
    pub aws_region: Option<String>,
    /// `AWS_DEFAULT_REGION`.
    pub aws_default_region: Option<String>,
    /// `AWS_CA_BUNDLE`: a PEM file that replaces the system's certificate authorities.
    pub ca_bundle: Option<PathBuf>,
    /// `AWS_PROFILE`; only for hints, the SDK reads it itself.
    pub profile: Option<String>,
    /// Whether `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY` are both set.
    pub environment_keys: bool,
    /// The one of the two that is missing while the other is set; only for what is said when no credentials are found.
    pub missing_key: Option<&'static str>,
}

impl Options {
    /// Fills the options from environment variables read through `variable`; an empty value counts as unset.
    ///
    /// `AWS_ENDPOINT_URL_STS`, `AWS_ENDPOINT_URL`, `AWS_USE_FIPS_ENDPOINT`, `AWS_USE_DUALSTACK_ENDPOINT`,
    /// the key variables and the profile files are read by the SDK from the process environment.
    pub fn from_environment(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let keys = KEY_VARIABLES.map(|name| set(name).is_some());
        Self {
            region: None,
            aws_region: set("AWS_REGION"),
            aws_default_region: set("AWS_DEFAULT_REGION"),
            ca_bundle: set("AWS_CA_BUNDLE").map(PathBuf::from),
            profile: set("AWS_PROFILE"),
            environment_keys: keys == [true, true],
            missing_key: match keys {
                [false, true] => Some(ACCESS_KEY_ID),
                [true, false] => Some(SECRET_ACCESS_KEY),
                _ => None,
            },
        }
    }
}

/// Source credentials and STS, for one run.
#[derive(Debug)]
pub struct Aws {
    config: SdkConfig,
    http: AwsHttp,
    region: String,
    region_origin: &'static str,
    profile: Option<String>,
    missing_key: Option<&'static str>,
}

impl Aws {
    /// Prepares the client from `options`, the process environment and the profile files; nothing is sent
    /// and no credential is looked for yet.
    pub async fn load(options: Options) -> Self {
        let http = AwsHttp::new(options.ca_bundle.clone());
        let mut loader = aws_config::defaults(BehaviorVersion::latest());
        if options.environment_keys {
            // The environment is the chain's first link; building the others costs 0.3 ms and finds nothing more.
            loader = loader.credentials_provider(EnvironmentVariableCredentialsProvider::new());
        }
        Self::with_loader(options, http, loader).await
    }

    async fn with_loader(options: Options, http: AwsHttp, loader: aws_config::ConfigLoader) -> Self {
        let (region, region_origin) = region(&options).await;
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
        Self { config: loader.load().await, http, region, region_origin, profile, missing_key }
    }

    /// The region whose STS endpoint is called.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// What named the region: `option`, `AWS_REGION`, `AWS_DEFAULT_REGION`, `profile` or `default`.
    #[must_use]
    pub fn region_origin(&self) -> &'static str {
        self.region_origin
    }

    /// The HTTP client all calls go through.
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

/// The first region named, and what named it. Profile files are read only when nothing else does; the
/// instance metadata service is never asked, because off EC2 that costs seconds.
async fn region(options: &Options) -> (String, &'static str) {
    use aws_config::meta::region::ProvideRegion as _;
    let named = [
        (&options.region, "option"),
        (&options.aws_region, "AWS_REGION"),
        (&options.aws_default_region, "AWS_DEFAULT_REGION"),
    ];
    for (value, origin) in named {
        if let Some(value) = value {
            return (value.clone(), origin);
        }
    }
    match aws_config::profile::ProfileFileRegionProvider::new().region().await {
        Some(region) => (region.to_string(), "profile"),
        None => (DEFAULT_REGION.to_owned(), "default"),
    }
}
