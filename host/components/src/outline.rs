//! The parts of a component that can be read without compiling it. The build script reads the built-in
//! components with the same code.

use wasmparser::{Parser, Payload};

/// The custom section that the SDK writes.
pub const SECTION: &str = "audex:manifest";
/// A manifest is a few lines; a longer section is not a manifest.
const MANIFEST_BYTES: usize = 16 * 1024;
/// The limit for nested modules; components nest modules two deep.
const DEPTH: usize = 8;

/// The first bytes of every WebAssembly file (core specification, 5.5.16).
const MAGIC: &[u8] = b"\0asm";
/// The number of bytes in an error message; enough to recognise an error page or a script.
const SHOWN: usize = 16;

/// A component's manifest text and the names of its imports and exports.
#[derive(Debug, Default)]
pub(crate) struct Outline {
    /// The text of the manifest section, if there is one.
    pub manifest: Option<String>,
    /// The names of all imports.
    pub imports: Vec<String>,
    /// The names of all exports.
    pub exports: Vec<String>,
}

/// The error for a component that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum OutlineError {
    /// The bytes are not WebAssembly, are truncated, or are nested too deeply.
    #[error("it is not a WebAssembly component: {0}")]
    NotWasm(String),
    /// The manifest section is too long or not UTF-8.
    #[error("its manifest cannot be read: {0}")]
    Manifest(&'static str),
}

impl Outline {
    /// Reads `wasm`, a component or a core module that will become a component.
    ///
    /// # Errors
    /// When `wasm` is not WebAssembly, or its manifest is too long or not UTF-8.
    pub(crate) fn read(wasm: &[u8]) -> Result<Self, OutlineError> {
        if !wasm.starts_with(MAGIC) {
            let start: String = wasm.iter().take(SHOWN).map(|&byte| shown(byte)).collect();
            return Err(OutlineError::NotWasm(format!("it begins with `{start}`")));
        }
        let mut found = Self::default();
        let mut depth = 0_usize;
        for payload in Parser::new(0).parse_all(wasm) {
            let payload = payload.map_err(|error| not_wasm(&error))?;
            match payload {
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => {
                    depth = depth.saturating_add(1);
                }
                Payload::End(_) => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth > DEPTH {
                return Err(OutlineError::NotWasm("it is nested too deeply".to_owned()));
            }
            found.look(payload, depth)?;
        }
        Ok(found)
    }

    fn look(&mut self, payload: Payload<'_>, depth: usize) -> Result<(), OutlineError> {
        match payload {
            Payload::CustomSection(section)
                if section.name() == SECTION && self.manifest.is_none() =>
            {
                if section.data().len() > MANIFEST_BYTES {
                    return Err(OutlineError::Manifest("it is too long"));
                }
                let text = std::str::from_utf8(section.data());
                self.manifest =
                    Some(text.map_err(|_| OutlineError::Manifest("it is not UTF-8"))?.to_owned());
            }
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    self.imports
                        .push(import.map_err(|error| not_wasm(&error))?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                for export in section {
                    self.exports
                        .push(export.map_err(|error| not_wasm(&error))?.name.name.to_owned());
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn shown(byte: u8) -> char {
    if byte == b' ' || byte.is_ascii_graphic() { char::from(byte) } else { '.' }
}

fn not_wasm(error: &wasmparser::BinaryReaderError) -> OutlineError {
    OutlineError::NotWasm(error.message().to_owned())
}
