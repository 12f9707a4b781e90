//! Asks a person by elicitation: in the protocol of 2025 with a request to the client, since 2026-07-28 with a result that the
//! client answers by repeating its call.
//!
//! Source: Model Context Protocol, "Elicitation", revisions 2025-06-18 and 2026-07-28 (`InputRequiredResult`).

use std::collections::BTreeMap;

use rmcp::RoleServer;
use rmcp::model::{
    ClientResult, ElicitRequest, ElicitRequestParams, ElicitResult, ElicitationAction,
    ElicitationSchema, InputRequest, InputRequiredResult, InputResponses, ProtocolVersion,
    ServerRequest,
};
use rmcp::service::{PeerRequestOptions, RequestContext};

use super::approval::PATIENCE;

/// The field of the answer, and the key of the question.
const APPROVE: &str = "approve";

/// The answer of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Yes,
    No,
}

/// Returns true if the client can show a form to a person.
pub(super) fn is_possible(context: &RequestContext<RoleServer>) -> bool {
    let elicitation = context.client_capabilities().and_then(|all| all.elicitation);
    // A client that names no mode has forms (revision 2025-11-25).
    elicitation.is_some_and(|modes| modes.form.is_some() || modes.url.is_none())
}

/// Returns true if the client repeats its call with the answer.
pub(super) fn is_repeated(context: &RequestContext<RoleServer>) -> bool {
    let version = context.protocol_version();
    version.is_some_and(|version| version.as_str() >= ProtocolVersion::V_2026_07_28.as_str())
}

/// Asks the client, and waits for the answer. Returns `None` if there is none.
pub(super) async fn ask(context: &RequestContext<RoleServer>, question: &str) -> Option<Answer> {
    let request = ServerRequest::ElicitRequest(form(question)?);
    let options = PeerRequestOptions::with_timeout(PATIENCE);
    let sent = context.peer.send_request_with_option(request, options).await.ok()?;
    let answer = context.ct.run_until_cancelled(sent.await_response()).await?.ok()?;
    match answer {
        ClientResult::ElicitResult(result) => Some(read(&result)),
        _ => None,
    }
}

/// Returns the result that asks the client to repeat its call with the answer.
pub(super) fn required(question: &str, handle: String) -> Option<InputRequiredResult> {
    let request = InputRequest::Elicitation(form(question)?);
    Some(InputRequiredResult::new(
        Some(BTreeMap::from([(APPROVE.to_owned(), request)])),
        Some(handle),
    ))
}

/// Returns the answer in a repeated call.
pub(super) fn repeated(responses: &InputResponses) -> Option<Answer> {
    let result = serde_json::from_value(responses.get(APPROVE)?.clone()).ok()?;
    Some(read(&result))
}

/// Only a form that was accepted with the box ticked is a yes.
fn read(result: &ElicitResult) -> Answer {
    let ticked = result.content.as_ref().and_then(|content| content.get(APPROVE)?.as_bool());
    match (&result.action, ticked) {
        (ElicitationAction::Accept, Some(true)) => Answer::Yes,
        _ => Answer::No,
    }
}

fn form(question: &str) -> Option<ElicitRequest> {
    let schema = ElicitationSchema::builder().required_bool(APPROVE).build().ok()?;
    Some(ElicitRequest::new(ElicitRequestParams::FormElicitationParams {
        meta: None,
        message: question.to_owned(),
        requested_schema: schema,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn only_an_accepted_form_with_a_ticked_box_is_a_yes() {
        let of = |answer: Value| repeated(&BTreeMap::from([(APPROVE.to_owned(), answer)]));
        assert_eq!(
            of(json!({ "action": "accept", "content": { "approve": true } })),
            Some(Answer::Yes)
        );
        for no in [
            json!({ "action": "accept", "content": { "approve": false } }),
            json!({ "action": "accept", "content": { "approve": "true" } }),
            json!({ "action": "accept", "content": {} }),
            json!({ "action": "accept" }),
            json!({ "action": "decline", "content": { "approve": true } }),
            json!({ "action": "cancel" }),
        ] {
            assert_eq!(of(no.clone()), Some(Answer::No), "{no}");
        }
        assert_eq!(of(json!("yes")), None);
        assert_eq!(repeated(&BTreeMap::new()), None);
    }
}
