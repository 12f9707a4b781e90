//! Every reason for which a request has no claim.

use http::HeaderValue;

use super::*;

const DIGEST: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const CREDENTIAL: &str = "AKIDEXAMPLE/20261122/eu-west-1/sts/aws4_request";

fn authorization(credential: &str, signed: &str, signature: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={signed}, Signature={signature}"
    )
}

/// Returns the headers of a well-formed request.
fn headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    let good = authorization(CREDENTIAL, "host;x-amz-date", DIGEST);
    headers.insert("host", HeaderValue::from_static("sts.example"));
    headers.insert("x-amz-date", HeaderValue::from_static("20261122T093000Z"));
    headers.insert("authorization", good.parse().unwrap());
    headers
}

fn with(name: &'static str, value: &str) -> HeaderMap {
    let mut headers = headers();
    headers.insert(name, value.parse().unwrap());
    headers
}

fn of(uri: &str, headers: &HeaderMap) -> Result<Claim, Rejected> {
    Claim::of(&uri.parse().unwrap(), headers)
}

fn rejected(headers: &HeaderMap) -> Rejected {
    of("/", headers).unwrap_err()
}

#[test]
fn a_claim_is_read_from_the_headers() {
    let mut headers = with(
        "authorization",
        &authorization(CREDENTIAL, "host;x-amz-date;x-amz-security-token", DIGEST),
    );
    headers.insert("x-amz-security-token", HeaderValue::from_static("planted"));
    let claim = of("/", &headers).unwrap();
    assert_eq!(claim.access_key_id, "AKIDEXAMPLE");
    assert_eq!((claim.service.as_str(), claim.region.as_str()), ("sts", "eu-west-1"));
    assert_eq!(claim.signature, DIGEST);
    assert_eq!(claim.signed_headers, ["host", "x-amz-date", "x-amz-security-token"]);
    assert_eq!(claim.token.as_ref().map(Secret::expose), Some("planted"));
    assert_eq!(claim.seconds(), 1_795_339_800);
    assert!(claim.is_near(1_795_339_800 + 900) && claim.is_near(1_795_339_800 - 900));
    assert!(!claim.is_near(1_795_339_800 + 901) && !claim.is_near(1_795_339_800 - 901));
    assert!(!format!("{claim:?}").contains("planted"), "the token is a secret");
}

#[test]
fn a_field_that_is_missing_doubled_or_unknown_is_malformed() {
    let good = authorization(CREDENTIAL, "host;x-amz-date", DIGEST);
    let fields = good.trim_start_matches("AWS4-HMAC-SHA256 ");
    for bad in [
        String::new(),
        "AWS4-HMAC-SHA256".to_owned(),
        format!("AWS4-HMAC-SHA256{fields}"),
        format!("aws4-hmac-sha256 {fields}"),
        format!("Bearer {fields}"),
        format!("{good}, Signature={DIGEST}"),
        format!("{good}, Credential={CREDENTIAL}"),
        format!("{good}, SignedHeaders=host"),
        format!("{good}, Other=x"),
        format!("{good},"),
        good.replace(&format!(", Signature={DIGEST}"), ""),
        good.replace("SignedHeaders=host;x-amz-date, ", ""),
        good.replace(&format!("Credential={CREDENTIAL}, "), ""),
    ] {
        assert_eq!(rejected(&with("authorization", &bad)), Rejected::Malformed, "{bad}");
    }
}

#[test]
fn a_scope_that_is_not_of_five_parts_and_of_the_date_is_malformed() {
    for bad in [
        "AKIDEXAMPLE",
        "AKIDEXAMPLE/20261122/eu-west-1/sts",
        "AKIDEXAMPLE/20261122/eu-west-1/sts/aws4_request/x",
        "AKIDEXAMPLE/20261122/eu-west-1/sts/aws4",
        "/20261122/eu-west-1/sts/aws4_request",
        "AKIDEXAMPLE/20261122//sts/aws4_request",
        "AKIDEXAMPLE/20261122/eu-west-1//aws4_request",
        "AKIDEXAMPLE/20261121/eu-west-1/sts/aws4_request",
        "AKIDEXAMPLE/2026/eu-west-1/sts/aws4_request",
        "AKIDEXAMPLE//eu-west-1/sts/aws4_request",
    ] {
        let headers = with("authorization", &authorization(bad, "host;x-amz-date", DIGEST));
        assert_eq!(rejected(&headers), Rejected::Malformed, "{bad}");
    }
}

#[test]
fn a_signature_that_is_not_a_digest_is_malformed() {
    for bad in ["", "00", &DIGEST[1..], &format!("{DIGEST}0"), &DIGEST.to_uppercase()] {
        let headers = with("authorization", &authorization(CREDENTIAL, "host;x-amz-date", bad));
        assert_eq!(rejected(&headers), Rejected::Malformed, "{bad}");
    }
}

#[test]
fn a_time_in_another_form_is_malformed() {
    for bad in [
        "",
        "20261122",
        "20261122T0930Z",
        "20261122T093000",
        "20261122t093000Z",
        "20261122T096000Z",
        "20261122T093000Zx",
        "Sun, 22 Nov 2026 09:30:00 GMT",
    ] {
        assert_eq!(rejected(&with("x-amz-date", bad)), Rejected::Malformed, "{bad}");
    }
    let mut without = headers();
    without.remove("x-amz-date");
    assert_eq!(rejected(&without), Rejected::Malformed);
}

#[test]
fn signed_headers_that_are_not_sorted_lower_case_and_single_are_malformed() {
    for bad in ["x-amz-date;host", "Host;x-amz-date", "host;host;x-amz-date"] {
        let headers = with("authorization", &authorization(CREDENTIAL, bad, DIGEST));
        assert_eq!(rejected(&headers), Rejected::Malformed, "{bad}");
    }
}

#[test]
fn a_required_header_that_is_unsigned_or_missing_is_uncovered() {
    for bad in ["", "host", "x-amz-date", "date;host;x-amz-date", "host;x-amz-date;x-amz-meta-a"] {
        let headers = with("authorization", &authorization(CREDENTIAL, bad, DIGEST));
        assert_eq!(rejected(&headers), Rejected::Uncovered, "{bad}");
    }
    assert_eq!(rejected(&with("x-amz-security-token", "added")), Rejected::Uncovered);
    assert_eq!(rejected(&with("x-amz-meta-a", "added")), Rejected::Uncovered);
    assert!(of("/", &with("accept", "added")).is_ok(), "other headers need no signature");
    let mut without = headers();
    without.remove("host");
    assert_eq!(rejected(&without), Rejected::Uncovered);
}

#[test]
fn a_header_of_the_signature_that_comes_twice_is_malformed() {
    let signed = "host;x-amz-content-sha256;x-amz-date;x-amz-security-token";
    let mut good = with("authorization", &authorization(CREDENTIAL, signed, DIGEST));
    good.insert("x-amz-content-sha256", HeaderValue::from_static(DIGEST));
    good.insert("x-amz-security-token", HeaderValue::from_static("token"));
    assert!(of("/", &good).is_ok());
    for name in SINGLE {
        let mut double = good.clone();
        double.append(name, good[name].clone());
        assert_eq!(rejected(&double), Rejected::Malformed, "{name}");
    }
}

#[test]
fn signatures_of_other_kinds_are_told_apart() {
    let of_header = |text: &str| rejected(&with("authorization", text));
    assert_eq!(of_header("AWS4-ECDSA-P256-SHA256 Credential=x"), Rejected::SignedForRegions);
    assert_eq!(of_header("AWS AKIDEXAMPLE:x="), Rejected::OldSignature);
    let mut without = headers();
    without.remove("authorization");
    assert_eq!(rejected(&without), Rejected::Unsigned);
    for (query, reason) in [
        ("AWSAccessKeyId=x&SignatureVersion=2&Signature=y", Rejected::OldSignature),
        ("AWSAccessKeyId=x&Signature%56ersion=2", Rejected::OldSignature),
        ("AWSAccessKeyId=x&Signature=y&Expires=1", Rejected::Presigned),
        ("AWSAccessKeyId=x&%53ignature=y&Expires=1", Rejected::Presigned),
        ("Signature=y", Rejected::Unsigned),
        ("a=b", Rejected::Unsigned),
    ] {
        assert_eq!(Rejected::of_parameters(query), reason, "{query}");
    }
}

/// Returns the URL of a presigned request, with one part replaced.
fn presigned(part: &str, other: &str) -> String {
    let credential = CREDENTIAL.replace('/', "%2F");
    format!(
        "/b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={credential}&X-Amz-Date=20261122T093000Z\
         &X-Amz-Expires=60&X-Amz-Security-Token=tok%2Ben&X-Amz-SignedHeaders=host&X-Amz-Signature={DIGEST}"
    )
    .replace(part, other)
}

fn host() -> HeaderMap {
    HeaderMap::from_iter([(http::header::HOST, HeaderValue::from_static("b.example"))])
}

#[test]
fn a_claim_is_read_from_a_presigned_url() {
    let claim = of(&presigned("", ""), &host()).unwrap();
    assert_eq!(claim.access_key_id, "AKIDEXAMPLE");
    assert_eq!((claim.service.as_str(), claim.region.as_str()), ("sts", "eu-west-1"));
    assert_eq!(claim.token.as_ref().map(Secret::expose), Some("tok+en"));
    assert_eq!(claim.signed_headers, ["host"]);
}

#[test]
fn a_presigned_url_has_no_claim_in_its_headers_however_it_is_written() {
    for name in ["X-Amz-Signature", "x-amz-signature", "X-Amz-%53ignature"] {
        let uri = presigned("X-Amz-Signature", name).parse().unwrap();
        for headers in [host(), headers()] {
            let claim = Claim::in_header(&uri, &headers);
            assert_eq!(claim.unwrap_err(), Rejected::Presigned, "{name}");
        }
    }
}

#[test]
fn a_presigned_url_with_a_missing_doubled_or_wrong_part_is_malformed() {
    let good = presigned("", "");
    let (_, query) = good.split_once('?').unwrap();
    for pair in query.split('&') {
        let name = pair.split('=').next().unwrap();
        assert_eq!(
            of(&format!("{good}&{pair}"), &host()).unwrap_err(),
            Rejected::Malformed,
            "{name}"
        );
        let upper = name.to_uppercase();
        assert_eq!(
            of(&format!("{good}&{upper}=x"), &host()).unwrap_err(),
            Rejected::Malformed,
            "{upper}"
        );
        if !matches!(name, "X-Amz-Security-Token" | "X-Amz-Signature") {
            let without = good.replace(pair, "a=b");
            assert_eq!(of(&without, &host()).unwrap_err(), Rejected::Malformed, "{name}");
        }
    }
    for (part, other) in [
        ("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1"),
        ("Expires=60", "Expires=0"),
        ("Expires=60", "Expires=604801"),
        ("Expires=60", "Expires=x"),
        ("20261122T", "20261121T"),
        ("SignedHeaders=host", "SignedHeaders=Host"),
        (DIGEST, "00"),
    ] {
        let reason = of(&presigned(part, other), &host()).unwrap_err();
        assert_eq!(reason, Rejected::Malformed, "{other}");
    }
    let regions = presigned("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256");
    assert_eq!(of(&regions, &host()).unwrap_err(), Rejected::SignedForRegions);
}

#[test]
fn a_presigned_url_with_a_second_signature_or_an_uncovered_header_is_rejected() {
    assert_eq!(of(&presigned("", ""), &headers()).unwrap_err(), Rejected::Malformed);
    let without_host = presigned("SignedHeaders=host", "SignedHeaders=date");
    assert_eq!(of(&without_host, &host()).unwrap_err(), Rejected::Uncovered);
    let mut added = host();
    added.insert("x-amz-acl", HeaderValue::from_static("public-read"));
    assert_eq!(of(&presigned("", ""), &added).unwrap_err(), Rejected::Uncovered);
}
