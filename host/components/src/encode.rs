//! Turns what a compiler wrote into a component, if it is not one yet.

use wasmparser::Parser;

/// Whether `wasm` begins as a component does.
#[must_use]
pub fn is_component(wasm: &[u8]) -> bool {
    Parser::is_component(wasm)
}

/// `wasm` as a component: a core module of the SDK is wrapped, a component is returned as it is.
///
/// # Errors
/// One sentence: it is no WebAssembly, or does not carry the contract's types.
pub fn component(wasm: Vec<u8>) -> Result<Vec<u8>, String> {
    if Parser::is_component(&wasm) {
        return Ok(wasm);
    }
    if !Parser::is_core_wasm(&wasm) {
        return Err("it is not WebAssembly".to_owned());
    }
    wit_component::ComponentEncoder::default()
        .validate(true)
        .module(&wasm)
        .and_then(|mut encoder| encoder.encode())
        .map_err(|error| format!("it cannot be made a component: {}", error.root_cause()))
}
