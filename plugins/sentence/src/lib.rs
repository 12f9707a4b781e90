//! A sentence becomes permissions without asking anyone: by a small grammar, and tables of verbs, services and things.
//!
//! The same sentence gives the same answer. What is not understood is a question ([`Trouble`]), never a broad guess:
//! a negation grants nothing, the object of the verb decides, a named service excludes others, a named thing is the only
//! thing. [`ruled_out`] is also what the host holds every other engine to.

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
