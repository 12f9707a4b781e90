//! The answers of STS in this module's tests.

use http_double::Answer;

pub(super) fn ok(body: &str) -> Answer {
    Answer::new("200 OK", body).header("x-amzn-requestid", "req-7")
}

pub(super) fn fault(status: u16, code: &str, message: &str) -> Answer {
    let body = format!(
        "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
         <Code>{code}</Code><Message>{message}</Message></Error><RequestId>req-7</RequestId></ErrorResponse>"
    );
    Answer::new(&format!("{status} X"), body).header("x-amzn-requestid", "req-7")
}
