//! Reads the metadata in a project's manifest, and writes the section of the component that the host reads.

use std::path::Path;

use serde::de::DeserializeOwned;

use crate::failure::Failure;
use crate::settings::source::line;
use audex_components::manifest::{CONTRACT, Manifest};
use audex_components::outline::SECTION;

/// The table `[tool.audex]` or `"audex"` of a project's manifest.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Audex {
    pub world: String,
    #[serde(default)]
    pub capabilities: Vec<String>,
}

/// The metadata of a component.
#[derive(Debug)]
pub(super) struct Metadata {
    pub name: String,
    pub version: String,
    pub licence: String,
    pub audex: Audex,
}

impl Metadata {
    /// Returns the text of the section; `sdk` names the tool that built the component.
    pub(super) fn text(&self, sdk: &str) -> Result<String, Failure> {
        let Self { name, version, licence, audex: Audex { world, capabilities } } = self;
        let mut text = format!(
            "contract {CONTRACT}\nworld {world}\nsdk {sdk}\nname {name}\nversion {version}\nlicence {licence}\n"
        );
        for capability in capabilities {
            text.extend(["capability ", capability.as_str(), "\n"]);
        }
        let values = [name, version, licence, world].into_iter().chain(capabilities);
        // Each value is one line. A value with a line break could add another line.
        if values.into_iter().any(|value| value.contains(char::is_control)) {
            return Err(unfit("a value has a control character", "correct it, and build again"));
        }
        // Cargo accepts only such versions too. Without an order of versions, a downgrade could not be
        // detected.
        if semver::Version::parse(version).is_err() {
            return Err(unfit(
                &format!("its version `{version}` is not MAJOR.MINOR.PATCH"),
                "write three numbers, as in 1.0.0",
            ));
        }
        let manifest = Manifest::parse(&text, Vec::new(), Vec::new()).map_err(|error| {
            unfit(&Failure::internal("plugin", error).line(), "correct it, and build again")
        })?;
        manifest.check_reach().map_err(|words| unfit(&words, "leave `capabilities` empty"))?;
        Ok(text)
    }
}

fn unfit(wrong: &str, hint: &str) -> Failure {
    Failure::usage(&format!("the project's metadata is unfit: {wrong}"), hint)
}

/// Reads a project's manifest and parses it with `parse`.
pub(super) fn read<T: DeserializeOwned, E: ToString>(
    path: &Path,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<T, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string());
    text.and_then(|text| parse(&text).map_err(|error| error.to_string())).map_err(|error| {
        let message = format!("`{}` cannot be used: {}", path.display(), error.trim_end());
        Failure::usage(
            &message,
            "it needs name, version, and world and capabilities for audex, as `plugin new` writes them",
        )
    })
}

/// Parses TOML. An error is one line and begins with the line number.
pub(super) fn toml_of<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(1, |span| line(text, span.start));
        format!("line {line}: {}", error.message().lines().next().unwrap_or("it is malformed"))
    })
}

/// Returns `component` with a custom section at its end (WebAssembly core specification, 5.5.3).
pub(super) fn with_section(mut component: Vec<u8>, text: &str) -> Vec<u8> {
    let mut body = leb(SECTION.len());
    body.extend_from_slice(SECTION.as_bytes());
    body.extend_from_slice(text.as_bytes());
    component.push(0);
    component.extend(leb(body.len()));
    component.extend(body);
    component
}

/// Encodes an unsigned number in LEB128.
fn leb(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(value & 0x7f).unwrap_or_default();
        value >>= 7;
        if value == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata(name: &str, world: &str, capability: Option<&str>) -> Metadata {
        let capabilities = capability.map(str::to_owned).into_iter().collect();
        let audex = Audex { world: world.to_owned(), capabilities };
        Metadata {
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            licence: String::new(),
            audex,
        }
    }

    #[test]
    fn the_section_is_read_as_it_was_written() {
        let text =
            metadata("house-rules", "policy-filter", None).text("componentize-py-0.25.1").unwrap();
        let read = Manifest::read(&with_section(b"\0asm\x0d\0\x01\0".to_vec(), &text)).unwrap();
        assert_eq!(
            (read.name.as_str(), read.sdk.as_str()),
            ("house-rules", "componentize-py-0.25.1")
        );
        assert_eq!((text.lines().next(), read.version.as_str()), (Some("contract 0.1.0"), "1.0.0"));
        assert_eq!(
            [leb(0), leb(127), leb(128), leb(300)],
            [vec![0], vec![127], vec![0x80, 1], vec![0xac, 2]]
        );
    }

    #[test]
    fn what_cannot_be_metadata_is_refused_before_anything_is_built() {
        for (name, world, capability) in [
            ("House", "policy-filter", None),
            ("@house/rules", "policy-filter", None),
            ("house-rules", "policy-widener", None),
            ("house-rules", "policy-filter", Some("files:/")),
            ("house-rules", "policy-filter", Some("http:a.example.com\ncapability slot:aws")),
        ] {
            assert!(
                metadata(name, world, capability).text("x").is_err(),
                "{name} {world} {capability:?}"
            );
        }
        for version in ["1.0", "1", "one", "1.0.0.0"] {
            let metadata = Metadata {
                version: version.to_owned(),
                ..metadata("house-rules", "policy-filter", None)
            };
            assert!(metadata.text("x").is_err(), "{version}");
        }
    }

    #[test]
    fn a_mistake_in_a_manifest_is_said_with_its_line() {
        let text = "[project]\nname = \"x\"\n\n[tool.audex]\nworld = \"policy-filter\"\ncapabilites = []\n";
        let error = toml_of::<Pyproject>(text).unwrap_err();
        assert!(error.starts_with("line 6: unknown field `capabilites`"), "{error}");
    }

    #[derive(Debug, serde::Deserialize)]
    #[expect(dead_code, reason = "only its errors are looked at")]
    struct Pyproject {
        tool: Tools,
    }

    #[derive(Debug, serde::Deserialize)]
    #[expect(dead_code, reason = "only its errors are looked at")]
    struct Tools {
        audex: Audex,
    }
}
