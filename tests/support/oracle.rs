//! Properties that hold for any input. The fuzz targets in `fuzz/` check them, and the tests check them on
//! the corpus.

pub(crate) mod aws_profiles;
pub(crate) mod environment;
pub(crate) mod pattern;
pub(crate) mod settings;
