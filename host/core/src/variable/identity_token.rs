//! Identity tokens of build systems and workloads. A cloud's federation turns such a token into credentials.
//!
//! This table finds them by variable name. A token under another name is found by its shape (`deliver/shape.rs` in `host/child`).

use super::family::matches;

/// Names of variables that hold an identity token or lead to one; `*` stands for any text.
const NAMES: &[&str] = &[
    // By the usual names: GitLab's `id_tokens`, CircleCI, Bitbucket, Buildkite, Semaphore, Spacelift, Vercel, Jenkins'
    // plugin `oidc-provider`, Azure Pipelines' `idToken`, sigstore's clients.
    "*OIDC*",
    "*ID_TOKEN*",
    "*IDTOKEN*",
    "*WORKLOAD_IDENTITY*",
    "*WEB_IDENTITY*",
    // GitHub Actions: the token for the job's own services. `*ID_TOKEN*` covers the endpoint that issues identity tokens.
    "ACTIONS_RUNTIME_TOKEN",
    // Azure Pipelines: `AzurePipelinesCredential` requests an identity token with this one.
    "SYSTEM_ACCESSTOKEN",
    // GitLab before `id_tokens`, and Buildkite's agent, which mints such tokens for its job.
    "CI_JOB_JWT*",
    "BUILDKITE_AGENT_ACCESS_TOKEN",
    // SPIFFE Workload Endpoint, section 4: any process that reaches the socket receives the workload's identity.
    "SPIFFE_*",
    "SPIRE_AGENT_SOCKET*",
];

/// Returns true if a variable of this name holds an identity token or leads to one.
#[must_use]
pub fn is_named(name: &str) -> bool {
    NAMES.iter().any(|pattern| matches(pattern, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identity_tokens_are_known_by_name_in_any_case() {
        for name in [
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
            "ACTIONS_ID_TOKEN_REQUEST_URL",
            "ACTIONS_RUNTIME_TOKEN",
            "GITLAB_OIDC_TOKEN",
            "ID_TOKEN",
            "GCP_ID_TOKEN_1",
            "SIGSTORE_ID_TOKEN",
            "SYSTEM_OIDCREQUESTURI",
            "System_OidcRequestUri",
            "idToken",
            "CI_JOB_JWT_V2",
            "BITBUCKET_STEP_OIDC_TOKEN",
            "CIRCLE_OIDC_TOKEN_V2",
            "VERCEL_OIDC_TOKEN",
            "TFC_WORKLOAD_IDENTITY_TOKEN_GCP",
            "SPIFFE_ENDPOINT_SOCKET",
        ] {
            assert!(is_named(name), "{name}");
        }
        for name in
            ["GITHUB_TOKEN", "GITHUB_RUN_ID", "CI_JOB_ID", "PATH", "TOKEN", "BUILDKITE_JOB_ID"]
        {
            assert!(!is_named(name), "{name}");
        }
    }
}
