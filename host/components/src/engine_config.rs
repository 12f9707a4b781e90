//! The only engine configuration: the build script compiles with it, and the host loads with it.

/// The stack size of guests. This is wasmtime's default, set explicitly because a compiled component depends
/// on it.
const MAX_WASM_STACK: usize = 512 * 1024;

/// Sets every option that a compiled component depends on. Enables few features: a disabled feature cannot be
/// attacked.
pub(crate) fn configure(config: &mut wasmtime::Config) {
    config.wasm_component_model(true);
    config.epoch_interruption(true);
    config.max_wasm_stack(MAX_WASM_STACK);
    // A component whose modules each have a memory needs adapters with two memories: componentize-qjs builds
    // such components. If this feature is off, wasmtime 48 panics on such a component instead of rejecting
    // it.
    config.wasm_multi_memory(true);
    config.wasm_memory64(false);
    config.wasm_relaxed_simd(false);
    config.wasm_tail_call(false);
    // The sign of a NaN depends on the processor, and a filter must decide alike everywhere.
    config.cranelift_nan_canonicalization(true);
    // The address map is of no use to users, and makes up a tenth of the loaded bytes.
    config.generate_address_map(false);
    // Only debuggers and profilers use this information to unwind through guests. A panic of the host ends at
    // the guest boundary, and traps use their own mechanism.
    config.native_unwind_info(false);
}
