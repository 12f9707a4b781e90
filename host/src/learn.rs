//! What a command really calls, and the least it needs.

pub mod csm;
mod recommend;

pub use recommend::{Learned, Used, recommend};
