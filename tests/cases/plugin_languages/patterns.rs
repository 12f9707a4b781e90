//! Patterns in every language match what the SDK's match.

use super::*;

#[test]
fn the_patterns_of_every_language_are_those_of_the_sdk() {
    let sandbox = Sandbox::without_cloud();
    let patterns = (0..3).fold(vec![vec![String::new()]], |mut all, _| {
        let longer = all
            .last()
            .unwrap()
            .iter()
            .flat_map(|text| ['a', 'é', '*', '?'].map(|c| format!("{text}{c}")));
        all.push(longer.collect());
        all
    });
    let patterns = patterns.concat();
    let row = |(left, right): (&String, &String)| {
        (
            left.clone(),
            right.clone(),
            matches(left, right),
            covers(left, right),
            intersects(left, right),
        )
    };
    let table: Vec<_> = patterns
        .iter()
        .flat_map(|left| patterns.iter().map(move |right| (left, right)))
        .map(row)
        .collect();
    fs::write(sandbox.home().join("table.json"), serde_json::to_string(&table).unwrap()).unwrap();
    let templates = python::tests().parent().unwrap().join("sdk/templates");
    for (folder, program, script) in [
        (
            "python",
            "python -",
            "import json, pattern as p\n\
             for l, r, *told in json.load(open('table.json')):\n    \
             found = [p.matches(l, r), p.covers(l, r), p.intersects(l, r)]\n    \
             assert found == told, (l, r, found, told)\n",
        ),
        (
            "javascript",
            "node --input-type=module -",
            "import assert from 'node:assert';\nimport { readFileSync } from 'node:fs';\n\
             const p = await import(`${process.env.TEMPLATE}/pattern.js`);\n\
             for (const [l, r, ...told] of JSON.parse(readFileSync('table.json'))) {\n\
             assert.deepEqual([p.matches(l, r), p.covers(l, r), p.intersects(l, r)], told, `${l} ${r}`);\n}\n",
        ),
    ] {
        let source = templates.join(folder);
        let line = format!("exec {program}");
        let asked = sandbox.program("/bin/sh", ["-c", &line]).env("PATH", path()).stdin(script);
        let asked = asked.env("PYTHONPATH", &source).env("PYTHONDONTWRITEBYTECODE", "1");
        let _ = asked.env("TEMPLATE", &source).output().success();
    }
}
