//! The requests of components that are signed with the user's AWS source credentials.
//!
//! Security: a service that hands out credentials (STS, SSO, Cognito) would send them to the guest in plain
//! text, past every check of the `sts` import, and a foreign service would receive the session token. So the
//! hosts are listed here, and for IAM only reads of roles and policies are signed, recognised by the action
//! in the body.

use reqwest::{Method, Request};

use crate::host_template::host_matches;

/// The hosts of the account's log of calls; the first label is the service.
const LOGS: [&str; 2] =
    ["cloudtrail.{region}.amazonaws.com", "cloudtrail.{region}.amazonaws.com.cn"];
/// The hosts of IAM in its partitions. Source: AWS General Reference, "AWS Identity and Access Management
/// endpoints and quotas".
const IAM: [&str; 3] =
    ["iam.amazonaws.com", "iam.us-gov.amazonaws.com", "iam.cn-north-1.amazonaws.com.cn"];
/// The permitted IAM actions, all of them reads that return no credentials. Source: IAM API Reference.
const READS: [&str; 6] = [
    "GetRole",
    "ListRolePolicies",
    "GetRolePolicy",
    "ListAttachedRolePolicies",
    "GetPolicy",
    "GetPolicyVersion",
];

/// Returns `true` if `request` to `host` (as the component named it) may be signed for `service`.
pub(super) fn may_sign(
    request: &Request,
    body: &[u8],
    host: &str,
    service: &str,
    is_built_in: bool,
) -> bool {
    let is_log = service == "cloudtrail" && is_log(host);
    let is_iam = service == "iam" && IAM.contains(&host);
    is_log || (is_iam && is_built_in && is_read(request, body))
}

/// Returns `true` if `host` is the host of CloudTrail in some region.
pub(super) fn is_log(host: &str) -> bool {
    LOGS.iter().any(|template| host_matches(template, host))
}

/// Returns `true` for a form whose only `Action` is a read, without a query or a header that could name
/// another action.
fn is_read(request: &Request, body: &[u8]) -> bool {
    let form = request
        .headers()
        .get("content-type")
        .is_some_and(|kind| kind == "application/x-www-form-urlencoded");
    let Ok(body) = std::str::from_utf8(body) else { return false };
    let mut actions = body.split('&').filter(|pair| {
        let name = pair.split('=').next().unwrap_or_default();
        name.contains('%') || name.eq_ignore_ascii_case("action")
    });
    let only = (actions.next(), actions.next());
    let named = matches!(only, (Some(pair), None) if pair.strip_prefix("Action=").is_some_and(|action| READS.contains(&action)));
    let plain = request.url().query().is_none() && !request.headers().contains_key("x-amz-target");
    form && named && plain && request.method() == Method::POST
}

#[cfg(test)]
mod tests {
    use super::*;

    fn may(host: &str, service: &str, url: &str, body: &str) -> bool {
        let mut request = Request::new(Method::POST, url.parse().unwrap());
        let kind = "application/x-www-form-urlencoded".parse().unwrap();
        request.headers_mut().insert("content-type", kind);
        may_sign(&request, body.as_bytes(), host, service, true)
    }

    const ROOT: &str = "https://iam.amazonaws.com/";

    #[test]
    fn reads_of_roles_and_the_log_are_signed() {
        assert!(may(
            "iam.amazonaws.com",
            "iam",
            ROOT,
            "Action=GetRole&Version=2010-05-08&RoleName=x"
        ));
        assert!(may("cloudtrail.eu-west-1.amazonaws.com", "cloudtrail", ROOT, "{}"));
    }

    #[test]
    fn nothing_else_of_iam_is_signed_however_it_is_spelt() {
        for body in [
            "Action=CreateAccessKey&UserName=x",
            "Action=GetRole&Action=CreateAccessKey",
            "Action=GetRole&action=CreateAccessKey",
            "Action=GetRole&%41ction=CreateAccessKey",
            "%41ction=GetRole",
            "Version=2010-05-08",
            "Action=GetRole2",
            "",
        ] {
            assert!(!may("iam.amazonaws.com", "iam", ROOT, body), "{body}");
        }
        let read = "Action=GetRole&RoleName=x";
        assert!(!may(
            "iam.amazonaws.com",
            "iam",
            "https://iam.amazonaws.com/?Action=DeleteRole",
            read
        ));
        assert!(!may("sts.eu-west-1.amazonaws.com", "sts", ROOT, read));
        assert!(!may("iam.amazonaws.com", "sts", ROOT, read));
        assert!(!may("iam.evil.amazonaws.com", "iam", ROOT, read));
        let mut get = Request::new(Method::GET, ROOT.parse().unwrap());
        assert!(!may_sign(&get, read.as_bytes(), "iam.amazonaws.com", "iam", true));
        *get.method_mut() = Method::POST;
        get.headers_mut()
            .insert("content-type", "application/x-www-form-urlencoded".parse().unwrap());
        assert!(may_sign(&get, read.as_bytes(), "iam.amazonaws.com", "iam", true));
        assert!(
            !may_sign(&get, read.as_bytes(), "iam.amazonaws.com", "iam", false),
            "installed components"
        );
    }
}
