use std::fs;
use std::os::unix::net::UnixListener;
use std::path::Path;

use audex_child::isolate::Network;
use audex_core::environment::{Environment, HOME};

use super::*;
use crate::settings::Flags;
use crate::settings::isolation::{Choices, Hide, IsolationFlags};

/// A home directory with these files of settings.
struct Home {
    root: tempfile::TempDir,
}

impl Home {
    fn new(user: &str, organisation: &str) -> Self {
        let root = tempfile::tempdir().unwrap();
        for (directory, text) in [(".config/audex", user), ("etc", organisation)] {
            fs::create_dir_all(root.path().join(directory)).unwrap();
            fs::write(root.path().join(directory).join("config.toml"), text).unwrap();
        }
        Self { root }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn prepare(&self, level: Level, choices: Choices) -> Result<Option<Isolating>, IsolationError> {
        self.prepare_with(&[], level, choices)
    }

    fn prepare_with(
        &self,
        variables: &[(&str, &Path)],
        level: Level,
        choices: Choices,
    ) -> Result<Option<Isolating>, IsolationError> {
        let home = [(HOME, self.root.path())];
        let environment = Environment::from_pairs(home.iter().chain(variables).copied());
        let mut paths = Paths::resolve(&environment).unwrap();
        paths.organisation = self.path("etc");
        let isolation = IsolationFlags { level: Some(level), choices, ..IsolationFlags::default() };
        let flags = Flags { isolation, ..Flags::default() };
        let settings = Settings::resolve_in(paths, flags).unwrap();
        let stage = (level > Level::Off).then(|| Stage::not_started(Support::default()));
        Isolating::prepare(&environment, &settings, &[], stage)
    }

    fn isolating(&self, level: Level, choices: Choices) -> Isolating {
        self.prepare(level, choices).unwrap().unwrap()
    }
}

fn hides(isolating: &Isolating, path: &Path) -> bool {
    isolating.isolation.hide.iter().any(|hidden| path.starts_with(hidden))
}

fn hiding(what: &str) -> Choices {
    Choices { hide: vec![Hide::parse(what).unwrap()], ..Choices::default() }
}

#[test]
fn nothing_is_settled_for_off() {
    let home = Home::new("", "");
    assert!(home.prepare(Level::Off, Choices::default()).unwrap().is_none());
}

#[test]
fn clouds_and_the_programs_own_files_are_hidden_and_families_by_name_only() {
    let home = Home::new("[secrets]\nKEY = { file = \"/srv/app.pem\" }\n", "");
    let plain = home.isolating(Level::Credentials, Choices::default());
    for name in [
        ".aws/credentials",
        ".config/gcloud/credentials.db",
        ".azure/msal_token_cache.json",
        ".vault-token",
        ".kube/config",
        ".docker/config.json",
        ".config/audex/config.toml",
        ".local/state/audex/audit.jsonl",
    ] {
        assert!(hides(&plain, &home.path(name)), "{name}");
    }
    assert!(hides(&plain, Path::new("/srv/app.pem")));
    for name in [".ssh/id_ed25519", ".netrc", "notes.txt", ".docker/cli-plugins"] {
        assert!(!hides(&plain, &home.path(name)), "{name}");
    }
    let ssh = home.isolating(Level::Credentials, hiding("ssh"));
    assert!(hides(&ssh, &home.path(".ssh/id_ed25519")));
    assert!(ssh.isolation.show.contains(&home.path(".ssh/known_hosts")));
    assert!(hides(&home.isolating(Level::Strict, Choices::default()), &home.path(".netrc")));
}

#[test]
fn the_user_shows_what_a_table_hides_and_not_what_the_organisation_hides() {
    let home = Home::new("[isolate]\nshow = [\"~/.kube\"]\n", "");
    let shown = home.isolating(Level::Credentials, Choices::default());
    assert!(!hides(&shown, &home.path(".kube/config")));
    assert!(hides(&shown, &home.path(".aws/config")));
    let theirs = Home::new(
        "[isolate]\nshow = [\"~/.kube/config\"]\n",
        "[isolate]\nhide = [\"~/.kube\", \"netrc\"]\n",
    );
    let refused = theirs.prepare(Level::Credentials, Choices::default()).unwrap_err();
    assert!(matches!(refused, IsolationError::Theirs { .. }), "{refused}");
    // Showing a directory around it shows nothing of it.
    let around =
        Home::new("[isolate]\nshow = [\"~/\"]\n", "[isolate]\nhide = [\"~/.kube\", \"netrc\"]\n");
    let around = (around.isolating(Level::Credentials, Choices::default()), around);
    assert!(hides(&around.0, &around.1.path(".kube/config")));
    assert!(hides(&around.0, &around.1.path(".netrc")));
    assert!(!hides(&around.0, &around.1.path(".aws/config")));
}

#[test]
fn what_is_to_be_written_is_not_read_only_and_a_part_of_it_cannot_be_chosen() {
    let home = Home::new("", "");
    let fixed = |choices| home.isolating(Level::Credentials, choices).isolation.read_only;
    let writing = |name: &str| Choices { write: vec![home.path(name)], ..Choices::default() };
    assert!(fixed(Choices::default()).contains(&home.path(".ssh")));
    assert!(!fixed(writing(".ssh")).contains(&home.path(".ssh")));
    let part = home.prepare(Level::Credentials, writing(".ssh/config")).unwrap_err();
    assert!(matches!(part, IsolationError::PartOfWhole { .. }), "{part}");
}

#[test]
fn only_strict_limits_where_the_command_reads_writes_and_connects() {
    let home = Home::new("", "");
    let credentials = home.isolating(Level::Credentials, Choices::default()).isolation;
    assert!(credentials.write.is_empty() && credentials.read.is_empty());
    assert!(matches!(&credentials.network, Network::Shared { refused } if !refused.is_empty()));
    let session = home.path("session");
    let choices = Choices { read: vec![PathBuf::from("/srv/data")], ..Choices::default() };
    let strict = home.isolating(Level::Strict, choices).of_session(&session);
    assert!(strict.isolation.read.contains(&PathBuf::from("/srv/data")));
    assert!(strict.isolation.write.contains(&session) && strict.isolation.show.contains(&session));
    assert_eq!(strict.isolation.network, Network::Closed);
    assert!(!strict.isolation.write.contains(&home.path("")));
}

#[test]
fn the_socket_of_ssh_agent_is_hidden_unless_it_is_kept() {
    let home = Home::new("", "");
    let _server = UnixListener::bind(home.path("agent.sock")).unwrap();
    let socket = home.path("agent.sock").canonicalize().unwrap();
    let with = |choices| {
        let variables = [(named::SSH_AUTH_SOCK, socket.as_path())];
        home.prepare_with(&variables, Level::Credentials, choices).unwrap().unwrap()
    };
    let plain = with(Choices::default());
    assert!(hides(&plain, &socket) && !plain.isolation.sockets.contains(&socket));
    let kept = with(Choices { keep: vec![Keep::SshAgent], ..Choices::default() });
    assert!(!hides(&kept, &socket) && kept.isolation.sockets.contains(&socket));
    // A variable shows nothing else: neither a file, nor what is hidden.
    fs::create_dir(home.path(".aws")).unwrap();
    let _posing = UnixListener::bind(home.path(".aws/agent")).unwrap();
    for name in [".aws", ".aws/agent", "etc/config.toml"] {
        let path = home.path(name);
        let variables = [(named::SSH_AUTH_SOCK, path.as_path())];
        let choices = Choices { keep: vec![Keep::SshAgent], ..Choices::default() };
        let led = home.prepare_with(&variables, Level::Credentials, choices).unwrap().unwrap();
        assert!(!led.isolation.show.contains(&path) && !led.isolation.sockets.contains(&path));
    }
}

#[test]
fn a_link_to_a_shown_socket_is_shown_and_the_organisations_is_not() {
    let home = Home::new("", "");
    fs::create_dir(home.path(".kube")).unwrap();
    std::os::unix::fs::symlink(home.path(".kube"), home.path("link")).unwrap();
    let show = |home: &Home, name: &str| {
        let choices = Choices { show: vec![home.path(name)], ..Choices::default() };
        home.prepare(Level::Credentials, choices)
    };
    let shown = show(&home, "link").unwrap().unwrap();
    assert!(!hides(&shown, &home.path(".kube/config")));
    let theirs = Home::new("", "[isolate]\nhide = [\"~/.kube\"]\n");
    fs::create_dir(theirs.path(".kube")).unwrap();
    std::os::unix::fs::symlink(theirs.path(".kube"), theirs.path("link")).unwrap();
    assert!(matches!(show(&theirs, "link"), Err(IsolationError::Theirs { .. })));
}

#[test]
fn docker_names_the_reason_and_keeps_a_daemon_that_is_elsewhere() {
    let led = |home: &Home, host: Option<&str>| {
        let isolating = home.isolating(Level::Credentials, Choices::default());
        let mut environment: BTreeMap<OsString, OsString> =
            host.map(|host| (DOCKER_HOST.into(), host.into())).into_iter().collect();
        isolating.lead(&mut environment, Path::new("/s"));
        assert_eq!(environment[OsStr::new(AUDEX_OUTER_SESSION)], "/s");
        environment.get(OsStr::new(DOCKER_HOST)).cloned()
    };
    let home = Home::new("", "");
    assert_eq!(led(&home, None), Some(NO_DOCKER.into()));
    assert_eq!(led(&home, Some("unix:///run/user/7/docker.sock")), Some(NO_DOCKER.into()));
    assert_eq!(led(&home, Some("tcp://192.0.2.1:2376")), Some("tcp://192.0.2.1:2376".into()));
    let shown = Home::new("[isolate]\nshow = [\"/run/docker.sock\"]\n", "");
    assert_eq!(led(&shown, None), None);
}

#[test]
fn a_level_that_does_not_hold_in_full_meets_no_demand() {
    let home = Home::new("", "");
    let mut isolating = home.isolating(Level::Strict, Choices::default());
    isolating.support = Support::default();
    isolating.assessment = assess(&isolating.isolation, &isolating.support);
    assert_eq!(isolating.told(), filter::Isolation::Off);
    let plain = IsolationSettings::default();
    assert!(isolating.check(&plain, Deliver::Gateway).is_err());
    isolating.isolation.level = Level::Credentials;
    let notices = isolating.check(&plain, Deliver::Env).unwrap();
    assert!(notices[0].contains("does not hold in full"), "{notices:?}");
    let minimum = Some((Level::Credentials, home.path("etc/config.toml")));
    let demanded = IsolationSettings { minimum, ..IsolationSettings::default() };
    let refused = isolating.check(&demanded, Deliver::Env).unwrap_err().to_string();
    assert!(refused.contains("requires the isolation `credentials`"), "{refused}");
    assert!(!isolating.record().not_held.is_empty() && isolating.record().mechanisms.is_empty());
}

#[test]
fn choices_that_do_less_than_they_seem_to_are_told() {
    let home = Home::new("", "");
    let missing = home.path("missing");
    let told = |write: Vec<PathBuf>, hosts: &[&str], deliver| {
        let allow_hosts = hosts.iter().map(|host| host.parse().unwrap()).collect();
        let choices = Choices { write, allow_hosts, ..Choices::default() };
        let settings =
            IsolationSettings { choices: choices.clone(), ..IsolationSettings::default() };
        let mut isolating = home.isolating(Level::Strict, choices);
        isolating.assessment = Assessment { parts: Vec::new() };
        isolating.check(&settings, deliver).unwrap().join("\n")
    };
    let text = told(vec![missing.clone()], &[], Deliver::Env);
    assert!(text.contains(&format!("`{}` does not exist", missing.display())), "{text}");
    assert!(text.contains("reaches no cloud"), "{text}");
    let exists = vec![home.path("etc")];
    assert_eq!(told(exists.clone(), &[], Deliver::Gateway), "");
    assert_eq!(told(exists, &["example.com"], Deliver::Env), "");
}

#[test]
fn a_working_directory_that_has_the_home_in_it_is_told_under_strict() {
    let home = Home::new("", "");
    let bases = |working: &str| {
        let environment = Environment::from_pairs([(HOME, home.root.path())]);
        Bases::of(&environment, &home.path(working))
    };
    assert!(weak(Level::Strict, &bases(""), [&[], &[]])[0].contains("has your home in it"));
    assert!(weak(Level::Strict, &bases("etc"), [&[], &[]]).is_empty());
    assert!(weak(Level::Credentials, &bases(""), [&[], &[]]).is_empty());
}
