//! Turns a sentence into permissions without calling a service, by a small grammar and tables of verbs,
//! services and things.
//!
//! The same sentence always gives the same answer. A sentence that is not understood becomes a question
//! ([`Trouble`]), never a broad guess: a negation grants nothing, the object of the verb decides, a named
//! service excludes others, and a named thing is the only thing. The host also applies [`ruled_out`] to every
//! other engine.

mod address;
mod command;
mod exclusion;
mod family;
mod gather;
mod names;
mod phrase;
mod piece;
mod resolve;
mod table;
mod task;
mod token;
mod trouble;
mod verb;

pub use address::written_out;
pub use exclusion::{forbids, ruled_out};
pub use gather::{Proposal, propose};
pub use trouble::Trouble;
