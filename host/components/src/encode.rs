//! Turns a compiler's output into a component, if the output is a core module.

use wasmparser::Parser;

/// Returns `true` if `wasm` starts with the header of a component.
#[must_use]
pub fn is_component(wasm: &[u8]) -> bool {
    Parser::is_component(wasm)
}

/// Returns `wasm` as a component: wraps a core module of the SDK, and returns a component unchanged.
///
/// # Errors
/// Returns one sentence when `wasm` is not WebAssembly, or does not contain the contract's types.
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
