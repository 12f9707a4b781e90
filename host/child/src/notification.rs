//! Notifications of the desktop, where there is one.

use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use audex_core::environment::{Environment, HOME, PATH, XDG_RUNTIME_DIR};

use super::look_up;

/// The tool of the desktops of Linux. Source: libnotify, notify-send(1).
const TOOL: &str = "notify-send";
/// The address of the bus on which notifications are shown. Source: D-Bus specification, "Well-known message bus instances".
const BUS: &str = "DBUS_SESSION_BUS_ADDRESS";
/// What the tool needs to find the bus and the desktop.
const NEEDED: [&str; 6] = [BUS, XDG_RUNTIME_DIR, HOME, "DISPLAY", "WAYLAND_DISPLAY", "LANG"];
/// The longest time of the tool, which waits for a bus that does not answer.
const TIME: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Shows `summary` and `body` if there is a desktop with the tool for it. Returns true if it was shown.
///
/// Security: desktops take markup in the body, so its characters are escaped.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "the command is started elsewhere; this is a tool of the desktop"
)]
pub fn notify(environment: &Environment, summary: &str, body: &str) -> bool {
    let runtime = environment.get_os(XDG_RUNTIME_DIR).map(Path::new);
    let has_bus = environment.get_os(BUS).is_some()
        || runtime.is_some_and(|directory| directory.join("bus").exists());
    let tool = look_up(&[OsString::from(TOOL)], environment.get_os(PATH));
    let Some(tool) = tool.ok().filter(|_| has_bus) else { return false };
    let needed =
        |name: &&str| Some((OsStr::new(name).to_owned(), environment.get_os(name)?.to_owned()));
    let child = Command::new(tool.path())
        .args(["--app-name=tryaudex", "--", summary])
        .arg(escaped(body))
        .current_dir("/")
        .process_group(0)
        .env_clear()
        .envs(NEEDED.iter().filter_map(needed))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut child) = child else { return false };
    let began = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return status.success(),
            Ok(None) if began.elapsed() < TIME => std::thread::sleep(LOOK_EVERY),
            _ => {
                // It may have ended meanwhile.
                let _ = child.kill();
                let _ = child.wait();
                return false;
            }
        }
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn the_tool_gets_the_text_without_markup_and_nothing_of_the_environment() {
        let directory = tempfile::tempdir().unwrap();
        let tool = directory.path().join(TOOL);
        let told = directory.path().join("told");
        let script = format!(
            "#!/bin/sh\nprintf '%s\\n' \"$@\" > {0}\n/usr/bin/env >> {0}\n",
            told.display()
        );
        fs::write(&tool, script).unwrap();
        fs::set_permissions(&tool, fs::Permissions::from_mode(0o755)).unwrap();
        let path = directory.path().to_str().unwrap();
        let pairs = [(PATH, path), (BUS, "unix:path=/x"), ("AWS_SECRET_ACCESS_KEY", "planted")];
        let environment = Environment::from_pairs(pairs);
        let _guard = crate::one_at_a_time();
        assert!(notify(&environment, "-s", "<b>s3:*</b> & more"));
        let told = fs::read_to_string(told).unwrap();
        assert!(told.contains("\n--\n-s\n&lt;b&gt;s3:*&lt;/b&gt; &amp; more\n"), "{told}");
        assert!(!told.contains("planted"), "{told}");
        assert!(!notify(&Environment::from_pairs([(PATH, path)]), "s", "without a desktop"));
        assert!(!notify(
            &Environment::from_pairs([(PATH, "/none"), (BUS, "x")]),
            "s",
            "without the tool"
        ));
    }
}
