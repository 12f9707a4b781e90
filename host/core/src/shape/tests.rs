use super::*;

/// Texts that people paste in place of a path or an address.
const SECRETS: [&str; 16] = [
    "{\"type\":\"service_account\",\"private_key\":\"planted\"}",
    "-----BEGIN CERTIFICATE-----\nMIIplanted\n-----END CERTIFICATE-----",
    "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJwbGFudGVkIn0.c2lnbmF0dXJlLXBsYW50ZWQ",
    "hvs.CAESIJ0123456789abcdefplanted",
    "s.Ab12Cd34Ef56Gh78Ij90Kl12",
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEK1Y",
    "/wJalrXUtnFEMIK7MDENG/bPxRfiCYEXAMPLE1Y",
    "AKIAIOSFODNN7EXAMPLE",
    "ghp_0123456789abcdefghijABCDEF",
    "hunter2",
    "correct horse battery staple",
    "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=cGxhbnRlZA==",
    "?sv=2024-01-01&sig=planted%3D",
    "https://user:planted@vault.example.com",
    "https://vault.example.com/?token=planted",
    "PLANTED0123456789planted",
];

#[test]
fn a_secret_has_no_shape_of_a_path_or_an_address() {
    for secret in SECRETS {
        assert!(!is_path(secret), "{secret}");
        assert!(!is_address(secret), "{secret}");
        let shown =
            format!("{0} {0:?} {1}", ConfiguredPath::new("VAR", secret), address("VAR", secret));
        assert!(!shown.contains(secret) && shown.contains("the value of `VAR`"), "{shown}");
    }
}

#[test]
fn a_true_path_is_shown() {
    for path in [
        "/home/user/key.json",
        "/home/Bob/projects2/Keys/audex",
        "/Users/bob1/Library/Application Support/gcloud",
        "/tmp/audex-home-AbC123/key.json",
        "/var/run/secrets/kubernetes.io/serviceaccount/token",
        "/var/lib/kubelet/pods/0f6b2a1c-7c55-4a52-9d2e-3a9c1f0e4b77/volumes/token",
        "/nix/store/0c5n1x2m3k4j5h6g7f8d9s0a1q2w3e4r-cacert/etc/ssl/ca-bundle.crt",
        "./key.json",
        "../keys/account",
        "~/keys/account",
        "key.json",
        "certs/ca-bundle.pem",
        "/größe/鍵",
        "/nowhere/ca.pem",
        "/",
    ] {
        assert_eq!(ConfiguredPath::new("VAR", path).to_string(), format!("`{path}`"));
    }
}

#[test]
fn an_address_without_a_secret_is_shown() {
    for text in [
        "https://vault.example.com:8200",
        "http://127.0.0.1:8200/",
        "http://[::1]:8200",
        "https://10.0.0.7/v1",
        "vault.example.com",
        "vault:8200",
        "localhost",
        "http://vault",
        "ftp://sts.example.com",
        "https://vpce-0a1b2c3d4e5f-abcdefgh.sts.eu-west-1.vpce.amazonaws.com",
    ] {
        assert_eq!(address("VAR", text), format!("`{text}`"));
    }
    for text in [
        "vault",
        "token.word",
        "https://",
        "https://x y",
        "https://x:y",
        "javascript://x",
        "a@b.c.d",
        "",
    ] {
        assert!(!is_address(text), "{text}");
    }
}

#[test]
fn a_plain_name_is_one_and_a_token_is_not() {
    for text in [
        "eu-central-1",
        "arn:aws:iam::1:role/R",
        "a@p.iam.gserviceaccount.com",
        "my-project_1",
        "équipe",
    ] {
        assert!(is_name(text), "{text}");
    }
    for text in SECRETS.into_iter().filter(|text| !text.starts_with("hunter")) {
        assert!(!is_name(text), "{text}");
    }
}
