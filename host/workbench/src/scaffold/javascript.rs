//! A JavaScript project for componentize-js: the template and the contract.

use super::{Commands, Files, Project, WIT};
use audex_components::manifest::World;

const PACKAGE: &str = include_str!("../../../../sdk/templates/javascript/package.json");
const PATTERN: (&str, &str) =
    ("pattern.js", include_str!("../../../../sdk/templates/javascript/pattern.js"));
const NOTES: &str = include_str!("../../../../sdk/templates/javascript/NOTES.md");

const FILTER: &[(&str, &str)] = &[
    ("app.js", include_str!("../../../../sdk/templates/javascript/filter/app.js")),
    ("app.test.js", include_str!("../../../../sdk/templates/javascript/filter/app.test.js")),
    PATTERN,
];
const MAPPING: &[(&str, &str)] = &[
    ("app.js", include_str!("../../../../sdk/templates/javascript/mapping/app.js")),
    ("app.test.js", include_str!("../../../../sdk/templates/javascript/mapping/app.test.js")),
];
const PROVIDER: &[(&str, &str)] = &[
    ("app.js", include_str!("../../../../sdk/templates/javascript/provider/app.js")),
    ("audex.js", include_str!("../../../../sdk/templates/javascript/provider/audex.js")),
    ("host.js", include_str!("../../../../sdk/templates/javascript/provider/host.js")),
    ("app.test.js", include_str!("../../../../sdk/templates/javascript/provider/app.test.js")),
    PATTERN,
];
const INTENT: &[(&str, &str)] = &[
    ("app.js", include_str!("../../../../sdk/templates/javascript/intent/app.js")),
    ("app.test.js", include_str!("../../../../sdk/templates/javascript/intent/app.test.js")),
];

pub(super) fn files(project: &Project) -> Files {
    let (sources, test) = match project.world {
        World::Filter => (FILTER, "node --test"),
        World::Mapping => (MAPPING, "node --test"),
        // Tests of a provider need a stand-in for the imports from the host.
        World::Provider => (PROVIDER, "node --import ./host.js --test"),
        World::Intent => (INTENT, "node --test"),
    };
    let (name, world) = (&project.name, project.world.name());
    let package = PACKAGE.replace("NAME", name).replace("WORLD", world).replace("TEST", test);
    let mut files = vec![
        ("package.json".to_owned(), package),
        ("README.md".to_owned(), readme(project)),
        (".gitignore".to_owned(), format!("/node_modules/\n/{name}.wasm\n")),
    ];
    files.extend(sources.iter().map(|(path, text)| ((*path).to_owned(), project.named(text))));
    files.extend(WIT.iter().map(|(path, text)| (format!("wit/{path}"), (*text).to_owned())));
    files
}

fn readme(project: &Project) -> String {
    let commands: Commands = vec![
        ("npm install".to_owned(), "once; node 20 or newer"),
        ("npm test".to_owned(), "your own tests, natively"),
    ];
    project.readme("`app.js` is the whole of it; `wit/` is the contract.", commands, NOTES)
}
