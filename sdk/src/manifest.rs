//! The custom section with a component's manifest, which the host reads before it compiles anything.

/// The contract version of this SDK.
pub const CONTRACT: &str = "0.1.0";

/// Embeds the manifest section. The macros of each kind use it; do not call it directly.
#[doc(hidden)]
#[macro_export]
macro_rules! manifest {
    ($world:literal $(, $capability:literal)*) => {
        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code)]
        const _: () = {
            const TEXT: &str = concat!(
                "contract 0.1.0\nworld ", $world, "\nsdk rust-0.1.0\nname ", env!("CARGO_PKG_NAME"),
                "\nversion ", env!("CARGO_PKG_VERSION"), "\nlicence ", env!("CARGO_PKG_LICENSE"), "\n" $(, "capability ", $capability, "\n")*
            );
            #[used]
            #[unsafe(link_section = "audex:manifest")]
            static MANIFEST: [u8; TEXT.len()] = {
                let mut bytes = [0; TEXT.len()];
                let mut position = 0;
                while position < bytes.len() {
                    bytes[position] = TEXT.as_bytes()[position];
                    position += 1;
                }
                bytes
            };
        };
    };
}
