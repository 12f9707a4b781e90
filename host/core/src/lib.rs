//! The shared types of the program and the machine: secrets, environment, clock, paths, private files. No network and no engine.

pub mod address;
pub mod agent;
pub mod clock;
pub mod delivery;
pub mod digest;
pub mod ecosystem;
pub mod environment;
pub mod hint;
pub mod interruption;
pub mod paths;
pub mod percent;
pub mod printable;
pub mod private_file;
pub mod process;
pub mod random;
pub mod reachable;
pub mod redact;
pub mod region;
pub mod secret;
pub mod shape;
pub mod shell;
pub mod source;
pub mod spelling;
pub mod toml_place;
pub mod unwind;
pub mod variable;
