//! For authors of components: a new project, conformance tests, rehearsals, and benchmarks.

pub mod benchmark;
pub mod conformance;
pub mod rehearsal;
pub mod scaffold;
