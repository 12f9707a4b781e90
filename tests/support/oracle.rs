//! What must be true of any input: the judges of the fuzz targets in `fuzz/`, and of their corpus, which is replayed here.

pub mod aws_profiles;
pub mod environment;
pub mod pattern;
pub mod settings;
