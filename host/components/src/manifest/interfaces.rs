//! The interfaces that a component may import, by its world.

use super::World;

/// The prefix of our own interfaces.
const OURS: &str = "audex:plugin/";
/// The prefix of WASI's interfaces.
pub(crate) const WASI: &str = "wasi:";
/// The version of WASI that every world may import. What a guest gets by it is in `wasi.rs`.
const WASI_VERSION: &str = "0.2.";

const WASI_INTERFACES: [&str; 27] = [
    "cli/environment",
    "cli/exit",
    "cli/stderr",
    "cli/stdin",
    "cli/stdout",
    "cli/terminal-input",
    "cli/terminal-output",
    "cli/terminal-stderr",
    "cli/terminal-stdin",
    "cli/terminal-stdout",
    "clocks/monotonic-clock",
    "clocks/wall-clock",
    "filesystem/preopens",
    "filesystem/types",
    "io/error",
    "io/poll",
    "io/streams",
    "random/insecure",
    "random/insecure-seed",
    "random/random",
    "sockets/instance-network",
    "sockets/ip-name-lookup",
    "sockets/network",
    "sockets/tcp",
    "sockets/tcp-create-socket",
    "sockets/udp",
    "sockets/udp-create-socket",
];

const INTENT: &[&str] =
    &["types@0.1.0", "secrets@0.1.0", "http@0.1.0", "log@0.1.0", "settings@0.1.0"];
const PROVIDER: &[&str] = &[
    "types@0.1.0",
    "secrets@0.1.0",
    "http@0.1.0",
    "sts@0.1.0",
    "identity@0.1.0",
    "log@0.1.0",
    "clock@0.1.0",
    "settings@0.1.0",
    "keys@0.1.0",
    "keep@0.1.0",
    "leases@0.1.0",
];

/// Returns true if a component of this world may have the import.
pub(super) fn may_import(world: World, import: &str) -> bool {
    if let Some(interface) = import.strip_prefix(OURS) {
        return match world {
            World::Provider => PROVIDER.contains(&interface),
            World::Intent => INTENT.contains(&interface),
            World::Mapping | World::Filter => false,
        };
    }
    let wasi = import.strip_prefix(WASI).and_then(|interface| interface.split_once('@'));
    wasi.is_some_and(|(name, version)| {
        version.starts_with(WASI_VERSION) && WASI_INTERFACES.contains(&name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wasi_is_for_every_world_in_its_version_and_no_further() {
        for world in [World::Provider, World::Intent, World::Mapping, World::Filter] {
            assert!(may_import(world, "wasi:cli/stdout@0.2.0"), "{world}");
            assert!(may_import(world, "wasi:clocks/wall-clock@0.2.6"), "{world}");
            for other in [
                "wasi:http/outgoing-handler@0.2.0",
                "wasi:cli/stdout@0.3.0",
                "wasi:cli/stdout",
                "wasi:cli/run@0.2.0",
                "wasi:keyvalue/store@0.2.0",
                "xwasi:cli/stdout@0.2.0",
            ] {
                assert!(!may_import(world, other), "{world}: {other}");
            }
        }
    }
}
