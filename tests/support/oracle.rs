//! Properties that hold for any input. The fuzz targets in `fuzz/` check them, and the tests check them on
//! the corpus.

pub mod aws_profiles;
pub mod environment;
pub mod pattern;
pub mod settings;
