//! Components signed by an identity: the bundle is verified offline with the keys of a sigstore instance of
//! the test (`tests/support/sigstore.py`).

mod registry;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::plugin_sources::web::{Web, inspect, install, of_version, sign, web};
use crate::support::guests::Guest;
use crate::support::organisation::Organisation;
use crate::support::{Output, Sandbox, python};

const NAME: &str = "filter-no-deletes";
const ISSUER: &str = "https://tokens.example";
const MAIL: &str = "author@example.com";
const WORKFLOW: &str = "https://code.example/team/rules/.github/workflows/release.yml@refs/tags/v1";

/// A sigstore instance: whose certificates and logs these are.
struct Instance {
    directory: PathBuf,
}

impl Instance {
    fn new(sandbox: &Sandbox, name: &str) -> Self {
        let instance = Self { directory: sandbox.home().join(name) };
        instance.python(&["root"]);
        instance
    }

    fn root(&self) -> PathBuf {
        self.directory.join("trusted_root.json")
    }

    /// Puts a bundle beside `file`.
    fn sign(&self, file: &Path, identity: &str, faults: &[&str]) {
        self.python(&[&["sign", file.to_str().unwrap(), identity, ISSUER], faults].concat());
    }

    fn python(&self, words: &[&str]) {
        let mut command = Command::new(python::interpreter());
        command.arg(python::tests().join("support/sigstore.py")).arg(&self.directory).args(words);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

fn signer(identity: &str) -> String {
    format!("sigstore:{identity}@{ISSUER}")
}

/// Makes the instance's root the user's.
fn believe(sandbox: &Sandbox, instance: &Instance) {
    let root = format!("[plugins]\nsigstore_trusted_root = \"{}\"\n", instance.root().display());
    configure(sandbox, &root);
}

fn configure(sandbox: &Sandbox, text: &str) {
    let config = sandbox.home().join(".config/audex/config.toml");
    fs::create_dir_all(config.parent().unwrap()).unwrap();
    fs::write(config, text).unwrap();
}

fn bundle_of(file: &Path) -> PathBuf {
    PathBuf::from(format!("{}.sigstore.json", file.display()))
}

fn verify(sandbox: &Sandbox) -> Output {
    sandbox.run(["plugin", "verify"])
}

fn is_good(sandbox: &Sandbox) {
    assert_eq!(verify(sandbox).success().stdout, format!("{NAME}: ok, signed\n"));
}

#[test]
fn an_identity_is_named_pinned_shown_and_checked_again() {
    let sandbox = Sandbox::without_cloud();
    let (web, instance) = (web(&sandbox), Instance::new(&sandbox, "instance"));
    believe(&sandbox, &instance);
    let url = web.put(&of_version("0.1.1"));
    instance.sign(&web.file(), MAIL, &[]);
    let unknown = install(&sandbox, &[&url]).exits(77).stderr;
    assert!(
        unknown.contains(&format!("it is signed by `{}`, who is not known", signer(MAIL))),
        "{unknown}"
    );
    for other in [
        signer("other@example.com"),
        format!("sigstore:{MAIL}@https://tokens.example.evil"),
        signer("*@example.org"),
    ] {
        let refused = install(&sandbox, &[&url, "--signer", &other]).exits(77).stderr;
        assert!(refused.contains("who is not known"), "{other}: {refused}");
    }
    let before = sandbox.run(["plugin", "inspect", &url, "--json"]).success().json();
    assert_eq!(before["signer"], signer(MAIL));
    let installed = install(&sandbox, &[&url, "--signer", &signer(MAIL)]).success().stdout;
    assert!(
        installed.contains(&format!("signed by {}, as every later one must be", signer(MAIL))),
        "{installed}"
    );
    assert_eq!(inspect(&sandbox, "signer"), signer(MAIL));
    is_good(&sandbox);

    // Nobody signed the next, then somebody else, then by a key; then the same as before.
    let _ = web.put(&of_version("0.1.2"));
    fs::remove_file(bundle_of(&web.file())).unwrap();
    assert!(sandbox.run(["plugin", "update"]).exits(77).stderr.contains("and is not signed now"));
    instance.sign(&web.file(), "thief@example.com", &[]);
    assert!(
        sandbox.run(["plugin", "update"]).exits(77).stderr.contains("`sigstore:thief@example.com@")
    );
    let thief =
        install(&sandbox, &[&url, "--signer", &signer("thief@example.com")]).exits(77).stderr;
    assert!(thief.contains(&format!("it was signed by `{}` before", signer(MAIL))), "{thief}");
    fs::remove_file(bundle_of(&web.file())).unwrap();
    let key = sign(&sandbox, "key", &web.file());
    assert!(
        install(&sandbox, &[&url, "--signer", &key])
            .exits(77)
            .stderr
            .contains("before, and is now by")
    );
    instance.sign(&web.file(), MAIL, &[]);
    let updated = sandbox.run(["plugin", "update"]).success().stdout;
    assert!(updated.contains("from 0.1.1 to 0.1.2"), "{updated}");
    let _ = sandbox.run(["plugin", "rollback", NAME]).success();
    is_good(&sandbox);

    // What is kept is checked by whoever is believed now.
    let kept = sandbox.home().join(".local/share/audex/plugins");
    let kept = kept.join(format!("{}.sigstore.json", inspect(&sandbox, "digest")));
    let good = fs::read_to_string(&kept).unwrap();
    fs::write(&kept, good.replace("\"integratedTime\": \"1", "\"integratedTime\": \"2")).unwrap();
    assert!(verify(&sandbox).exits(70).stdout.contains("WRONG: "));
    fs::write(&kept, good).unwrap();
    is_good(&sandbox);
    believe(&sandbox, &Instance::new(&sandbox, "another"));
    let foreign = verify(&sandbox).exits(70).stdout;
    assert!(foreign.contains("WRONG: no transparency log of the trusted root"), "{foreign}");
    let _ = sandbox.run(["plugin", "remove", NAME]).success();
    assert!(!kept.exists());
}

#[test]
fn a_workflow_of_any_tag_is_one_signer_by_a_pattern() {
    let sandbox = Sandbox::without_cloud();
    let (web, instance) = (web(&sandbox), Instance::new(&sandbox, "instance"));
    believe(&sandbox, &instance);
    let url = web.put(&of_version("0.1.1"));
    instance.sign(&web.file(), WORKFLOW, &[]);
    let pattern = signer(&WORKFLOW.replace("v1", "*"));
    let _ = install(&sandbox, &[&url, "--signer", &pattern]).success();
    assert_eq!(inspect(&sandbox, "signer"), pattern);
    let _ = web.put(&of_version("0.1.2"));
    instance.sign(&web.file(), &WORKFLOW.replace("tags/v1", "heads/main"), &[]);
    assert!(sandbox.run(["plugin", "update"]).exits(77).stderr.contains("who is not known"));
    instance.sign(&web.file(), &WORKFLOW.replace("v1", "v2"), &[]);
    let _ = sandbox.run(["plugin", "update"]).success();
    is_good(&sandbox);
    for anybody in [
        "sigstore:*@https://tokens.example",
        "sigstore:me@example.com",
        "sigstore:me@http://x.example",
    ] {
        let refused = install(&sandbox, &[&url, "--signer", anybody]).exits(2).stderr;
        assert!(refused.contains("write sigstore:IDENTITY@ISSUER"), "{refused}");
    }
}

/// A bundle, changed.
fn changed(file: &Path, change: impl FnOnce(&mut Value)) {
    let path = bundle_of(file);
    let mut bundle: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut bundle);
    fs::write(path, bundle.to_string()).unwrap();
}

#[test]
fn a_bundle_that_is_not_good_is_refused_by_its_own_reason() {
    let sandbox = Sandbox::without_cloud();
    let instance = Instance::new(&sandbox, "instance");
    believe(&sandbox, &instance);
    let file = sandbox.home().join("x.wasm");
    fs::write(&file, of_version("0.1.1").bytes()).unwrap();
    let path = file.to_str().unwrap();
    let refused = |what: &str, said: &[&str]| {
        let stderr = install(&sandbox, &[path, "--signer", &signer(MAIL)]).exits(77).stderr;
        for said in said {
            assert!(stderr.contains(said), "{what}: no `{said}` in {stderr}");
        }
    };
    let certificate = "the signer's certificate is refused by the trusted root";
    let log = "no transparency log of the trusted root";
    for (fault, said) in [
        ("late", [certificate, "it had expired when the file was signed"]),
        ("early", [certificate, "it was not valid yet when the file was signed"]),
        ("usage", [certificate, "RequiredEkuNotFound"]),
        ("no-sct", [certificate, "missing SCT extension"]),
        ("wrong-sct", [certificate, "SCT signature verification failed"]),
        ("foreign-ca", [certificate, "chain validation failed"]),
        ("foreign-log", [log, "No log key valid"]),
        ("foreign-checkpoint", [log, "No valid Rekor signature found on checkpoint"]),
        ("wrong-proof", [log, "inclusion proof verification failed"]),
        ("other-entry", ["the sigstore bundle is not for this file", "for hashedrekord entry"]),
    ] {
        instance.sign(&file, MAIL, &[fault]);
        refused(fault, &said);
    }

    let again = || instance.sign(&file, MAIL, &[]);
    again();
    changed(&file, |bundle| bundle["verificationMaterial"]["tlogEntries"] = json!([]));
    refused("no entry", &[log, "must have an inclusion proof"]);
    again();
    changed(&file, |bundle| {
        drop(bundle["verificationMaterial"]["tlogEntries"][0]["inclusionPromise"].take());
    });
    refused("no promise", &["nobody of the trusted root", "says when it was signed"]);
    again();
    changed(&file, |bundle| {
        let time = &mut bundle["verificationMaterial"]["tlogEntries"][0]["integratedTime"];
        *time = json!((time.as_str().unwrap().parse::<u64>().unwrap() + 60).to_string());
    });
    refused("another time", &[log, "SET verification failed"]);

    // A good bundle of the same file and signer lends another what it cannot have itself.
    again();
    let good: Value = serde_json::from_slice(&fs::read(bundle_of(&file)).unwrap()).unwrap();
    again();
    let lent = |bundle: &mut Value, part: &str| {
        bundle["verificationMaterial"][part] = good["verificationMaterial"][part].clone();
    };
    changed(&file, |bundle| lent(bundle, "tlogEntries"));
    refused("a lent entry", &[log, "log entry does not match the bundle"]);
    instance.sign(&file, "thief@example.com", &[]);
    changed(&file, |bundle| lent(bundle, "certificate"));
    refused("a lent certificate", &["the sigstore bundle's signature is wrong"]);
    changed(&file, |bundle| lent(bundle, "tlogEntries"));
    refused("a lent signer", &["the sigstore bundle's signature is wrong"]);
    again();
    let attested = json!({ "payload": "e30=", "payloadType": "application/vnd.in-toto+json", "signatures": [{ "sig": "AAAA" }] });
    changed(&file, |bundle| {
        drop(bundle.as_object_mut().unwrap().remove("messageSignature"));
        bundle["dsseEnvelope"] = attested;
    });
    refused("a statement", &["a statement about the file (an attestation), not a signature of it"]);
    again();
    changed(&file, |bundle| bundle["messageSignature"]["signature"] = json!("MEUCIQAAAAAA"));
    refused("no signature", &["the sigstore bundle's signature is wrong"]);
    fs::write(bundle_of(&file), "{").unwrap();
    refused("no bundle", &["the sigstore bundle cannot be used"]);

    again();
    fs::write(&file, of_version("0.1.2").bytes()).unwrap();
    refused("another file", &["the sigstore bundle is not for this file"]);
    again();
    believe(&sandbox, &Instance::new(&sandbox, "another"));
    refused("another root", &[log, "No log key valid"]);
    configure(&sandbox, "");
    refused("the public root", &["no transparency log of sigstore's public trusted root"]);
    configure(&sandbox, "[plugins]\nsigstore_trusted_root = \"/nowhere/root.json\"\n");
    refused("no root", &["the trusted root `/nowhere/root.json` cannot be used: No such file"]);
    believe(&sandbox, &instance);
    let _ = install(&sandbox, &[path, "--signer", &signer(MAIL)]).success();
}

#[test]
fn a_name_that_can_be_taken_for_another_is_nobody() {
    let sandbox = Sandbox::without_cloud();
    let instance = Instance::new(&sandbox, "instance");
    believe(&sandbox, &instance);
    let file = sandbox.home().join("x.wasm");
    fs::write(&file, of_version("0.1.1").bytes()).unwrap();
    for name in
        ["https://code.example/*", "https://code.example/?x", "nobody", "https://code.example/a b"]
    {
        instance.sign(&file, name, &[]);
        let refused = install(
            &sandbox,
            &[file.to_str().unwrap(), "--signer", &signer("https://code.example/*")],
        );
        let refused = refused.exits(77).stderr;
        assert!(refused.contains("certificate names nobody"), "{name}: {refused}");
    }
}

#[test]
fn a_core_module_a_file_elsewhere_and_both_kinds_at_once() {
    let sandbox = Sandbox::without_cloud();
    let instance = Instance::new(&sandbox, "instance");
    let root = instance.root().display().to_string();
    configure(
        &sandbox,
        &format!(
            "[plugins]\nsigstore_trusted_root = \"{root}\"\nsigners = [\"{}\"]\n",
            signer(MAIL)
        ),
    );
    let file = sandbox.home().join("x.wasm");
    fs::write(&file, Guest::of(NAME).bytes()).unwrap();
    instance.sign(&file, MAIL, &[]);
    let elsewhere = sandbox.home().join("signature");
    fs::rename(bundle_of(&file), &elsewhere).unwrap();
    let path = file.to_str().unwrap();
    let _ = install(&sandbox, &[path, "--signature", elsewhere.to_str().unwrap()]).success();
    assert_eq!(inspect(&sandbox, "signer"), signer(MAIL));
    is_good(&sandbox);
    let _ = sandbox.run(["plugin", "remove", NAME]).success();

    // The older name of a bundle; and a key beside it: whichever is asked for counts.
    fs::rename(elsewhere, sandbox.home().join("x.wasm.sigstore")).unwrap();
    let key = sign(&sandbox, "key", &file);
    let _ = install(&sandbox, &[path, "--signer", &key]).success();
    is_good(&sandbox);
    let _ = sandbox.run(["plugin", "remove", NAME]).success();
    let _ = install(&sandbox, &[path, "--signer", &signer(MAIL)]).success();
    is_good(&sandbox);
}

#[test]
fn an_organisations_identities_are_its_own_roots_and_not_the_users() {
    let mut sandbox = Sandbox::new();
    let path = Guest::of(NAME).plant(&mut sandbox);
    let (ours, users) = (Instance::new(&sandbox, "ours"), Instance::new(&sandbox, "users"));
    believe(&sandbox, &users);
    users.sign(&path, WORKFLOW, &[]);
    let rule = format!("[plugins]\nsigners = [\"{}\"]\n", signer("https://code.example/team/*"));
    let organisation = Organisation::of(&rule);
    let install = |code| {
        organisation.run(&sandbox, ["plugin", "install", path.to_str().unwrap()]).exits(code).stderr
    };
    // The user's own instance certifies whatever he likes.
    let forged = install(77);
    assert!(forged.contains("no transparency log of sigstore's public trusted root"), "{forged}");
    let root = organisation.says("root.json", &fs::read_to_string(ours.root()).unwrap());
    assert!(root.is_file());
    let rule = format!("{rule}sigstore_trusted_root = \"/etc/audex/root.json\"\n");
    organisation.says("config.toml", &rule);
    let forged = install(77);
    assert!(
        forged.contains("no transparency log of the trusted root `/etc/audex/root.json`"),
        "{forged}"
    );
    ours.sign(&path, "https://code.example/others/x.yml@refs/heads/main", &[]);
    assert!(install(77).contains("who is not known"));
    ours.sign(&path, WORKFLOW, &[]);
    let _ = install(0);
    let verified = organisation.run(&sandbox, ["plugin", "verify"]).success().stdout;
    assert_eq!(verified, format!("{NAME}: ok, signed\n"));
    let _ = organisation.run(&sandbox, ["plan", "--allow", "s3:GetObject"]).success();
    organisation.says("config.toml", &rule.replace("team/*", "other/*"));
    let refused = organisation.run(&sandbox, ["plan", "--allow", "s3:GetObject"]).exits(78).stderr;
    assert!(
        refused.contains("your organisation does not trust components signed by `sigstore:"),
        "{refused}"
    );
}
