//! Projects that cannot be built: each says why and leaves what was there.

use super::*;

#[test]
fn what_cannot_be_built_says_why_and_leaves_what_was_there() {
    let sandbox = Sandbox::without_cloud();
    let home = sandbox.home().to_owned();
    for language in [Python, JavaScript] {
        let name = language.name();
        let _ =
            plugin(&sandbox, &home, &["new", name, "--kind", "filter", "--lang", name]).success();
    }
    let [python, javascript] = ["python", "javascript"].map(|name| home.join(name));

    // Built before, and never taken away by what fails.
    fs::write(python.join("python.wasm"), "before").unwrap();
    fs::write(javascript.join("javascript.wasm"), "before").unwrap();
    let nothing = |project: &Path| {
        sandbox
            .tryaudex(["plugin", "build"])
            .env("PATH", "/nowhere")
            .current_dir(project)
            .output()
            .exits(2)
    };
    let missing = nothing(&python);
    assert!(
        missing.stderr.contains("`componentize-py` is neither in the project"),
        "{}",
        missing.stderr
    );
    assert!(missing.stderr.contains("pip install componentize-py==0.25.1"), "{}", missing.stderr);
    let missing = nothing(&javascript);
    assert!(missing.stderr.contains("hint: install node 20 or newer"), "{}", missing.stderr);

    let missing = plugin(&sandbox, &javascript, &["build"]).exits(2);
    assert!(
        missing.stderr.contains("npm install --save-dev @bytecodealliance/componentize-js@0.23.0"),
        "{}",
        missing.stderr
    );

    symlink(javascript::directory().join("node_modules"), javascript.join("node_modules")).unwrap();
    fs::write(python.join("app.py"), "class Filter: this is no Python").unwrap();
    fs::write(javascript.join("app.js"), "this is not JavaScript").unwrap();
    for project in [&python, &javascript] {
        let broken = plugin(&sandbox, project, &["build"]).exits(2);
        assert!(broken.stderr.contains("error: the project does not build"), "{}", broken.stderr);
        assert!(broken.stderr.contains("SyntaxError"), "{}", broken.stderr);
        assert_eq!(broken.stdout, "");
    }

    fs::write(javascript.join("pyproject.toml"), "").unwrap();
    let two = plugin(&sandbox, &home, &["build", "javascript"]).exits(2);
    assert!(
        two.stderr.contains("`javascript` has `pyproject.toml` and `package.json`"),
        "{}",
        two.stderr
    );
    let text = fs::read_to_string(python.join("pyproject.toml")).unwrap();
    for (from, to, says) in [
        ("name = \"python\"", "name = \"Python\"", "its name is not of"),
        ("policy-filter", "policy-widener", "there is no world `policy-widener`"),
        ("capabilities = []", "capabilities = [\"files:/\"]", "it asks for something unknown"),
        ("capabilities", "capability", "unknown field `capability`"),
        ("[tool.audex]", "[tool.other]", "missing field `audex`"),
        ("0.1.0", "1\\nname other", "a value has a control character"),
    ] {
        fs::write(python.join("pyproject.toml"), text.replace(from, to)).unwrap();
        let unfit = plugin(&sandbox, &python, &["build"]).exits(2);
        assert!(unfit.stderr.contains(says), "{says}: {}", unfit.stderr);
    }
    for project in [python.join("python.wasm"), javascript.join("javascript.wasm")] {
        assert_eq!(fs::read(project).unwrap(), b"before");
    }
    assert_eq!(fs::read_dir(home.join("tmp")).unwrap().count(), 0, "something was left");
}

#[test]
fn the_tools_that_are_named_are_those_of_the_tests() {
    let root = python::tests().parent().unwrap().to_owned();
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap();
    for path in [
        "tests/python/requirements.txt",
        "sdk/templates/python/pyproject.toml",
        "host/workbench/src/scaffold/python.rs",
        "host/cli/src/cli/plugin/build/python.rs",
        "docs/plugins.md",
    ] {
        assert!(read(path).contains("componentize-py==0.25.1"), "{path}");
    }
    let tools = |path: &str| {
        serde_json::from_str::<serde_json::Value>(&read(path)).unwrap()["devDependencies"].clone()
    };
    // The tests install client libraries besides.
    let (template, installed) =
        (tools("sdk/templates/javascript/package.json"), tools("tests/javascript/package.json"));
    let hint = read("host/cli/src/cli/plugin/build/javascript.rs");
    for (name, version) in template.as_object().unwrap() {
        assert_eq!(installed[name], *version, "{name}");
        assert!(hint.contains(&format!("{name}@{}", version.as_str().unwrap())), "{name}");
    }
    // Any registry will do.
    assert!(!read("tests/javascript/package-lock.json").contains("://"));
}
