//! What a command really calls, and the least it needs.

pub mod csm;
pub mod log;
mod recommend;

pub use recommend::{Learned, Used, recommend};
