//! The delivery `gateway`: the command's keys open this session's gateway and nothing else.

use super::delivery::{Handover, Scene};
use crate::failure::Failure;

/// Starts the gateway, and returns the keys and the settings that lead the command to it.
///
/// # Errors
/// Always, in this build.
pub(super) fn hand_over(_scene: &Scene<'_>) -> Result<Handover, Failure> {
    let message = "the delivery `gateway` is not yet in this build";
    Err(Failure::usage(message, "take `--deliver endpoint`").at("deliver"))
}
