//! Components from remote sources: signatures, pinned digests, updates, rollbacks, and the lock of a team.

mod oci;
pub(super) mod web;

use std::fs;

use audex_core::environment::Environment;
use audex_registry::source::Place;

use self::web::{inspect, install, of_version, sign, web};
use crate::support::guests::Guest;
use crate::support::{Answerer, Sandbox};

const NAME: &str = "filter-no-deletes";

#[test]
fn a_component_from_the_web_is_signed_or_of_the_digest_that_was_given() {
    let sandbox = Sandbox::without_cloud();
    let web = web(&sandbox);
    let url = web.put(&of_version("0.1.1"));
    let refused = install(&sandbox, &[&url]).exits(77);
    assert!(
        refused.stderr.contains("is not signed, and no digest was given"),
        "{}",
        refused.stderr
    );

    let key = sign(&sandbox, "author", &web.file());
    let refused = install(&sandbox, &[&url]).exits(77);
    assert!(refused.stderr.contains("which nobody has named"), "{}", refused.stderr);
    assert!(!refused.stderr.contains("remove"), "nothing is installed: {}", refused.stderr);
    let other = sign(&sandbox, "other", &sandbox.home().join("author"));
    let refused = install(&sandbox, &[&url, "--signer", &other]).exits(77);
    assert!(refused.stderr.contains(&format!("and `{other}` is another")), "{}", refused.stderr);
    assert!(
        install(&sandbox, &[&url, "--signer", "me"])
            .exits(2)
            .stderr
            .contains("not a minisign public key")
    );
    let installed = install(&sandbox, &[&url, "--signer", &key]).success();
    assert!(installed.stdout.contains(&format!("signed by {key}")), "{}", installed.stdout);
    assert_eq!((inspect(&sandbox, "signer"), inspect(&sandbox, "source")), (key, url.clone()));

    let digest = inspect(&sandbox, "digest");
    let _ = sandbox.run(["plugin", "remove", NAME]).success();
    fs::remove_file(web.signature()).unwrap();
    let wrong = format!("sha256:{}", "0".repeat(64));
    let refused = install(&sandbox, &[&url, "--digest", &wrong]).exits(77);
    assert!(
        refused.stderr.contains(&format!("its digest is sha256:{digest}")),
        "{}",
        refused.stderr
    );
    let _ = install(&sandbox, &[&url, "--digest", &format!("sha256:{digest}")]).success();
    assert_eq!(inspect(&sandbox, "signer"), "nobody (dev)");

    let gone = install(&sandbox, &[&format!("{}/no.wasm", web.url)]).exits(69);
    assert!(gone.stderr.contains("the server answered 404"), "{}", gone.stderr);
    let _ = install(&sandbox, &["http://plugins.example/x.wasm"]).exits(2);
}

#[test]
fn an_update_keeps_the_signer_and_can_be_taken_back() {
    let sandbox = Sandbox::without_cloud();
    let web = web(&sandbox);
    let url = web.put(&of_version("0.1.1"));
    let key = sign(&sandbox, "author", &web.file());
    let _ = install(&sandbox, &[&url, "--signer", &key]).success();
    let same = sandbox.run(["plugin", "update"]).success();
    assert!(same.stdout.contains("0.1.1 is the newest"), "{}", same.stdout);

    let _ = web.put(&of_version("0.1.2"));
    let refused = sandbox.run(["plugin", "update"]).exits(77);
    assert!(refused.stderr.contains("and is not signed now"), "{}", refused.stderr);
    let _ = sign(&sandbox, "thief", &web.file());
    let refused = sandbox.run(["plugin", "update", NAME]).exits(77);
    assert!(
        refused
            .stderr
            .contains(&format!("it was signed by `{key}` before, and is now by the minisign key")),
        "{}",
        refused.stderr
    );
    let thief = sign(&sandbox, "thief", &web.file());
    let refused = install(&sandbox, &[&url, "--signer", &thief]).exits(77);
    assert!(
        refused.stderr.contains(&format!("it was signed by `{key}` before")),
        "{}",
        refused.stderr
    );
    let _ = sign(&sandbox, "author", &web.file());
    let updated = sandbox.run(["plugin", "update"]).success();
    assert!(updated.stdout.contains("from 0.1.1 to 0.1.2"), "{}", updated.stdout);

    let _ = web.put(&of_version("0.1.1"));
    let _ = sign(&sandbox, "author", &web.file());
    let refused = sandbox.run(["plugin", "update"]).exits(77);
    assert!(
        refused.stderr.contains("0.1.2 is installed, and 0.1.1 is older"),
        "{}",
        refused.stderr
    );
    let meant = sandbox.run(["plugin", "update", "--allow-downgrade"]).success();
    assert!(meant.stdout.contains("from 0.1.2 to 0.1.1"), "{}", meant.stdout);
    let _ = sandbox.run(["plugin", "rollback", NAME]).success();
    let back = sandbox.run(["plugin", "rollback", NAME]).success();
    assert!(back.stdout.contains("is 0.1.1 again"), "{}", back.stdout);
    assert_eq!(inspect(&sandbox, "version"), "0.1.1");
    let verified = sandbox.run(["plugin", "verify"]).success();
    assert_eq!(verified.stdout, format!("{NAME}: ok, signed\n"));
}

#[test]
fn an_update_of_everything_goes_on_after_one_that_fails_and_exits_with_the_worst() {
    let sandbox = Sandbox::without_cloud();
    let web = web(&sandbox);
    let put = |name: &str, guest: &Guest| {
        fs::write(web.directory.join(name), guest.bytes()).unwrap();
        format!("{}/{name}", web.url)
    };
    let mapping = |version: &str| {
        Guest::of("mapping-house")
            .encoded()
            .replacing("version 0.1.0", &format!("version {version}"))
    };
    let local = sandbox.home().join("intent.wasm");
    fs::write(&local, Guest::of("intent-table").bytes()).unwrap();
    let _ = install(&sandbox, &[local.to_str().unwrap()]).success();
    let (one, other) = (put("a.wasm", &of_version("0.1.1")), put("b.wasm", &mapping("0.1.1")));
    for (url, file) in [(&one, "a.wasm"), (&other, "b.wasm")] {
        let key = sign(&sandbox, file, &web.directory.join(file));
        let _ = install(&sandbox, &[url, "--signer", &key]).success();
    }
    // The first by name is not signed any more, the second is not there, the third is newer.
    let _ = put("a.wasm", &of_version("0.1.2"));
    fs::remove_file(web.directory.join("a.wasm.minisig")).unwrap();
    fs::remove_file(&local).unwrap();
    let _ = put("b.wasm", &mapping("0.1.2"));
    let _ = sign(&sandbox, "b.wasm", &web.directory.join("b.wasm"));
    let updated = sandbox.run(["plugin", "update"]).exits(77);
    assert!(
        updated.stdout.contains("updated `mapping-house` from 0.1.1 to 0.1.2"),
        "{}",
        updated.stdout
    );
    for said in [
        "and is not signed now",
        "there is no file",
        "2 of 3 were not updated: `filter-no-deletes`, `intent-table`",
    ] {
        assert!(updated.stderr.contains(said), "{said}: {}", updated.stderr);
    }
    let missing = sandbox.run(["plugin", "update", "intent-table", "mapping-house"]).exits(2);
    assert!(missing.stdout.contains("`mapping-house` 0.1.2 is the newest"), "{}", missing.stdout);
    assert!(
        missing.stderr.contains("1 of 2 were not updated: `intent-table`"),
        "{}",
        missing.stderr
    );
}

#[test]
fn a_signature_that_was_changed_afterwards_is_found() {
    let sandbox = Sandbox::without_cloud();
    let file = sandbox.home().join("x.wasm");
    fs::write(&file, of_version("0.1.1").bytes()).unwrap();
    let key = sign(&sandbox, "author", &file);
    let path = file.to_str().unwrap();
    let _ = install(&sandbox, &[path, "--signer", &key]).success();
    let plugins = sandbox.home().join(".local/share/audex/plugins");
    let signature = plugins.join(format!("{}.minisig", inspect(&sandbox, "digest")));
    let text = fs::read_to_string(&signature).unwrap();
    fs::write(&signature, text.replace("trusted comment: test", "trusted comment: tost")).unwrap();
    let verified = sandbox.run(["plugin", "verify"]).exits(70);
    assert!(
        verified.stdout.contains("is not of this file: either was changed"),
        "{}",
        verified.stdout
    );
    // A signature that the author put elsewhere; and a key that the user's settings trust.
    let _ = sandbox.run(["plugin", "remove", NAME]).success();
    let elsewhere = sandbox.home().join("signature");
    fs::rename(sandbox.home().join("x.wasm.minisig"), &elsewhere).unwrap();
    let config = sandbox.home().join(".config/audex/config.toml");
    fs::create_dir_all(config.parent().unwrap()).unwrap();
    fs::write(config, format!("[plugins]\nsigners = [\"{key}\"]\n")).unwrap();
    let _ = install(&sandbox, &[path, "--signature", elsewhere.to_str().unwrap()]).success();
    assert_eq!(inspect(&sandbox, "signer"), key);
}

#[test]
fn the_signature_of_a_core_module_is_checked_again_with_the_module_it_is_of() {
    let sandbox = Sandbox::without_cloud();
    let file = sandbox.home().join("x.wasm");
    fs::write(&file, Guest::of(NAME).bytes()).unwrap();
    let key = sign(&sandbox, "author", &file);
    let _ = install(&sandbox, &[file.to_str().unwrap(), "--signer", &key]).success();
    let verify = || sandbox.run(["plugin", "verify"]);
    assert_eq!(verify().success().stdout, format!("{NAME}: ok, signed\n"));
    let plugins = sandbox.home().join(".local/share/audex/plugins");
    let digest = inspect(&sandbox, "digest");
    let [module, signature] =
        ["module", "minisig"].map(|kind| plugins.join(format!("{digest}.{kind}")));

    let good = fs::read(&module).unwrap();
    fs::write(&module, Guest::of(NAME).replacing("version 0.1.0", "version 0.1.1").bytes())
        .unwrap();
    let changed = verify().exits(70).stdout;
    assert!(changed.contains("is not the module it was made of"), "{changed}");
    fs::write(&module, good).unwrap();
    assert_eq!(verify().success().stdout, format!("{NAME}: ok, signed\n"));
    fs::remove_file(signature).unwrap();
    let missing = verify().exits(70).stdout;
    assert!(missing.contains("its signature cannot be checked"), "{missing}");

    let _ = sandbox.run(["plugin", "remove", NAME]).success();
    assert!(!module.exists(), "what nothing names is deleted");
}

#[test]
fn a_teams_set_is_reproduced_exactly_or_not_at_all() {
    let team = Sandbox::without_cloud();
    let web = web(&team);
    let url = web.put(&of_version("0.1.1"));
    let key = sign(&team, "author", &web.file());
    let _ = install(&team, &[&url, "--signer", &key]).success();
    let digest = inspect(&team, "digest");
    let lock = team.home().join(".local/share/audex/plugins/plugins.lock");
    let lock = lock.to_str().unwrap();

    let member = Sandbox::without_cloud();
    let _ = install(&member, &["--locked", lock]).success();
    assert_eq!((inspect(&member, "digest"), inspect(&member, "signer")), (digest.clone(), key));
    let wanted = digest;
    let _ = web.put(&of_version("0.1.2"));
    let _ = sign(&team, "author", &web.file());
    let late = Sandbox::without_cloud();
    let refused = install(&late, &["--locked", lock]).exits(77);
    let said = format!("{lock} wants sha256:{wanted} of `{NAME}`, and {url} is sha256:");
    assert!(
        refused.stderr.contains(&said) && refused.stderr.contains("ask whoever wrote it"),
        "{}",
        refused.stderr
    );
    assert!(late.run(["plugin", "verify"]).success().stdout.contains("nothing is installed"));
}

#[test]
fn what_is_no_lock_installs_nothing_and_options_that_would_not_count_are_refused() {
    let sandbox = Sandbox::without_cloud();
    let file = sandbox.home().join("team.lock");
    let path = file.to_str().unwrap();
    for text in ["", "version = 2\n", "[package]\nname = \"x\"\n", "not toml"] {
        fs::write(&file, text).unwrap();
        let refused = install(&sandbox, &["--locked", path]).exits(2).stderr;
        assert!(
            refused.contains("is not a plugins.lock of tryaudex; nothing was installed"),
            "{refused}"
        );
        assert!(!refused.contains("delete"), "{refused}");
    }
    for words in [
        &["x.wasm", "--yes"][..],
        &["x.wasm", "--locked", path],
        &["--locked", path, "--grant", "slot:aws"],
        &["--locked", path, "--signer", "RWQ"],
        &["--yes"],
    ] {
        let _ = install(&sandbox, words).exits(2);
    }
}

#[test]
fn a_signature_that_is_not_taken_says_which_case_it_is() {
    let sandbox = Sandbox::without_cloud();
    let file = sandbox.home().join("x.wasm");
    fs::write(&file, of_version("0.1.1").bytes()).unwrap();
    let path = file.to_str().unwrap();
    let key = sign(&sandbox, "author", &file);
    let refused = |words: &[&str], code, said: &str, hint: &str| {
        let stderr = install(&sandbox, &[&[path], words].concat()).exits(code).stderr;
        assert!(stderr.contains(said) && stderr.contains(hint), "{stderr}");
        assert!(!stderr.contains("remove"), "nothing is installed: {stderr}");
    };
    refused(&[], 77, "which nobody has named", "--signer THE.pub");
    let shown = sandbox.run(["plugin", "inspect", path]).success().stdout;
    assert!(shown.contains("signed by the minisign key "), "{shown}");
    fs::write(&file, of_version("0.1.2").bytes()).unwrap();
    let said = format!("its signature names `{key}`, and is not of this file");
    refused(&["--signer", &key], 77, &said, "minisign -Sm FILE");
    let minisig = sandbox.home().join("x.wasm.minisig");
    fs::write(&minisig, "nonsense").unwrap();
    refused(&["--signer", &key], 77, "is not a minisign signature", "minisign -Sm FILE");
    fs::remove_file(&minisig).unwrap();
    refused(&["--signer", &key], 77, "it has no minisign signature", "FILE.minisig");

    refused(&["--signer", "nope.pub"], 2, "there is no file `nope.pub`", "minisign.pub");
    // The two lines that `minisign -G` writes; the second is the secret.
    let secret = "RWRTY0IyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".repeat(3);
    fs::write(sandbox.home().join("my.key"), format!("untrusted comment: x\n{secret}\n")).unwrap();
    fs::write(sandbox.home().join("other"), "password = hunter2-hunter2\n").unwrap();
    refused(&["--signer", "my.key"], 2, "`my.key` is a secret key of minisign's", ".pub");
    refused(&["--signer", "other"], 2, "`other` holds no minisign public key", "minisign.pub");
    for named in ["my.key", &secret, "other"] {
        let stderr = install(&sandbox, &[path, "--signer", named]).exits(2).stderr;
        assert!(!stderr.contains("RWRTY0IyAA") && !stderr.contains("hunter2"), "{stderr}");
    }
}

#[test]
fn where_an_answer_leads_is_known() {
    let led = |answers: &[(&str, &str)]| {
        let server = Answerer::scripted(answers);
        let place: Place = format!("{}/x.wasm", server.endpoint).parse().unwrap();
        let fetched = place.fetch(&Environment::default()).unwrap();
        assert_eq!(fetched.bytes, b"component");
        fetched.led_to.iter().map(|to| to.replace(&server.endpoint, "")).collect::<Vec<_>>()
    };
    let none = ("404 Not Found", "");
    let component = ("200 OK", "component");
    assert!(led(&[component, none, none, none]).is_empty());
    let on = ("302 Found\r\nlocation: /other/y.wasm?token=1", "");
    assert_eq!(led(&[on, component, none, none, none]), ["/other/y.wasm"]);
    let back = ("302 Found\r\nlocation: /x.wasm", "");
    // Each on the way, and none of the signature's.
    assert_eq!(led(&[on, back, component, on, none, none, none]), ["/other/y.wasm", "/x.wasm"]);
}

/// A build that cannot tell says so, where somebody asks for an identity and where nobody does.
#[cfg(not(feature = "sigstore"))]
#[test]
fn a_sigstore_bundle_is_not_silently_ignored_by_a_build_that_verifies_none() {
    const NOT_BUILT: &str = "this build of tryaudex does not verify sigstore bundles";
    let sandbox = Sandbox::without_cloud();
    let web = web(&sandbox);
    let url = web.put(&of_version("0.1.1"));
    let identity = "sigstore:me@example.com@https://accounts.example";
    let digest = format!("sha256:{}", audex_core::digest::sha256(of_version("0.1.1").bytes()));
    let refused = |words: &[&str]| {
        let stderr = install(&sandbox, words).exits(77).stderr;
        assert!(stderr.contains(NOT_BUILT), "{stderr}");
    };
    refused(&[&url, "--signer", identity]);
    fs::write(web.directory.join("no-deletes.wasm.sigstore.json"), "{}").unwrap();
    refused(&[&url, "--signer", identity]);
    refused(&[&url]);
    let shown = sandbox.run(["plugin", "inspect", &url]).success().stdout;
    assert!(shown.contains(NOT_BUILT), "{shown}");

    let file = web.file();
    let path = file.to_str().unwrap();
    let organisation = crate::support::organisation::Organisation::of("");
    for rule in ["require_signature = true".to_owned(), format!("signers = [\"{identity}\"]")] {
        organisation.says("config.toml", &format!("[plugins]\n{rule}\n"));
        let refused = organisation.run(&sandbox, ["plugin", "install", path]).exits(77);
        assert!(refused.stderr.contains(NOT_BUILT), "{rule}: {}", refused.stderr);
    }
    // Where its bytes are vouched for otherwise, it is unsigned, and a notice says why.
    for words in [&[path][..], &[&url, "--digest", &digest]] {
        let installed = install(&sandbox, words).success();
        assert!(installed.stdout.contains("not signed (dev)"), "{}", installed.stdout);
        assert!(
            installed.stderr.contains(&format!("does not count: {NOT_BUILT}")),
            "{}",
            installed.stderr
        );
    }
    let key = sign(&sandbox, "author", &file);
    let signed = install(&sandbox, &[path, "--signer", &key]).success();
    assert_eq!(signed.stderr, "", "the key's signature counts");
}
