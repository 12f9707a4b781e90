//! Copies the user's name, e-mail address and trusted directories out of a `git` configuration that is
//! otherwise hidden from the command.
//!
//! The copy must contain no setting that names a program, an address or a credential. Copying never fails: if
//! the name is missing, `git` refuses a commit with its own message.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use audex_core::environment::{Environment, GIT_CONFIG_GLOBAL, HOME, XDG_CONFIG_HOME};

/// The largest configuration that is read; one with many aliases has a tenth of this size.
const CONFIG_BYTES: u64 = 256 * 1024;

/// The copied settings, as section and key; a section with a subsection does not match. Without
/// `safe.directory`, `git` refuses directories that the user trusts.
const COPIED: [(&str, &str); 3] = [("user", "name"), ("user", "email"), ("safe", "directory")];

/// Returns a configuration with the settings of [`COPIED`] only. Files named by `include.path` are not read.
pub(super) fn copied(parent: &Environment) -> String {
    let texts = files(parent).into_iter().filter_map(|path| read(&path));
    let entries = texts.flat_map(|text| entries(&text));
    let lines: Vec<String> =
        entries.map(|(section, key, value)| line(section, key, &value)).collect();
    lines.concat()
}

/// Returns the paths of the user's files in the order of `git`: later files override earlier ones
/// (git-config, "FILES").
fn files(parent: &Environment) -> Vec<PathBuf> {
    if let Some(only) = parent.get_os(GIT_CONFIG_GLOBAL) {
        return vec![only.into()];
    }
    let home = parent.get_os(HOME).map(Path::new);
    let base = parent.get_os(XDG_CONFIG_HOME).map(PathBuf::from);
    let base = base.or_else(|| home.map(|home| home.join(".config")));
    let own = home.map(|home| home.join(".gitconfig"));
    base.map(|base| base.join("git/config")).into_iter().chain(own).collect()
}

/// Reads a regular file of at most [`CONFIG_BYTES`]. Opening a pipe would wait for its writer.
fn read(path: &Path) -> Option<String> {
    let is_small =
        std::fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() <= CONFIG_BYTES);
    if !is_small {
        return None;
    }
    let mut bytes = Vec::new();
    let _ = File::open(path).ok()?.take(CONFIG_BYTES).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// Finds the settings to copy (git-config, "Syntax"). Skips a setting that cannot be parsed, up to the end of
/// its line.
fn entries(text: &str) -> Vec<(&'static str, &'static str, String)> {
    let mut found = Vec::new();
    let mut rest = text.trim_start_matches('\u{feff}').trim_start();
    let mut section = "";
    while !rest.is_empty() {
        let (row, below) = rest.split_once('\n').unwrap_or((rest, ""));
        // A key may follow the section's name on the same line.
        if let Some((name, _)) = row.strip_prefix('[').and_then(|row| row.split_once(']')) {
            section = name.trim();
            rest = rest.split_once(']').map_or("", |(_, rest)| rest);
        } else if let Some(key) = row.split_once('=').and_then(|(key, _)| key_of(key)) {
            let (value, after) = value(rest.split_once('=').map_or("", |(_, rest)| rest));
            let same = |(of, name): &(&str, &str)| {
                of.eq_ignore_ascii_case(section) && name.eq_ignore_ascii_case(key)
            };
            let wanted = COPIED.into_iter().find(same);
            found.extend(wanted.zip(value).map(|((section, key), value)| (section, key, value)));
            rest = after;
        } else {
            rest = below;
        }
        rest = rest.trim_start();
    }
    found
}

fn key_of(text: &str) -> Option<&str> {
    let key = text.trim();
    key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-').then_some(key)
}

/// Splits off a value with its quotes, escapes, comment and continued lines. The value is `None` if it is
/// malformed, or if it contains line breaks or other control characters, which no name and no path needs.
fn value(text: &str) -> (Option<String>, &str) {
    let (mut value, mut kept) = (String::new(), 0);
    let (mut is_quoted, mut is_comment, mut is_plain) = (false, false, true);
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\n' => break,
            _ if is_comment => {}
            '"' => is_quoted = !is_quoted,
            '#' | ';' if !is_quoted => is_comment = true,
            '\\' => match characters.next() {
                Some('\n') => {}
                Some(escaped @ ('"' | '\\')) => {
                    value.push(escaped);
                    kept = value.len();
                }
                _ => is_plain = false,
            },
            space if space.is_ascii_whitespace() && !is_quoted => {
                if !value.is_empty() {
                    value.push(space);
                }
            }
            other => {
                value.push(other);
                kept = value.len();
            }
        }
    }
    value.truncate(kept);
    let is_text = |c: char| !c.is_control() && c != char::REPLACEMENT_CHARACTER;
    ((is_plain && !is_quoted && value.chars().all(is_text)).then_some(value), characters.as_str())
}

fn line(section: &str, key: &str, value: &str) -> String {
    format!("[{section}]\n\t{key} = \"{}\"\n", value.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_as(text: &str) -> Vec<String> {
        entries(text)
            .into_iter()
            .map(|(section, key, value)| format!("{section}.{key}={value}"))
            .collect()
    }

    #[test]
    fn a_name_is_read_as_git_reads_it() {
        let text = "\u{feff}# [user] name = no\n[USER] Name = \"A # \\\"B\\\"\" C  ; d\n\temail=a@b\r\n[safe]\n\tdirectory = /a \\\n  b\n\tdirectory =\n\tdirectory = \"*\"";
        let read = [
            "user.name=A # \"B\" C",
            "user.email=a@b",
            "safe.directory=/a   b",
            "safe.directory=",
            "safe.directory=*",
        ];
        assert_eq!(read_as(text), read);
    }

    #[test]
    fn nothing_else_is_copied() {
        let hostile = "[core]\n\tsshCommand = x\n[user \"x\"]\n\tname = x\n[user]\n\tsigningKey = x\n\tname = \"a\\n[core]\"\n\tname = \"open\n\tname\n\temail = a\u{1b}b\n[alias]\n\tname = x \\\n[user]\n\tname = y\n[include]\n\tpath = /x\n[\n]\n=\n[user";
        assert!(read_as(hostile).is_empty(), "{:?}", read_as(hostile));
    }

    #[test]
    fn what_is_copied_is_read_back_the_same() {
        let name = "a \\ \"b\" # ; [c]";
        assert_eq!(entries(&line("user", "name", name)), [("user", "name", name.to_owned())]);
    }

    #[test]
    fn files_are_found_where_git_finds_them_and_neither_pipes_nor_large_ones_are_read() {
        let home = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(home.path().join(name), text).unwrap();
        std::fs::create_dir_all(home.path().join(".config/git")).unwrap();
        write(".config/git/config", "[user]\nname = far\nemail = e\n");
        write(".gitconfig", "[user]\nname = near\n");
        write("other", "[user]\nname = other\n");
        let parent = Environment::from_pairs([(HOME, home.path())]);
        let copy = "[user]\n\tname = \"far\"\n[user]\n\temail = \"e\"\n[user]\n\tname = \"near\"\n";
        assert_eq!(copied(&parent), copy);
        let parent = Environment::from_pairs([
            (HOME, home.path()),
            (GIT_CONFIG_GLOBAL, &home.path().join("other")),
        ]);
        assert_eq!(copied(&parent), "[user]\n\tname = \"other\"\n");
        write("other", &format!("[user]\nname = x\n{}", "#".repeat(256 * 1024)));
        assert_eq!(copied(&parent), "");
        let pipe = home.path().join("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert_eq!(copied(&Environment::from_pairs([(GIT_CONFIG_GLOBAL, &pipe)])), "");
        assert_eq!(copied(&Environment::default()), "");
    }
}
