//! Tests of `GetScopedCredentials` against canned answers: the requests, and the handling of refusals.

use super::*;

fn described(text: &str) -> ScopedCredentials {
    ScopedCredentials { description: Some(text.to_owned()), ..scoped() }
}

#[test]
fn the_description_is_sent_within_its_alphabet_and_length() {
    run(async {
        for (text, sent) in [
            ("audex session=a agent=b", Some("audex%20session%3Da%20agent%3Db")),
            ("caf\u{e9}\n\u{65e5}", Some("caf%C3%A9%20%3F")),
            ("x", None),
        ] {
            let (aws, double) = double(vec![wrapped("GetScopedCredentials", SESSION)]).await;
            aws.scoped_credentials(&keys(), &described(text)).await.unwrap();
            let body = double.asked()[0].body.clone();
            let found = body.split_once("&ScopedSessionDescription=").map(|(_, found)| found);
            assert_eq!(found, sent, "{body}");
        }
    });
}

#[test]
fn no_part_of_the_callers_keys_is_in_the_description() {
    run(async {
        // If the text were cut first, the token would lose its end and would not be recognised.
        for filler in [0, 230, 240, 250] {
            let text = format!("{}{PLANTED_TOKEN} {PLANTED}", "x".repeat(filler));
            let (aws, double) = double(vec![wrapped("GetScopedCredentials", SESSION)]).await;
            aws.scoped_credentials(&keys(), &described(&text)).await.unwrap();
            assert!(!double.asked()[0].body.contains("Planted"), "{}", double.asked()[0].body);
        }
    });
}

#[test]
fn a_session_that_ends_before_the_asked_duration_gives_its_own_end() {
    let refused = fault(400, "InsufficientSessionLifetime", "12 s are left");
    run(async {
        let (aws, asked) =
            double(vec![refused.clone(), wrapped("GetScopedCredentials", SESSION)]).await;
        let session = aws.scoped_credentials(&keys(), &described("why")).await.unwrap();
        assert_eq!(session.expires_at, 1_795_341_600);
        let bodies: Vec<_> = asked.asked().into_iter().map(|asked| asked.body).collect();
        assert!(
            bodies[0].contains("DurationSeconds=30") && !bodies[1].contains("DurationSeconds"),
            "{bodies:?}"
        );
        assert_eq!(bodies[0].replace("&DurationSeconds=30", ""), bodies[1]);

        // STS also rejects the request without a duration, so there is no session, and the error has a hint.
        let (aws, asked) = double(vec![refused]).await;
        let error = aws.scoped_credentials(&keys(), &scoped()).await.unwrap_err();
        assert_eq!((error.code(), asked.asked().len()), ("invalid-request", 2));
        assert!(error.to_string().contains("InsufficientSessionLifetime"), "{error}");
        assert!(error.hint().unwrap().contains("shorter --ttl"), "{:?}", error.hint());
    });
}

#[test]
fn keys_that_are_no_session_are_rejected_with_a_hint() {
    run(async {
        let (aws, double) =
            double(vec![fault(400, "InvalidSubjectCredentials", "no session")]).await;
        let error = aws.scoped_credentials(&keys(), &scoped()).await.unwrap_err();
        assert_eq!((error.code(), double.asked().len()), ("source-rejected", 1));
        assert!(error.hint().unwrap().contains("credentials of a session"), "{:?}", error.hint());
    });
}
