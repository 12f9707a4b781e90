//! The reply that denies a request, in the protocol of its service, so that SDKs raise their ordinary error.
//!
//! Source: Smithy 2.0, "AWS protocols", operation error serialization of each protocol; for S3 and EC2 the
//! "Error responses" of their API references.

use audex_sdk::provider::{Reply, SeenRequest};
use aws_api::{Dialect, dialect};
use minicbor::Encoder;
use serde_json::json;

/// The request id of replies that no server of AWS made.
const REQUEST_ID: &str = "AUDEX";
const SNS: &str = "sns";

/// Returns the denial of `request`; `message` is its text for people.
pub fn refuse(request: &SeenRequest, message: &str) -> Reply {
    let dialect = dialect(request);
    let code = match dialect {
        Dialect::Ec2 => "UnauthorizedOperation",
        Dialect::Query if request.service.as_deref() == Some(SNS) => "AuthorizationError",
        Dialect::Query | Dialect::S3 | Dialect::RestXml => "AccessDenied",
        Dialect::Json | Dialect::RestJson | Dialect::Cbor => "AccessDeniedException",
    };
    let text = escaped(message);
    let error = format!("<Code>{code}</Code><Message>{text}</Message>");
    let (status, kind, body) = match dialect {
        Dialect::S3 => {
            let body = format!("<Error>{error}<RequestId>{REQUEST_ID}</RequestId></Error>");
            (403, "application/xml", body.into_bytes())
        }
        Dialect::RestXml | Dialect::Query => {
            let body = format!(
                "<ErrorResponse><Error><Type>Sender</Type>{error}</Error><RequestId>{REQUEST_ID}</RequestId></ErrorResponse>"
            );
            (403, "text/xml", body.into_bytes())
        }
        Dialect::Ec2 => {
            let body = format!(
                "<Response><Errors><Error>{error}</Error></Errors><RequestID>{REQUEST_ID}</RequestID></Response>"
            );
            (403, "text/xml", body.into_bytes())
        }
        Dialect::Json => {
            let body = json!({ "__type": code, "message": message, "Message": message });
            (400, "application/x-amz-json-1.1", body.to_string().into_bytes())
        }
        Dialect::RestJson => {
            let body = json!({ "message": message, "Message": message });
            (403, "application/json", body.to_string().into_bytes())
        }
        Dialect::Cbor => (400, "application/cbor", cbor(code, message)),
    };
    let mut reply = Reply::new(status, kind, body);
    let mut add = |name: &str, value: &str| reply.headers.push((name.to_owned(), value.to_owned()));
    add("x-amzn-requestid", REQUEST_ID);
    match dialect {
        Dialect::RestJson => add("x-amzn-errortype", code),
        Dialect::Cbor => add("smithy-protocol", "rpc-v2-cbor"),
        Dialect::Json | Dialect::Query | Dialect::Ec2 | Dialect::S3 | Dialect::RestXml => {}
    }
    reply
}

fn cbor(code: &str, message: &str) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new());
    let outcome = encoder
        .map(2)
        .and_then(|encoder| encoder.str("__type"))
        .and_then(|encoder| encoder.str(code))
        .and_then(|encoder| encoder.str("message"))
        .and_then(|encoder| encoder.str(message));
    // A vector takes everything that is written to it.
    if outcome.is_ok() { encoder.into_writer() } else { Vec::new() }
}

fn escaped(text: &str) -> String {
    let character = |character: char| match character {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        // XML 1.0 has no such character, not even as a reference.
        control if control.is_control() && !matches!(control, '\n' | '\t') => "?".to_owned(),
        plain => plain.to_string(),
    };
    text.chars().map(character).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(service: &str, headers: &[(&str, &str)], query: &str) -> (u16, String) {
        let reply =
            refuse(&crate::read::tests::request(service, "POST", query, headers, b""), "no <&>");
        (reply.status, String::from_utf8_lossy(&reply.body).into_owned())
    }

    #[test]
    fn each_protocol_has_its_own_shape() {
        let json = [("x-amz-target", "DynamoDB_20120810.GetItem")];
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let cbor = [("smithy-protocol", "rpc-v2-cbor")];
        for (service, headers, path, status, part) in [
            (
                "s3",
                &[][..],
                "/b/k",
                403,
                "<Error><Code>AccessDenied</Code><Message>no &lt;&amp;&gt;</Message>",
            ),
            (
                "ec2",
                &form[..],
                "/",
                403,
                "<Response><Errors><Error><Code>UnauthorizedOperation</Code>",
            ),
            (
                "iam",
                &form[..],
                "/",
                403,
                "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>",
            ),
            ("sns", &form[..], "/", 403, "<Code>AuthorizationError</Code>"),
            ("route53", &[][..], "/2013-04-01/hostedzone", 403, "<ErrorResponse>"),
            ("dynamodb", &json[..], "/", 400, r#""__type":"AccessDeniedException""#),
            ("lambda", &[][..], "/2015-03-31/functions", 403, r#""message":"no <&>""#),
            (
                "monitoring",
                &cbor[..],
                "/service/GraniteServiceVersion20100801/operation/PutMetricData",
                400,
                "AccessDeniedException",
            ),
        ] {
            let (found, body) = of(service, headers, path);
            assert_eq!(found, status, "{service}");
            assert!(body.contains(part), "{service}: {body}");
        }
    }
}
