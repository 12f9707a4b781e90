//! Builds a project in JavaScript with componentize-js. Its metadata is in `package.json`.

use std::path::Path;

use serde::Deserialize;

use super::metadata::{self, Audex, Metadata};
use super::tool::{Tool, look_up};
use crate::failure::Failure;
use audex_child::Signals;
use audex_core::environment::Environment;

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
    audex: Audex,
}

pub(super) fn build(environment: &Environment, directory: &Path) -> Result<Vec<u8>, Failure> {
    let Package { name, version, license, audex } =
        metadata::read(&directory.join("package.json"), |text| serde_json::from_str(text))?;
    let node = look_up(environment, "node").ok_or_else(|| {
        Failure::usage("`node` is not on the PATH", "install node 20 or newer: https://nodejs.org")
    })?;
    let metadata = Metadata { name, version, licence: license.unwrap_or_default(), audex };
    let world = metadata.audex.world.clone();
    let componentize = Tool {
        name: "componentize-js",
        own: "node_modules/.bin/componentize-js",
        install: "npm install --save-dev @bytecodealliance/componentize-js@0.23.0 @bytecodealliance/preview2-shim@0.25.0",
        directory: &super::absolute(directory)?,
        wrapper: None,
    };
    // componentize-js does not report the place of an error in the source, but node does.
    let mut signals = Signals::install()?;
    componentize.run(&node, &["--check", "app.js"].map(Path::new), &mut signals)?;
    // Without `fetch`: the host has no `wasi:http`.
    let arguments = ["app.js", "-w", "wit", "-n", &world, "-d", "http", "fetch-event", "-o"];
    componentize.make(environment, &mut signals, &metadata, &arguments, &[])
}
