//! Signed components in a registry.

use super::*;

#[test]
fn a_registry_keeps_the_bundle_as_a_layer() {
    let sandbox = Sandbox::without_cloud();
    let (web, instance) = (web(&sandbox), Instance::new(&sandbox, "instance"));
    believe(&sandbox, &instance);
    let _ = web.put(&of_version("0.1.1"));
    instance.sign(&web.file(), MAIL, &[]);
    push(
        &web,
        &[
            ("application/wasm", web.file()),
            ("application/vnd.dev.sigstore.bundle.v0.3+json", bundle_of(&web.file())),
        ],
    );
    let reference = format!("oci://{}/team/rules:1", web.url.strip_prefix("http://").unwrap());
    let _ = install(&sandbox, &[&reference, "--signer", &signer(MAIL)]).success();
    is_good(&sandbox);
    push(&web, &[("application/wasm", web.file())]);
    let unsigned = install(&sandbox, &[&reference, "--signer", &signer(MAIL)]).exits(77).stderr;
    assert!(unsigned.contains("it has no sigstore bundle"), "{unsigned}");
}

/// The files of a registry that answers with what it is asked for, and no more.
fn push(web: &Web, layers: &[(&str, PathBuf)]) {
    let repository = web.directory.join("v2/team/rules");
    for part in ["manifests", "blobs"] {
        fs::create_dir_all(repository.join(part)).unwrap();
    }
    let layer = |(kind, file): &(&str, PathBuf)| {
        let bytes = fs::read(file).unwrap();
        let digest = format!("sha256:{}", audex_core::digest::sha256(&bytes));
        fs::write(repository.join("blobs").join(&digest), &bytes).unwrap();
        json!({ "mediaType": kind, "digest": digest, "size": bytes.len() })
    };
    let layers: Vec<Value> = layers.iter().map(layer).collect();
    fs::write(
        repository.join("manifests/1"),
        json!({ "schemaVersion": 2, "layers": layers }).to_string(),
    )
    .unwrap();
}
