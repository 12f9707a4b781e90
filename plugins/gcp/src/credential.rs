//! The permissions whose methods reply with credentials, or with addresses that are signed with some.
//!
//! Reading the value of a secret (`secretmanager.versions.access`) is reading data: only its owner knows what is
//! in it. The profile `gcp-readonly` leaves it out.

/// Permissions and the methods that reply so. Source: the `response` schemas of the discovery documents; the
/// reference page of each method.
const YIELDING: [(&str, &str); 12] = [
    ("iam.serviceAccounts.getAccessToken", "IAM Credentials API, generateAccessToken"),
    ("iam.serviceAccounts.getOpenIdToken", "IAM Credentials API, generateIdToken"),
    (
        "iam.serviceAccounts.signBlob",
        "IAM Credentials API, signBlob: it signs addresses and tokens",
    ),
    ("iam.serviceAccounts.signJwt", "IAM Credentials API, signJwt"),
    ("iam.serviceAccountKeys.create", "IAM API, ServiceAccountKey.privateKeyData"),
    ("iam.credentials.create", "IAM API, OauthClientCredential.clientSecret"),
    ("iam.credentials.get", "IAM API, OauthClientCredential.clientSecret"),
    ("iam.credentials.list", "IAM API, OauthClientCredential.clientSecret"),
    ("iam.tokens.create", "IAM API, WorkforcePoolProviderScimToken.securityToken"),
    ("storage.hmacKeys.create", "Cloud Storage JSON API, HmacKey.secret"),
    ("apikeys.keys.getKeyString", "API Keys API, GetKeyStringResponse.keyString"),
    ("redis.instances.getAuthString", "Memorystore API, InstanceAuthString.authString"),
];

/// Returns true if a method of this permission replies with credentials.
pub fn yields(permission: &str) -> bool {
    YIELDING.iter().any(|(known, _)| *known == permission)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_permission_of_the_table_is_in_the_catalogue() {
        for (permission, source) in YIELDING {
            assert!(gcp_catalogue::has(permission) && !source.is_empty(), "{permission}");
        }
        assert!(!yields("secretmanager.versions.access") && !yields("storage.objects.get"));
    }
}
