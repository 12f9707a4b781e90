//! The one engine configuration: the build script compiles with it, the host loads with it.

/// Guest stack. Wasmtime's default, said here because a compiled component depends on it.
const MAX_WASM_STACK: usize = 512 * 1024;

/// Sets everything that a compiled component depends on. Few features: what is off cannot be attacked.
pub fn configure(config: &mut wasmtime::Config) {
    config.wasm_component_model(true);
    config.epoch_interruption(true);
    config.max_wasm_stack(MAX_WASM_STACK);
    // A component whose modules each have a memory needs adapters with two: what componentize-qjs makes does. Off, wasmtime 48
    // panics on such a component instead of refusing it.
    config.wasm_multi_memory(true);
    config.wasm_memory64(false);
    config.wasm_relaxed_simd(false);
    config.wasm_tail_call(false);
    // Where in the wasm something was is of no use to users, and a tenth of what is loaded.
    config.generate_address_map(false);
    // Only debuggers and profilers unwind through guests with it: a panic of the host ends at the border, and traps have a way of
    // their own.
    config.native_unwind_info(false);
}
