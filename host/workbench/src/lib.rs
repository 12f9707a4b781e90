//! Tools for authors of components: new projects, conformance tests, rehearsals, and benchmarks.

pub mod benchmark;
pub mod conformance;
pub mod rehearsal;
pub mod scaffold;
