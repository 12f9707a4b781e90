//! The tests, each a function with a name; arguments choose those whose name contains them.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::net::TcpListener;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener};
use std::path::{Path, PathBuf};
use std::time::Instant;

use audex_child::isolate::{Isolated, Isolation, Mechanism, Network, Prepared, Stage, Support};
use audex_child::{ChildError, Ended, Executable, Signals, look_up, spawn};
use audex_core::environment::{Environment, PATH};
use audex_core::isolation::Level;

mod files;
mod limits;

type Test = (&'static str, fn(&Support));

const TESTS: &[Test] = &[
    ("this_system_has_every_mechanism", this_system_has_every_mechanism),
    ("the_exit_status_is_the_commands", the_exit_status_is_the_commands),
    ("a_command_that_is_not_there_is_127", a_command_that_is_not_there_is_127),
    ("a_hidden_file_and_directory_are_empty", files::a_hidden_file_and_directory_are_empty),
    ("what_is_shown_stays", files::what_is_shown_stays),
    ("a_hidden_directory_cannot_be_left_in", files::a_hidden_directory_cannot_be_left_in),
    ("a_mount_cannot_be_undone", files::a_mount_cannot_be_undone),
    ("a_command_cannot_make_mounts_of_its_own", files::a_command_cannot_make_mounts_of_its_own),
    ("a_record_cannot_be_forged", files::a_record_cannot_be_forged),
    ("a_parent_cannot_be_renamed", files::a_parent_cannot_be_renamed),
    ("a_replaced_file_is_hidden_again", files::a_replaced_file_is_hidden_again),
    ("what_is_read_only_cannot_be_changed", files::what_is_read_only_cannot_be_changed),
    ("a_placeholder_is_there_and_goes", files::a_placeholder_is_there_and_goes),
    ("other_processes_are_not_seen", other_processes_are_not_seen),
    ("nothing_outlives_the_command", nothing_outlives_the_command),
    ("an_address_is_refused", an_address_is_refused),
    (
        "a_socket_outside_is_refused_and_one_inside_is_not",
        a_socket_outside_is_refused_and_one_inside_is_not,
    ),
    (
        "terminals_and_shared_memory_are_the_sessions_own",
        terminals_and_shared_memory_are_the_sessions_own,
    ),
    ("a_command_keeps_the_name_of_its_terminal", a_command_keeps_the_name_of_its_terminal),
    ("root_has_no_capability", root_has_no_capability),
    ("strict_writes_and_reads_where_it_may", limits::strict_writes_and_reads_where_it_may),
    ("strict_reaches_the_given_ports_alone", limits::strict_reaches_the_given_ports_alone),
    ("without_namespaces_landlock_hides", limits::without_namespaces_landlock_hides),
    ("a_command_runs_without_any_one_mechanism", limits::a_command_runs_without_any_one_mechanism),
    ("a_process_that_is_left_holds_nobody_up", limits::a_process_that_is_left_holds_nobody_up),
    ("strict_needs_every_mechanism", limits::strict_needs_every_mechanism),
];

#[expect(clippy::print_stdout, reason = "the report of a test executable")]
pub(crate) fn run() {
    let filters: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let support = Stage::begin().support();
    let chosen =
        |name: &str| filters.is_empty() || filters.iter().any(|f| name.contains(f.as_str()));
    let mut failed = 0;
    for (name, test) in TESTS.iter().filter(|(name, _)| chosen(name)) {
        let start = Instant::now();
        let result = std::panic::catch_unwind(|| test(&support));
        let text = if result.is_ok() { "ok" } else { "FAILED" };
        println!("test {name} ... {text} ({} ms)", start.elapsed().as_millis());
        failed += usize::from(result.is_err());
    }
    if failed > 0 {
        println!("{failed} failed");
        std::process::exit(1);
    }
}

/// A home with a session directory, and what a command of it must not reach.
struct Home {
    _root: tempfile::TempDir,
    path: PathBuf,
    isolated: Isolated,
    ports: Vec<u16>,
}

impl Home {
    fn new(support: &Support, level: Level) -> Self {
        let root = tempfile::tempdir().unwrap();
        let path = fs::canonicalize(root.path()).unwrap();
        let session = path.join("session");
        fs::create_dir(&session).unwrap();
        let isolation = Isolation { level, ..Isolation::default() };
        let isolated = Isolated { isolation, support: support.clone(), session };
        Self { _root: root, path, isolated, ports: Vec::new() }
    }

    fn file(&self, name: &str, contents: &str) -> PathBuf {
        let path = self.path.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, contents).unwrap();
        path
    }

    fn try_run(&self, script: &str, inputs: &[&Path]) -> Result<(String, Ended), ChildError> {
        let mut running = self.start(script, inputs)?;
        drop(running.take_listeners());
        let ended = running.wait(None, || ())?;
        Ok((fs::read_to_string(self.path.join("output")).unwrap_or_default(), ended))
    }

    fn start(&self, script: &str, inputs: &[&Path]) -> Result<audex_child::Running, ChildError> {
        let output = self.path.join("output");
        let script = format!("exec > {} 2>&1; {script}", output.display());
        let words = ["sh", "-c", &script, "sh"].map(OsString::from).into_iter();
        let words: Vec<OsString> = words.chain(inputs.iter().map(OsString::from)).collect();
        let path = Environment::capture().get_os(PATH).unwrap().to_owned();
        let environment = BTreeMap::from([
            ("PATH".into(), path),
            ("HOME".into(), self.path.clone().into_os_string()),
        ]);
        let executable = look_up(&words, environment.get(OsStr::new("PATH")).map(AsRef::as_ref))?;
        let prepared = self.prepare(&executable)?;
        spawn(&executable, &environment, Signals::install()?, Some(prepared))
    }

    fn prepare(&self, executable: &Executable) -> Result<Prepared, ChildError> {
        let mut prepared = Stage::begin().isolate(executable, &self.isolated)?;
        prepared.open_ports(self.ports.clone());
        Ok(prepared)
    }

    /// Runs a script; returns what it printed.
    fn run(&self, script: &str, inputs: &[&Path]) -> String {
        let (text, ended) = self.try_run(script, inputs).unwrap();
        format!("{text}={}", ended.exit_code())
    }
}

fn credentials(support: &Support) -> Home {
    Home::new(support, Level::Credentials)
}

fn this_system_has_every_mechanism(support: &Support) {
    for mechanism in Mechanism::ALL {
        assert_eq!(support.of(mechanism), Ok(()), "{mechanism}");
    }
}

fn the_exit_status_is_the_commands(support: &Support) {
    let home = credentials(support);
    assert_eq!(home.run("exit 7", &[]), "=7");
    assert_eq!(home.run("kill -TERM $$", &[]), "=143");
    assert_eq!(home.run("echo $HOME", &[]), format!("{}\n=0", home.path.display()));
}

fn a_command_that_is_not_there_is_127(support: &Support) {
    let home = credentials(support);
    let file = home.file("tool", "#!/bin/sh\n");
    fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let executable = look_up(&[file.clone().into()], None).unwrap();
    fs::remove_file(file).unwrap();
    let signals = Signals::install().unwrap();
    let prepared = home.prepare(&executable).unwrap();
    let error = spawn(&executable, &BTreeMap::new(), signals, Some(prepared)).err().unwrap();
    assert_eq!(error.exit_code(), 127, "{error}");
}

fn other_processes_are_not_seen(support: &Support) {
    let home = credentials(support);
    let own = std::process::id();
    let script = format!("ls -d /proc/[0-9]*; cat /proc/{own}/environ; kill -0 {own}; echo $$");
    let text = home.run(&script, &[]);
    let processes = text.lines().filter(|line| line.starts_with("/proc/")).count();
    assert!(processes <= 4 && text.contains("/proc/1\n") && !text.contains("PATH="), "{text}");
}

fn nothing_outlives_the_command(support: &Support) {
    let home = credentials(support);
    let script = "setsid nohup sh -c 'echo ready; exec sleep 1000' & while ! grep -q ready $HOME/output; do :; done";
    let _ = home.run(script, &[]);
    let left = fs::read_dir("/proc").unwrap().flatten().filter(|entry| {
        fs::read(entry.path().join("cmdline")).is_ok_and(|line| line == b"sleep\x001000\x00")
    });
    assert_eq!(left.count(), 0);
}

fn python(text: &str) -> String {
    format!("python3 -c '{text}'")
}

fn an_address_is_refused(support: &Support) {
    let mut home = credentials(support);
    let (open, closed) =
        (TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.2:0").unwrap());
    let refused = vec![("127.0.0.2".parse().unwrap(), 32)];
    home.isolated.isolation.network = Network::Shared { refused };
    let (open, closed) = (open.local_addr().unwrap().port(), closed.local_addr().unwrap().port());
    let script = format!(
        "
import socket
def connect(family, *to):
    try:
        socket.socket(family).connect(to); print(\"open\")
    except OSError as error: print(error.strerror)
connect(2, \"127.0.0.1\", {open})
connect(2, \"127.0.0.2\", {closed})
connect(10, \"::ffff:127.0.0.2\", {closed})
s = socket.socket(); s.setblocking(False)
print(s.connect_ex((\"127.0.0.2\", {closed})), s.connect_ex((\"127.0.0.1\", {open})))
print(socket.create_connection((\"127.0.0.1\", {open}), timeout=5).getpeername()[1])
"
    );
    let text = home.run(&python(&script), &[]);
    let denied = "Permission denied\n";
    assert_eq!(text, format!("open\n{denied}{denied}13 115\n{open}\n=0"));
}

fn a_socket_outside_is_refused_and_one_inside_is_not(support: &Support) {
    let mut home = credentials(support);
    let (outside, kept) = (home.path.join("outside"), home.path.join("kept"));
    let listeners = [&outside, &kept].map(|path| UnixListener::bind(path).unwrap());
    let abstract_name = SocketAddr::from_abstract_name("audex-outside");
    let named = UnixListener::bind_addr(&abstract_name.unwrap()).unwrap();
    let datagrams = SocketAddr::from_abstract_name("audex-datagrams").unwrap();
    let datagrams = UnixDatagram::bind_addr(&datagrams).unwrap();
    home.isolated.isolation.sockets = vec![kept];
    let script = r#"
import os, socket, threading
os.chdir(os.environ["HOME"])
os.link("outside", "hard"); os.symlink("outside", "soft")
def connect(to):
    s = socket.socket(socket.AF_UNIX); s.settimeout(5)
    try:
        s.connect(to); print("open"); return s
    except OSError as error: print(error.strerror)
for to in ["outside", os.path.abspath("outside"), "hard", "soft", "\0audex-outside"]: connect(to)
connect("kept")
def serve(to):
    server = socket.socket(socket.AF_UNIX); server.bind(to); server.listen(1)
    threading.Thread(target=lambda: server.accept()[0].sendall(b"hello")).start()
for to in ["inside", "\0audex-inside"]:
    serve(to)
    print(connect(to).recv(9))
try: socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).connect("\0audex-datagrams")
except OSError as error: print(error.strerror)
server = socket.socket(socket.AF_UNIX); server.bind("left")
def leave():
    server.listen(1); os._exit(0)
if not (child := os.fork()): leave()
os.waitpid(child, 0); connect("left")
"#;
    let text = home.run(&python(script), &[]);
    let denied = "Permission denied\n".repeat(5);
    let own = "open\nopen\nb'hello'\nopen\nb'hello'\n";
    assert_eq!(text, format!("{denied}{own}Permission denied\nPermission denied\n=0"));
    drop((listeners, named, datagrams));
}

fn terminals_and_shared_memory_are_the_sessions_own(support: &Support) {
    let home = credentials(support);
    let other = nix::pty::openpty(None, None).unwrap();
    let name = nix::unistd::ttyname(&other.slave).unwrap();
    let shared = PathBuf::from(format!("/dev/shm/audex-test-{}", std::process::id()));
    fs::write(&shared, "secret").unwrap();
    let script = "cat $2; [ -e $1 ] && echo seen; script -qc tty /dev/null; echo x > /dev/shm/x && cat /dev/shm/x; find /dev -type b -readable -size +0";
    let text = home.run(script, &[&name, &shared]);
    fs::remove_file(shared).unwrap();
    assert!(!text.contains("secret") && !text.contains("seen"), "{text}");
    assert!(text.contains("/dev/pts/0\r\n") && text.ends_with("x\n=0"), "{text}");
}

fn a_command_keeps_the_name_of_its_terminal(support: &Support) {
    let home = credentials(support);
    // The fourth one, so that its number is not that of a new terminal.
    let all = [(); 4].map(|()| nix::pty::openpty(None, None).unwrap());
    let name = nix::unistd::ttyname(&all[3].slave).unwrap();
    let before = nix::unistd::dup(std::io::stdin()).unwrap();
    nix::unistd::dup2_stdin(&all[3].slave).unwrap();
    let text = home.run("tty; echo x > $(tty); script -qc tty /dev/null < /dev/null", &[]);
    nix::unistd::dup2_stdin(before).unwrap();
    assert!(text.starts_with(&format!("{}\n", name.display())), "{text}");
    assert!(text.ends_with("=0") && text.matches("/dev/pts/").count() == 2, "{text}");
}

fn root_has_no_capability(support: &Support) {
    let home = credentials(support);
    let text = home.run("grep -E 'Cap(Eff|Prm|Bnd)|NoNewPrivs|Seccomp:' /proc/self/status; echo x > /proc/sys/kernel/core_pattern", &[]);
    let none = "0".repeat(16);
    assert_eq!(text.matches(&none).count(), 3, "{text}");
    assert!(text.contains("NoNewPrivs:\t1") && text.contains("Seccomp:\t2"), "{text}");
}
