//! The level `strict`, and systems that lack a mechanism.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};

use audex_child::isolate::{Mechanism, Network, Support, assess};
use audex_core::isolation::Level;
use nix::unistd::Pid;

use super::{Home, credentials, python};

fn strict(support: &Support) -> Home {
    let mut home = Home::new(support, Level::Strict);
    let isolation = &mut home.isolated.isolation;
    isolation.write = vec![home.path.join("work"), home.path.join("output")];
    isolation.read = ["/usr", "/bin", "/lib", "/lib64", "/etc"].map(PathBuf::from).into();
    isolation.network = Network::Closed;
    fs::write(home.path.join("output"), "").unwrap();
    fs::create_dir(home.path.join("work")).unwrap();
    home
}

pub(super) fn strict_writes_and_reads_where_it_may(support: &Support) {
    let home = strict(support);
    let secret = home.file("other/file", "secret");
    let script = "echo written > $1/work/a; cat $1/work/a; cat $2; echo x > $2; echo x > $1/b; head -c 1 /etc/passwd > /dev/null && echo read";
    let text = home.run(script, &[&home.path, &secret]);
    assert!(text.starts_with("written\n") && text.ends_with("read\n=0"), "{text}");
    assert!(!text.contains("secret\n") && text.matches("Permission denied").count() == 3, "{text}");
}

pub(super) fn strict_reaches_the_given_ports_alone(support: &Support) {
    let mut home = strict(support);
    let (given, other) =
        (TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
    let (given, other) = (given.local_addr().unwrap().port(), other.local_addr().unwrap().port());
    home.ports = vec![given];
    let script = format!(
        "
import socket
for port in [{given}, {other}]:
    try: print(socket.create_connection((\"127.0.0.1\", port), timeout=5).recv(9))
    except OSError as error: print(error.strerror)
"
    );
    let mut running = home.start(&python(&script), &[]).unwrap();
    let inner = running.take_listeners().into_iter().next().unwrap();
    assert_eq!(inner.local_addr().unwrap().port(), given);
    let served = std::thread::spawn(move || {
        let (mut stream, _): (TcpStream, _) = inner.accept().unwrap();
        std::io::Write::write_all(&mut stream, b"hello").unwrap();
    });
    running.wait(None, || ()).unwrap();
    served.join().unwrap();
    let text = fs::read_to_string(home.path.join("output")).unwrap();
    assert_eq!(text, "b'hello'\nConnection refused\n");
}

pub(super) fn strict_needs_every_mechanism(support: &Support) {
    for mechanism in [Mechanism::Landlock, Mechanism::UserNamespace, Mechanism::ConnectSupervisor] {
        let mut home = strict(support);
        home.isolated.support =
            Support::of_all(
                |other| {
                    if other == mechanism { Err("forbidden".to_owned()) } else { Ok(()) }
                },
            );
        assert!(
            !assess(&home.isolated.isolation, &home.isolated.support).is_whole(),
            "{mechanism}"
        );
        let error = home.try_run("echo ran", &[]).err().unwrap();
        assert!(error.exit_code() == 69 && error.to_string().contains("forbidden"), "{error}");
    }
}

pub(super) fn without_namespaces_landlock_hides(support: &Support) {
    let mut home = credentials(support);
    let (hidden, free) =
        (home.file("aws/credentials", "secret"), home.file("aws-tool/file", "free"));
    let (own, link) = (home.file(".bashrc", "own"), home.path.join("link"));
    std::os::unix::fs::symlink(home.path.join("aws"), &link).unwrap();
    home.file("output", "");
    let work = home.path.join("work");
    home.file("work/.git/config", "");
    let isolation = &mut home.isolated.isolation;
    isolation.hide = vec![home.path.join("aws"), home.path.join("later")];
    isolation.read_only = vec![own.clone(), home.path.join(".zshrc")];
    isolation.without = [Mechanism::UserNamespace].into();
    let before = std::env::current_dir().unwrap();
    isolation.read_only.push(work.join(".git/config"));
    std::env::set_current_dir(&work).unwrap();
    let script = "echo x > new; cat $1 $2 $3; echo x >> $2; echo x >> $3; cat $4/credentials; echo x > $5/.zshrc; cat /proc/$6/environ; echo";
    let host = PathBuf::from(std::process::id().to_string());
    let text = home.run(script, &[&hidden, &free, &own, &link, &home.path, &host]);
    std::env::set_current_dir(before).unwrap();
    assert_eq!(fs::read_to_string(work.join("new")).unwrap(), "x\n");
    assert!(text.contains("freeown") && text.matches("Permission denied").count() == 5, "{text}");
    assert!(!text.contains("secret") && !text.contains("PATH="), "{text}");
    assert_eq!(fs::read_to_string(free).unwrap(), "freex\n");
    assert_eq!(fs::read_to_string(own).unwrap(), "own");
}

/// Without a PID namespace, a process can stay. The filter still reports its connections, and no supervisor answers.
pub(super) fn a_process_that_is_left_holds_nobody_up(support: &Support) {
    let mut home = credentials(support);
    home.isolated.isolation.without = [Mechanism::PidNamespace].into();
    let script = "setsid sh -c 'echo $$; exec sleep 60' & while ! [ -s $HOME/output ]; do :; done";
    let text = home.run(script, &[]);
    let left = text.lines().next().unwrap();
    assert!(Path::new("/proc").join(left).exists(), "{text}");
    let left = Pid::from_raw(left.parse().unwrap());
    nix::sys::signal::kill(left, nix::sys::signal::Signal::SIGKILL).unwrap();
}

pub(super) fn a_command_runs_without_any_one_mechanism(support: &Support) {
    for mechanism in Mechanism::ALL {
        let mut home = credentials(support);
        home.file("output", "");
        home.isolated.isolation.without = [mechanism].into();
        assert_eq!(home.run("echo ran", &[]), "ran\n=0", "{mechanism}");
    }
}
