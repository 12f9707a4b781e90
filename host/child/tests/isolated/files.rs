//! Files: what is hidden, what is shown, what cannot be changed.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use audex_child::isolate::{Mechanism, Placeholder, Support};

use super::credentials;

pub(super) fn a_hidden_file_and_directory_are_empty(support: &Support) {
    let mut home = credentials(support);
    let file = home.file("docker/config.json", "secret");
    let inside = home.file("aws/credentials", "secret");
    let link = home.path.join("link");
    std::os::unix::fs::symlink(&inside, &link).unwrap();
    home.isolated.isolation.hide = vec![file.clone(), home.path.join("aws"), home.path.join("no")];
    let script = "cat $1 $2 $3; ls -A $4; echo x > $1; echo x > $2; mkdir $4/x";
    let aws = home.path.join("aws");
    let text = home.run(script, &[&file, &inside, &link, &aws]);
    assert!(!text.contains("secret") && text.matches("Read-only").count() == 3, "{text}");
    assert_eq!(fs::read_to_string(file).unwrap(), "secret");
}

pub(super) fn what_is_shown_stays(support: &Support) {
    let mut home = credentials(support);
    let (shown, hidden) =
        (home.file("state/sessions/this/a", "seen"), home.file("state/log", "secret"));
    let deeper = home.file("state/sessions/this/key/b", "secret");
    home.isolated.isolation.hide =
        vec![home.path.join("state"), home.path.join("state/sessions/this/key")];
    home.isolated.isolation.show = vec![home.path.join("state/sessions/this")];
    let text = home.run("cat $1 $2 $3", &[&shown, &hidden, &deeper]);
    assert!(text.starts_with("seen") && !text.contains("secret"), "{text}");
}

/// The working directory itself is a way past a mount.
pub(super) fn a_hidden_directory_cannot_be_left_in(support: &Support) {
    let mut home = credentials(support);
    let secret = home.file("aws/inside/credentials", "secret");
    home.isolated.isolation.hide = vec![home.path.join("aws")];
    let before = std::env::current_dir().unwrap();
    std::env::set_current_dir(secret.parent().unwrap()).unwrap();
    let error = home.try_run("cat credentials", &[]).err();
    std::env::set_current_dir(home.path.join("aws")).unwrap();
    let text = home.run("cat inside/credentials credentials; ls -A; echo", &[]);
    std::env::set_current_dir(before).unwrap();
    assert!(error.unwrap().to_string().contains("is it hidden?"));
    assert!(!text.contains("secret"), "{text}");
}

pub(super) fn a_mount_cannot_be_undone(support: &Support) {
    let mut home = credentials(support);
    let secret = home.file("aws/credentials", "secret");
    let aws = home.path.join("aws");
    home.isolated.isolation.hide = vec![aws.clone()];
    let script = "umount $2; cat $1; unshare -Urm sh -c 'umount $2; cat $1; mkdir /tmp/o; mount --bind $3 /tmp/o; cat /tmp/o/aws/credentials' sh $1 $2 $3; rmdir /tmp/o";
    let text = home.run(script, &[&secret, &aws, &home.path]);
    assert!(!text.contains("secret\n") && !text.contains("secret="), "{text}");
    // Its twin: with its capabilities and without Landlock, root unmounts.
    if nix::unistd::geteuid().is_root() {
        home.isolated.isolation.without = [Mechanism::Capabilities, Mechanism::Landlock].into();
        let text = home.run("umount $2; cat $1", &[&secret, &aws]);
        assert_eq!(text, "secret=0");
    }
}

/// In a namespace of its own, a command could keep away the mounts that cover a file that comes later.
pub(super) fn a_command_cannot_make_mounts_of_its_own(support: &Support) {
    let mut home = credentials(support);
    let script = "unshare -Urm --propagation unchanged sh -c 'mount --make-rprivate / && echo private'; mv $HOME/a $HOME/b/a && echo moved";
    home.file("a", "");
    home.file("b/c", "");
    let text = home.run(script, &[]);
    assert!(!text.contains("private\n") && text.contains("moved"), "{text}");
    home.isolated.isolation.without = [Mechanism::Landlock].into();
    // Root without CAP_SETFCAP maps its own id into no namespace (Linux 5.12), so there its twin is the capability's.
    if nix::unistd::geteuid().is_root() {
        home.isolated.isolation.without.insert(Mechanism::Capabilities);
    }
    assert!(home.run(script, &[]).contains("private\n"));
}

/// The record of the placeholders is not in the command's reach.
pub(super) fn a_record_cannot_be_forged(support: &Support) {
    let mut home = credentials(support);
    let (file, own) = (home.path.join(".zshrc"), home.file("own", "own"));
    home.isolated.isolation.read_only = vec![file.clone()];
    let contents = String::new();
    home.isolated.isolation.placeholders = vec![Placeholder::File { path: file.clone(), contents }];
    let script = "for r in $HOME/session.placeholders $HOME/placeholders.lock $HOME/session/placeholders; do cat $r; ln -sf $1 $r; rm $r; mkfifo $r; done; ls $HOME";
    let text = home.run(script, &[&own]);
    assert!(!text.contains(".zshrc\0") && fs::read_to_string(own).unwrap() == "own", "{text}");
    assert!(!file.exists() && !home.path.join("session.placeholders").exists());
}

pub(super) fn a_parent_cannot_be_renamed(support: &Support) {
    let mut home = credentials(support);
    let file = home.file("config/git/config", "own");
    home.isolated.isolation.read_only = vec![file.clone()];
    let script = "mv config other; mkdir -p config/git; echo planted > config/git/config; cat $1";
    let text = home.run(&format!("cd {}; {script}", home.path.display()), &[&file]);
    assert!(text.ends_with("own=0"), "{text}");
    assert_eq!(fs::read_to_string(file).unwrap(), "own");
}

fn await_text(path: &Path, text: &str) {
    let start = Instant::now();
    while !fs::read_to_string(path).unwrap_or_default().contains(text) {
        assert!(start.elapsed() < Duration::from_secs(20), "{text}");
        std::thread::yield_now();
    }
}

/// A mount goes when its file is replaced from outside.
pub(super) fn a_replaced_file_is_hidden_again(support: &Support) {
    let mut home = credentials(support);
    let file = home.file("config.json", "secret");
    let (late, own) = (home.path.join("late"), home.file("rc", "own"));
    home.isolated.isolation.hide = vec![file.clone(), late.clone()];
    home.isolated.isolation.read_only = vec![own.clone()];
    let script = "echo ready; i=0; while ! [ -e $4 ]; do sleep 0.01; done; while { [ -s $1 ] || [ -s $2 ]; } && [ $((i+=1)) -lt 500 ]; do sleep 0.01; done; cat $1 $2; echo x >> $3";
    let done = home.path.join("done");
    let running = home.start(script, &[&file, &late, &own, &done]).unwrap();
    await_text(&home.path.join("output"), "ready");
    for (path, text) in [(&file, "secret"), (&late, "secret"), (&own, "own")] {
        fs::write(home.path.join("new"), text).unwrap();
        fs::rename(home.path.join("new"), path).unwrap();
    }
    fs::write(&done, "").unwrap();
    running.wait(None, || ()).unwrap();
    let text = fs::read_to_string(home.path.join("output")).unwrap();
    assert!(!text.contains("secret") && text.contains("Read-only"), "{text}");
    assert_eq!(fs::read_to_string(own).unwrap(), "own");
}

pub(super) fn what_is_read_only_cannot_be_changed(support: &Support) {
    let mut home = credentials(support);
    let (file, inside) = (home.file(".bashrc", "own"), home.file("bin/tool", "own"));
    home.isolated.isolation.read_only = vec![file.clone(), home.path.join("bin")];
    let script = "cat $1 $2; echo x >> $1; rm $1; mv $2 $2.x; echo x > $3/bin/new; ln -s x $3/bin/y; echo x > $3/free; cat $3/free";
    let text = home.run(script, &[&file, &inside, &home.path]);
    assert!(text.starts_with("ownown") && text.ends_with("x\n=0"), "{text}");
    assert_eq!(
        [fs::read_to_string(file).unwrap(), fs::read_to_string(inside).unwrap()],
        ["own", "own"]
    );
    assert_eq!(fs::read_dir(home.path.join("bin")).unwrap().count(), 1);
}

pub(super) fn a_placeholder_is_there_and_goes(support: &Support) {
    let mut home = credentials(support);
    let (file, bin) = (home.path.join(".bash_profile"), home.path.join(".local/bin"));
    home.isolated.isolation.read_only = vec![file.clone(), bin.clone()];
    home.isolated.isolation.placeholders = vec![
        Placeholder::File { path: file.clone(), contents: "seen\n".to_owned() },
        Placeholder::Directory { path: bin.clone() },
    ];
    let text = home.run("cat $1; echo x > $1; echo x > $2/tool; mv $1 $1.x", &[&file, &bin]);
    assert!(text.starts_with("seen\n") && text.matches("Read-only").count() == 2, "{text}");
    assert!(!file.exists() && !home.path.join(".local").exists());
}

/// A start-up file can be a pipe, which waits for a writer when it is opened.
pub(super) fn a_pipe_in_the_place_of_a_file_holds_nothing_up(support: &Support) {
    let mut home = credentials(support);
    let (read_only, hidden) = (home.path.join(".zshrc"), home.path.join("key"));
    for pipe in [&read_only, &hidden] {
        nix::unistd::mkfifo(pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    }
    home.file("output", "");
    home.isolated.isolation.read_only = vec![read_only.clone()];
    home.isolated.isolation.hide = vec![hidden.clone()];
    let contents = String::new();
    home.isolated.isolation.placeholders =
        vec![Placeholder::File { path: read_only.clone(), contents }];
    for without in [None, Some(Mechanism::UserNamespace)] {
        home.isolated.isolation.without = without.into_iter().collect();
        let text = home.run("rm -f $1 $2; echo ran", &[&read_only, &hidden]);
        assert!(text.ends_with("ran\n=0"), "{text}");
        assert!(read_only.exists() && hidden.exists(), "{text}");
    }
}

pub(super) fn the_last_of_two_commands_removes_what_both_rest_on(support: &Support) {
    let mut one = credentials(support);
    let mut other = credentials(support);
    let (file, done) = (one.path.join(".zshenv"), one.path.join("done"));
    // Both are sessions of one user, side by side.
    other.isolated.session = one.path.join("other-session");
    fs::create_dir(&other.isolated.session).unwrap();
    for home in [&mut one, &mut other] {
        home.isolated.isolation.read_only = vec![file.clone()];
        let contents = String::new();
        home.isolated.isolation.placeholders =
            vec![Placeholder::File { path: file.clone(), contents }];
    }
    let script = "echo ready; while ! [ -e $2 ]; do sleep 0.01; done; echo x > $1 || echo refused";
    let running = other.start(script, &[&file, &done]).unwrap();
    await_text(&other.path.join("output"), "ready");
    let text = one.run("echo x > $1 || echo refused", &[&file]);
    assert!(text.ends_with("refused\n=0") && file.exists(), "{text}");
    fs::write(&done, "").unwrap();
    running.wait(None, || ()).unwrap();
    let text = fs::read_to_string(other.path.join("output")).unwrap();
    assert!(text.ends_with("refused\n") && !file.exists(), "{text}");
}
