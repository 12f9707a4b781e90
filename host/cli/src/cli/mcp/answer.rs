//! Results and errors of tools.

use std::fmt::Write as _;

use rmcp::model::{CallToolResult, ContentBlock};
use serde_json::Value;

use super::program::safe;
use crate::failure::Failure;

/// The hint for a failure that has none.
const NO_HINT: &str = "ask the user to run the command in a shell, which says more";

/// Returns a result. The same JSON is there as text, for clients that do not read structured content.
pub(super) fn result(value: Value) -> CallToolResult {
    CallToolResult::structured(value)
}

/// Returns an error as text: what failed, why, and what to do.
///
/// A failed tool has no structured content, because that would have to fit the tool's schema.
pub(super) fn error(failure: &Failure) -> CallToolResult {
    let mut text = format!("error: {}", failure.message());
    for cause in failure.causes() {
        let _ = write!(text, "\n  Caused by: {cause}");
    }
    let hint = failure.hint.as_deref().unwrap_or(NO_HINT);
    let _ = write!(text, "\nhint: {hint}");
    CallToolResult::error(vec![ContentBlock::text(safe(&text))])
}
