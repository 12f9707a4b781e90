//! Attacks by requests, and by the replies to them.

use super::{Case, asking, case};

/// Nothing leaves the machine: each ends before a connection is made.
pub(in crate::cases) const HTTP: &[Case] = &[
    case("mint-http-elsewhere", 77, &["`evil.example.org` was not granted to this component"]),
    case(
        "mint-http-plain",
        77,
        &["only `https://api.example.com/…` without user and port can be reached"],
    ),
    case("mint-http-port", 77, &["without user and port can be reached"]),
    case("mint-http-user", 77, &["without user and port can be reached"]),
    case("mint-http-address", 77, &["`169.254.169.254` was not granted to this component"]),
    case(
        "mint-http-header",
        70,
        &["failed in phase call: it set the header `host`, which is the host's to set"],
    ),
    case(
        "mint-http-key-header",
        70,
        &["failed in phase call: it set the header `host`, which is the host's to set"],
    ),
    case("mint-http-smuggle", 70, &["failed in phase call: it set a malformed header"]),
    case("mint-http-many-headers", 70, &["failed in phase call: it set more than 64 headers"]),
    case("mint-http-lift", 78, &["no more than 16 values can be lifted from a reply"]),
    case(
        "mint-http-sign",
        77,
        &["requests to `api.example.com` for `sts` are not signed for components"],
    ),
    case(
        "mint-http-slot",
        70,
        &["failed in phase call: it used `secret:OTHER_SOURCE`, which was not granted to it"],
    ),
    asking(
        "mint-http-session",
        70,
        &["it tried to send a secret to `api.example.com`, which that secret does not belong to"],
        &["sts:AssumeRole"],
    ),
    asking(
        "mint-http-session-header",
        70,
        &["it tried to send a secret to `api.example.com`"],
        &["sts:AssumeRole"],
    ),
];

/// What is said of a server that quotes.
const ECHO: &str = "the reply of `api.example.com` repeats a secret that was sent to it";

/// A server answers, and nothing comes of it. `mint-http-redirect` is sent to the metadata address and stays where it is.
pub(in crate::cases) const REPLIES: &[Case] = &[
    case("mint-http-redirect", 0, &[]),
    case("mint-http-echo", 69, &[ECHO]),
    case("mint-http-echo-json", 69, &[ECHO]),
    case("mint-http-echo-form", 69, &[ECHO]),
    case("mint-http-echo-base64", 69, &[ECHO]),
    case("mint-http-echo-frame", 69, &[ECHO]),
    case("mint-http-echo-layers", 69, &[ECHO]),
    case(
        "mint-http-echo-gzip",
        69,
        &["the reply of `api.example.com` is compressed or a part, and a secret was sent"],
    ),
    case("mint-http-echo-lift", 69, &[ECHO]),
    case("mint-http-echo-same", 70, &["it handed out a source credential"]),
    case(
        "mint-http-echo-key",
        70,
        &["it tried to sign with a secret that it put together, or that is not a key"],
    ),
];
