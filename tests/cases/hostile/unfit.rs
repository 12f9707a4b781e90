//! Files that are not a component for this host: each is refused by name.

use std::fmt::Write as _;

use crate::support::Sandbox;
use crate::support::guests::Guest;

/// What is refused at install, and how: name, the file, words.
pub(super) fn unfit() -> Vec<(&'static str, Guest, &'static str)> {
    let filter = || Guest::of("hostile-filter");
    vec![
        (
            "another contract",
            filter().replacing("contract 0.1.0\n", "contract 0.3.0\n"),
            "it was built for audex:plugin 0.3.0, this host offers 0.1.0",
        ),
        (
            "exports of another contract",
            filter().encoded().replacing("audex:plugin/filter@0.1.0", "audex:plugin/filter@0.3.0"),
            "no exported instance named `audex:plugin/filter@0.1.0`",
        ),
        (
            "imports of another contract",
            Guest::of("hostile-provider")
                .encoded()
                .replacing("audex:plugin/http@0.1.0", "audex:plugin/http@0.3.0"),
            "it imports `audex:plugin/http@0.3.0`",
        ),
        ("a compile bomb", filter().with_loops(1000), "it takes more than 10 s to compile"),
        (
            "no manifest",
            filter().replacing("audex:manifest", "audex:manifesT"),
            "it has no audex manifest",
        ),
        (
            "unknown world",
            filter().replacing("world policy-filter", "world policy-wideni"),
            "there is no world `policy-wideni`",
        ),
        (
            "unknown capability",
            Guest::of("hostile-provider").replacing("capability slot:aws", "capability slot:all"),
            "`slot:all` is not a capability this version knows",
        ),
        (
            "the tokens of a cloud",
            Guest::of("hostile-provider").replacing("capability slot:aws", "capability slot:gcp"),
            "`hostile-provider` asks for `slot:gcp`, which only built-in components may hold",
        ),
        (
            "keys as a secret",
            Guest::of("hostile-provider")
                .replacing("secret:HOSTILE_SOURCE", "secret:AWS_SECRET_KEY"),
            "`secret:AWS_SECRET_KEY` is not a capability",
        ),
        (
            "wildcard host",
            Guest::of("hostile-provider").replacing("http:api.example.com", "http:*.x.example.com"),
            "`http:*.x.example.com` is not a capability",
        ),
        (
            "the name of a built-in",
            filter().replacing("name hostile-filter", "name deny-list\nxxxx"),
            "`deny-list` is taken by another component",
        ),
        (
            "a path for a name",
            filter().replacing("name hostile-filter", "name ../../../filte"),
            "its name is not of `[a-z][a-z0-9_-]*`",
        ),
        ("truncated", filter().truncated_to(60), "it is not a WebAssembly component"),
        ("empty", filter().truncated_to(0), "it is not a WebAssembly component"),
        (
            "an import",
            Guest::of("impure-filter"),
            "it imports `audex:plugin/clock@0.1.0`, which a component of its kind may not",
        ),
        (
            "an import, encoded",
            Guest::of("impure-filter").encoded(),
            "it imports `audex:plugin/clock@0.1.0`, which a component of its kind may not",
        ),
        (
            "an unknown interface",
            Guest::of("hostile-provider")
                .encoded()
                .replacing("audex:plugin/clock@0.1.0", "audex:plugin/disks@0.1.0"),
            "it imports `audex:plugin/disks@0.1.0`, which a component of its kind may not",
        ),
        (
            "an interface of WASI that is not offered",
            Guest::of("hostile-provider")
                .encoded()
                .replacing("audex:plugin/clock@0.1.0", "wasi:http/incoming@0.2.0"),
            "it imports `wasi:http/incoming@0.2.0`, which a component of its kind may not",
        ),
        (
            "another world's name",
            filter().replacing("world policy-filter", "world mapping-table"),
            "failed in phase link",
        ),
    ]
}

#[test]
fn a_file_that_is_no_component_for_this_host_is_refused_by_name() {
    let mut all = String::new();
    for (name, guest, words) in unfit() {
        let mut sandbox = Sandbox::without_cloud();
        let output = guest.install(&mut sandbox, &[]);
        if output.code == 0 || !output.stderr.contains(words) {
            let _ = writeln!(all, "{name}: exit {}, not `{words}`\n{}", output.code, output.stderr);
        }
        assert!(!sandbox.home().join(".local/share/audex/plugins/plugins.lock").exists(), "{name}");
    }
    let mut sandbox = Sandbox::without_cloud();
    let text = sandbox.plant("notes.wasm", "#!/bin/sh\necho hello\n");
    let output = sandbox.run(["plugin", "install", text.to_str().unwrap()]).exits(2);
    assert!(output.stderr.contains("it is not a WebAssembly component"), "{}", output.stderr);
    assert!(all.is_empty(), "{all}");
}
