//! Traps in the exports of a provider.

/// A trap in one export, and the command that gets there.
pub(in crate::cases::hostile) struct Export {
    /// The export, and how it is played.
    pub name: &'static str,
    /// The words of the command.
    pub command: &'static [&'static str],
    /// Its exit status.
    pub code: i32,
}

const fn export(name: &'static str, command: &'static [&'static str], code: i32) -> Export {
    Export { name, command, code }
}

const RUN: &[&str] = &["run", "--provider", "hostile", "--allow", "s3:GetObject", "--", "true"];
pub(in crate::cases::hostile) const DRIFT: &[&str] =
    &["drift", "--provider", "hostile", "--principal", "p", "--expected-policy", "hostile-reader"];

/// The exports that the other tables do not play. The file in `plugin test` is the component's own.
pub(in crate::cases::hostile) const EXPORTS: &[Export] = &[
    export("preflight-trap", RUN, 70),
    export("settled-trap", RUN, 70),
    // The command has ended and its status stands: that nothing was revoked is said.
    export("revoke-trap", RUN, 0),
    export(
        "document-trap",
        &[
            "policies",
            "export",
            "--provider",
            "hostile",
            "--allow",
            "s3:GetObject",
            "--format",
            "json",
        ],
        70,
    ),
    export("health-trap", &["health", "--check", "hostile"], 70),
    export("leftovers-trap", &["cleanup"], 69),
    export("statements-trap", DRIFT, 70),
    export("effective-trap", DRIFT, 70),
    export("expand-trap", DRIFT, 70),
    export("recognise-trap", &["plugin", "test", "hostile_provider.wasm"], 1),
    export("attribute-trap", &["plugin", "test", "hostile_provider.wasm"], 1),
    export("translate-trap", &["intent", "--engine", "fixed-intent", "read"], 70),
];
