//! A Python project for componentize-py: the template, and the contract from which its bindings are made.

use super::{Commands, Files, Project, WIT};
use audex_components::manifest::World;

const PYPROJECT: &str = include_str!("../../../../sdk/templates/python/pyproject.toml");
const PATTERN: (&str, &str) =
    ("pattern.py", include_str!("../../../../sdk/templates/python/pattern.py"));
const NOTES: &str = include_str!("../../../../sdk/templates/python/NOTES.md");

const FILTER: &[(&str, &str)] = &[
    ("app.py", include_str!("../../../../sdk/templates/python/filter/app.py")),
    ("test_app.py", include_str!("../../../../sdk/templates/python/filter/test_app.py")),
    PATTERN,
];
const MAPPING: &[(&str, &str)] = &[
    ("app.py", include_str!("../../../../sdk/templates/python/mapping/app.py")),
    ("test_app.py", include_str!("../../../../sdk/templates/python/mapping/test_app.py")),
];
const PROVIDER: &[(&str, &str)] = &[
    ("app.py", include_str!("../../../../sdk/templates/python/provider/app.py")),
    ("audex.py", include_str!("../../../../sdk/templates/python/provider/audex.py")),
    ("test_app.py", include_str!("../../../../sdk/templates/python/provider/test_app.py")),
    PATTERN,
];
const INTENT: &[(&str, &str)] = &[
    ("app.py", include_str!("../../../../sdk/templates/python/intent/app.py")),
    ("test_app.py", include_str!("../../../../sdk/templates/python/intent/test_app.py")),
];

pub(super) fn files(project: &Project) -> Files {
    let sources = match project.world {
        World::Filter => FILTER,
        World::Mapping => MAPPING,
        World::Provider => PROVIDER,
        World::Intent => INTENT,
    };
    let (name, world) = (&project.name, project.world.name());
    let pyproject = PYPROJECT.replace("NAME", name).replace("WORLD", world);
    let ignored = format!("/.venv/\n/bindings/\n__pycache__/\n/{name}.wasm\n");
    let mut files = vec![
        ("pyproject.toml".to_owned(), pyproject),
        ("README.md".to_owned(), readme(project)),
        (".gitignore".to_owned(), ignored),
    ];
    files.extend(sources.iter().map(|(path, text)| ((*path).to_owned(), project.named(text))));
    files.extend(WIT.iter().map(|(path, text)| (format!("wit/{path}"), (*text).to_owned())));
    files
}

fn readme(project: &Project) -> String {
    let bindings =
        format!(".venv/bin/componentize-py -d wit -w {} bindings bindings", project.world.name());
    let commands: Commands = vec![
        ("python3 -m venv .venv".to_owned(), "once; Python 3.11 or newer"),
        (".venv/bin/pip install componentize-py==0.25.1".to_owned(), "once"),
        (bindings, "once: what your tests and your editor import"),
        ("PYTHONPATH=bindings .venv/bin/python -m unittest".to_owned(), "your own tests, natively"),
    ];
    project.readme("`app.py` is the whole of it; `wit/` is the contract.", commands, NOTES)
}
