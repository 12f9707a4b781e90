//! Finds the endpoint for a request that came to the gateway.

use http::Uri;

use audex_core::environment::{AWS_ENDPOINT_URL, Environment};
use audex_core::region::is_region;

/// The prefix of variables that replace the endpoint of one service.
const OF_SERVICE: &str = "AWS_ENDPOINT_URL_";

/// The services that share a signing name with another service, by their suffix of `AWS_ENDPOINT_URL_`, each
/// with the prefix of its host. Each gets a port of its own. Source: `endpointPrefix`, `signingName` and
/// `serviceId` of botocore 1.44's models.
#[rustfmt::skip]
const LANES: &[(&str, &str)] = &[
    ("APPCONFIGDATA", "appconfigdata"),
    ("BEDROCK_AGENT", "bedrock-agent"), ("BEDROCK_AGENT_RUNTIME", "bedrock-agent-runtime"),
    ("BEDROCK_AGENTCORE_CONTROL", "bedrock-agentcore-control"),
    ("BEDROCK_DATA_AUTOMATION", "bedrock-data-automation"),
    ("BEDROCK_DATA_AUTOMATION_RUNTIME", "bedrock-data-automation-runtime"), ("BEDROCK_RUNTIME", "bedrock-runtime"),
    ("CHIME_SDK_IDENTITY", "identity-chime"), ("CHIME_SDK_MEDIA_PIPELINES", "media-pipelines-chime"),
    ("CHIME_SDK_MEETINGS", "meetings-chime"), ("CHIME_SDK_MESSAGING", "messaging-chime"),
    ("CHIME_SDK_VOICE", "voice-chime"), ("CLOUDHSM_V2", "cloudhsmv2"), ("CONNECT_CONTACT_LENS", "contact-lens"),
    ("CONNECTPARTICIPANT", "participant.connect"), ("DYNAMODB_STREAMS", "streams.dynamodb"),
    ("FORECASTQUERY", "forecastquery"), ("IVS_REALTIME", "ivsrealtime"), ("KEYSPACESSTREAMS", "cassandra-streams"),
    ("LEX_MODEL_BUILDING_SERVICE", "models.lex"), ("LEX_MODELS_V2", "models-v2-lex"),
    ("LEX_RUNTIME_SERVICE", "runtime.lex"), ("LEX_RUNTIME_V2", "runtime-v2-lex"), ("MAILMANAGER", "mail-manager"),
    ("MARKETPLACE_AGREEMENT", "agreement-marketplace"), ("MARKETPLACE_CATALOG", "catalog.marketplace"),
    ("MARKETPLACE_DEPLOYMENT", "deployment-marketplace"), ("MARKETPLACE_ENTITLEMENT_SERVICE", "entitlement.marketplace"),
    ("MARKETPLACE_METERING", "metering.marketplace"), ("MEDIASTORE_DATA", "data.mediastore"),
    ("MIGRATIONHUB_CONFIG", "migrationhub-config"), ("PAYMENT_CRYPTOGRAPHY_DATA", "dataplane.payment-cryptography"),
    ("PERSONALIZE_EVENTS", "personalize-events"), ("PERSONALIZE_RUNTIME", "personalize-runtime"),
    ("PINPOINT_SMS_VOICE", "sms-voice.pinpoint"), ("SAGEMAKER_A2I_RUNTIME", "a2i-runtime.sagemaker"),
    ("SAGEMAKER_EDGE", "edge.sagemaker"), ("SAGEMAKER_FEATURESTORE_RUNTIME", "featurestore-runtime.sagemaker"),
    ("SAGEMAKER_METRICS", "metrics.sagemaker"), ("SAGEMAKER_RUNTIME", "runtime.sagemaker"),
    ("SERVICE_CATALOG_APPREGISTRY", "servicecatalog-appregistry"), ("SIGNER_DATA", "data-signer"),
    ("TIMESTREAM_QUERY", "query.timestream"), ("TIMESTREAM_WRITE", "ingest.timestream"),
];

/// The services with operations that are not signed, by their suffix of `AWS_ENDPOINT_URL_`, each with its
/// signing name. An unsigned request does not name its service, so each service gets a port of its own.
/// Source: `authtype: none` in botocore's models; S3 for objects that are public.
const UNSIGNED: &[(&str, &str)] = &[
    ("COGNITO_IDENTITY", "cognito-identity"),
    ("COGNITO_IDENTITY_PROVIDER", "cognito-idp"),
    ("S3", "s3"),
    ("SIGNIN", "signin"),
    ("SSO", "awsssoportal"),
    ("SSO_OIDC", "sso-oauth"),
    ("STS", "sts"),
];

/// The signing names of all services, one per line (`signing_names.py`).
const SIGNING_NAMES: &str = include_str!("signing_names.txt");

/// The prefixes of hosts that do not begin with the signing name, by signing name. Source: as for [`LANES`].
#[rustfmt::skip]
const PREFIXES: &[(&str, &str)] = &[
    ("IoTSecuredTunneling", "api.tunneling.iot"), ("appstream", "appstream2"), ("awsssoportal", "portal.sso"),
    ("detective", "api.detective"), ("ecr", "api.ecr"), ("ecr-public", "api.ecr-public"), ("iot-jobs-data", "data.jobs.iot"),
    ("iotdata", "data-ats.iot"), ("iotdeviceadvisor", "api.iotdeviceadvisor"), ("iotwireless", "api.iotwireless"),
    ("mediatailor", "api.mediatailor"), ("memorydb", "memory-db"), ("mobiletargeting", "pinpoint"),
    ("payment-cryptography", "controlplane.payment-cryptography"), ("pricing", "api.pricing"), ("qapps", "data.qapps"),
    ("sagemaker", "api.sagemaker"), ("ses", "email"), ("sso-oauth", "oidc"), ("wickr", "admin.wickr"),
];

/// The services with one endpoint for all regions of a partition. Source: botocore 1.44's `endpoints.json`.
#[rustfmt::skip]
const GLOBAL: &[(&str, &str)] = &[
    ("account", "account.us-east-1.amazonaws.com"), ("billingconductor", "billingconductor.us-east-1.amazonaws.com"),
    ("budgets", "budgets.amazonaws.com"), ("ce", "ce.us-east-1.amazonaws.com"), ("chime", "chime.us-east-1.amazonaws.com"),
    ("cloudfront", "cloudfront.amazonaws.com"), ("health", "global.health.amazonaws.com"), ("iam", "iam.amazonaws.com"),
    ("networkmanager", "networkmanager.us-west-2.amazonaws.com"), ("organizations", "organizations.us-east-1.amazonaws.com"),
    ("route53", "route53.amazonaws.com"), ("savingsplans", "savingsplans.amazonaws.com"),
    ("shield", "shield.us-east-1.amazonaws.com"), ("support", "support.us-east-1.amazonaws.com"),
    ("tax", "tax.us-east-1.amazonaws.com"), ("waf", "waf.amazonaws.com"),
];
#[rustfmt::skip]
const GLOBAL_CHINA: &[(&str, &str)] = &[
    ("account", "account.cn-northwest-1.amazonaws.com.cn"), ("budgets", "budgets.amazonaws.com.cn"),
    ("ce", "ce.cn-northwest-1.amazonaws.com.cn"), ("cloudfront", "cloudfront.cn-northwest-1.amazonaws.com.cn"),
    ("health", "global.health.amazonaws.com.cn"), ("iam", "iam.cn-north-1.amazonaws.com.cn"),
    ("organizations", "organizations.cn-northwest-1.amazonaws.com.cn"), ("route53", "route53.amazonaws.com.cn"),
    ("support", "support.cn-north-1.amazonaws.com.cn"),
];
#[rustfmt::skip]
const GLOBAL_GOVERNMENT: &[(&str, &str)] = &[
    ("iam", "iam.us-gov.amazonaws.com"), ("networkmanager", "networkmanager.us-gov-west-1.amazonaws.com"),
    ("organizations", "organizations.us-gov-west-1.amazonaws.com"), ("route53", "route53.us-gov.amazonaws.com"),
    ("support", "support.us-gov-west-1.amazonaws.com"),
];

/// The domains of the partitions, by the prefix of their regions; the first match counts. Source: as for
/// [`GLOBAL`].
const SUFFIXES: &[(&str, &str)] = &[
    ("cn-", "amazonaws.com.cn"),
    ("us-isob-", "sc2s.sgov.gov"),
    ("us-isof-", "csp.hci.ic.gov"),
    ("us-iso-", "c2s.ic.gov"),
    ("eu-isoe-", "cloud.adc-e.uk"),
    ("eusc-", "amazonaws.eu"),
    ("", "amazonaws.com"),
];

/// The purpose of one port of the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// The variable that points to the port.
    pub variable: String,
    /// The prefix of its service's host, if the signing name does not determine it.
    prefix: Option<&'static str>,
    /// The service of an unsigned request, if the port determines it.
    pub unsigned: Option<&'static str>,
    /// The endpoint for all requests of this port, if the user configured one.
    target: Option<String>,
}

impl Endpoint {
    /// Returns true if the user configured an endpoint for this port.
    pub(crate) fn has_configured_target(&self) -> bool {
        self.target.is_some()
    }
}

/// Returns the ports that a gateway needs. The first is for all services without a port of their own.
pub(crate) fn endpoints(parent: &Environment) -> Vec<Endpoint> {
    let everything = parent.get(AWS_ENDPOINT_URL).map(str::to_owned);
    let endpoint = |variable: &str, target| Endpoint {
        variable: variable.to_owned(),
        prefix: None,
        unsigned: variable.strip_prefix(OF_SERVICE).and_then(|id| find(UNSIGNED, id)),
        target,
    };
    let mut endpoints = vec![endpoint(AWS_ENDPOINT_URL, everything.clone())];
    // If all requests go to one endpoint, the services need no ports of their own.
    if everything.is_none() {
        let told = |(id, prefix): &(&str, &'static str)| Endpoint {
            prefix: Some(prefix),
            ..endpoint(&format!("{OF_SERVICE}{id}"), None)
        };
        endpoints.extend(LANES.iter().map(told));
        endpoints
            .extend(UNSIGNED.iter().map(|(id, _)| endpoint(&format!("{OF_SERVICE}{id}"), None)));
    }
    for (name, _) in parent.iter() {
        let Some(name) = name.to_str().filter(|name| name.starts_with(OF_SERVICE)) else {
            continue;
        };
        let Some(target) = parent.get(name) else { continue };
        endpoints.retain(|endpoint| endpoint.variable != name);
        endpoints.push(endpoint(name, Some(target.to_owned())));
    }
    endpoints
}

/// The kind of endpoint that the user configured.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Variant {
    /// True if `AWS_USE_FIPS_ENDPOINT` is true.
    pub fips: bool,
    /// True if `AWS_USE_DUALSTACK_ENDPOINT` is true.
    pub dual_stack: bool,
}

/// Returns the address to which a request is sent; `path` is the request's path and query, unchanged.
///
/// # Errors
/// The reason, if there is no such address.
pub(crate) fn target(
    endpoint: &Endpoint,
    variant: Variant,
    service: &str,
    region: &str,
    path: &str,
) -> Result<Uri, &'static str> {
    let base = match &endpoint.target {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None => format!("https://{}", host(endpoint.prefix, variant, service, region)?),
    };
    let path = if path.starts_with('/') { path } else { "/" };
    let uri: Uri = format!("{base}{path}").parse().map_err(|_| "the endpoint makes no address")?;
    // Security: the text before an `@` is a login, which must not be sent to another host.
    let plain = uri.authority().is_some_and(|authority| !authority.as_str().contains('@'));
    if plain && uri.scheme().is_some() {
        Ok(uri)
    } else {
        Err("the endpoint is not a plain http or https URL")
    }
}

fn find(table: &[(&'static str, &'static str)], name: &str) -> Option<&'static str> {
    table.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
}

fn host(
    prefix: Option<&'static str>,
    variant: Variant,
    service: &str,
    region: &str,
) -> Result<String, &'static str> {
    // Security: service and region become part of a host name to which the real credentials give access. So
    // unknown names are refused: `compute-1` is not a region and `bucket` is not a service, but
    // `ec2-203-0-113-7.compute-1.amazonaws.com` and `bucket.s3.amazonaws.com` are hosts of other customers.
    if !SIGNING_NAMES.lines().any(|name| name == service) {
        return Err("its signature names no known service");
    }
    if !is_region(region) {
        return Err("its signature names no region");
    }
    let global = match region {
        _ if region.starts_with("cn-") => GLOBAL_CHINA,
        _ if region.starts_with("us-gov-") => GLOBAL_GOVERNMENT,
        _ => GLOBAL,
    };
    if let Some(host) = find(global, service).filter(|_| prefix.is_none()) {
        return Ok(host.to_owned());
    }
    let prefix = prefix.or_else(|| find(PREFIXES, service)).unwrap_or(service);
    let fips = if variant.fips { "-fips" } else { "" };
    let suffix = SUFFIXES
        .iter()
        .find(|(start, _)| region.starts_with(start))
        .map_or("", |(_, suffix)| suffix);
    Ok(match (variant.dual_stack, service) {
        (true, "s3") => format!("s3{fips}.dualstack.{region}.{suffix}"),
        (true, _) if suffix == "amazonaws.com" => format!("{prefix}{fips}.{region}.api.aws"),
        _ => format!("{prefix}{fips}.{region}.{suffix}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(service: &str, region: &str) -> String {
        let endpoints = endpoints(&Environment::default());
        target(&endpoints[0], Variant::default(), service, region, "/a%2Fb?x=1")
            .unwrap()
            .to_string()
    }

    #[test]
    fn a_service_is_at_its_regional_or_its_one_endpoint() {
        for (service, region, url) in [
            ("s3", "eu-west-1", "https://s3.eu-west-1.amazonaws.com/a%2Fb?x=1"),
            ("ecr", "eu-west-1", "https://api.ecr.eu-west-1.amazonaws.com/a%2Fb?x=1"),
            ("iam", "us-east-1", "https://iam.amazonaws.com/a%2Fb?x=1"),
            ("iam", "cn-north-1", "https://iam.cn-north-1.amazonaws.com.cn/a%2Fb?x=1"),
            ("route53", "us-gov-west-1", "https://route53.us-gov.amazonaws.com/a%2Fb?x=1"),
            ("sts", "eusc-de-east-1", "https://sts.eusc-de-east-1.amazonaws.eu/a%2Fb?x=1"),
        ] {
            assert_eq!(to(service, region), url);
        }
    }

    #[test]
    fn services_that_sign_alike_are_told_apart_by_their_port() {
        let endpoints = endpoints(&Environment::default());
        let streams = endpoints
            .iter()
            .find(|endpoint| endpoint.variable == "AWS_ENDPOINT_URL_DYNAMODB_STREAMS")
            .unwrap();
        let url = target(streams, Variant::default(), "dynamodb", "eu-west-1", "/").unwrap();
        assert_eq!(url.host(), Some("streams.dynamodb.eu-west-1.amazonaws.com"));
    }

    #[test]
    fn every_service_of_the_tables_is_known_and_its_host_is_an_aws_host() {
        let endpoints = endpoints(&Environment::default());
        for service in SIGNING_NAMES.lines() {
            for region in ["eu-west-1", "cn-north-1", "us-gov-west-1", "us-isob-east-1"] {
                for variant in [Variant::default(), Variant { fips: true, dual_stack: true }] {
                    let url = target(&endpoints[0], variant, service, region, "/x").unwrap();
                    let host = url.host().unwrap();
                    let mut suffixes =
                        SUFFIXES.iter().map(|(_, suffix)| *suffix).chain(["api.aws"]);
                    assert!(suffixes.any(|suffix| host.ends_with(&format!(".{suffix}"))), "{host}");
                }
            }
        }
        for (name, _) in PREFIXES.iter().chain(GLOBAL).chain(GLOBAL_CHINA).chain(GLOBAL_GOVERNMENT)
        {
            assert!(SIGNING_NAMES.lines().any(|known| known == *name) || *name == "waf", "{name}");
        }
        assert!(UNSIGNED.iter().all(|(_, name)| SIGNING_NAMES.lines().any(|known| known == *name)));
    }

    #[test]
    fn a_port_of_its_own_tells_what_an_unsigned_request_is_for() {
        let all = endpoints(&Environment::default());
        let of = |variable: &str| {
            all.iter().find(|endpoint| endpoint.variable == variable).unwrap().unsigned
        };
        assert_eq!(of("AWS_ENDPOINT_URL"), None);
        assert_eq!(of("AWS_ENDPOINT_URL_S3"), Some("s3"));
        assert_eq!(of("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER"), Some("cognito-idp"));
        let led =
            endpoints(&Environment::from_pairs([("AWS_ENDPOINT_URL_STS", "http://localhost:1")]));
        let sts = led.iter().find(|endpoint| endpoint.variable == "AWS_ENDPOINT_URL_STS").unwrap();
        assert!(sts.unsigned == Some("sts") && sts.has_configured_target());
    }

    #[test]
    fn the_users_own_endpoints_are_where_requests_go() {
        let parent = Environment::from_pairs([
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:1/base/"),
            ("AWS_ENDPOINT_URL_S3", "http://localhost:2"),
        ]);
        let endpoints = endpoints(&parent);
        let url = |endpoint: &Endpoint| {
            target(endpoint, Variant::default(), "s3", "x-y-1", "/k").unwrap().to_string()
        };
        assert_eq!(
            endpoints.iter().map(url).collect::<Vec<_>>(),
            ["http://127.0.0.1:1/base/k", "http://localhost:2/k"]
        );
    }

    #[test]
    fn a_scope_that_makes_another_host_is_refused() {
        let endpoints = endpoints(&Environment::default());
        for (service, region) in [
            ("s3.evil.com/", "eu-west-1"),
            ("s3", "a.evil"),
            ("", "x"),
            ("s3", "@h"),
            ("s3", ""),
            ("ec2-203-0-113-7", "compute-1"),
            ("bucket", "s3"),
            ("bucket", "s3-us-west-2"),
            ("bucket", "s3-website-us-east-1"),
            ("my-balancer-1234567890", "us-east-1"),
            ("S3", "eu-west-1"),
            ("s3\n", "eu-west-1"),
            ("s3", "aws-global"),
            ("s3", "EU-WEST-1"),
        ] {
            for endpoint in &endpoints {
                assert!(
                    target(endpoint, Variant::default(), service, region, "/").is_err(),
                    "{service} {region} {}",
                    endpoint.variable
                );
            }
        }
        let parent = Environment::from_pairs([("AWS_ENDPOINT_URL", "https://user:pass@host")]);
        assert!(target(&super::endpoints(&parent)[0], Variant::default(), "s3", "x", "/").is_err());
    }
}
