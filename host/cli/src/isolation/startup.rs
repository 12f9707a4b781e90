//! The files that a program outside the session reads and then runs, or lets choose what it runs. The command can read them and
//! not change them, so that nothing it wrote runs later outside.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::place::Bases;
use super::place::Place::{self, Config, Data, Home};

/// The treatment of a file or directory that does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absent {
    /// The command can create it. Even an empty file there would change the user's next login, so no placeholder can stand there.
    Open,
    /// A file with these contents stands there during the session: a program that reads it does what it does without it.
    File(&'static str),
    /// An empty directory stands there during the session.
    Directory,
}

/// The files of one tool.
#[derive(Clone, Copy, Debug)]
pub(super) struct Startup {
    /// The tool, as the plan names it.
    pub of: &'static str,
    /// The paths.
    pub places: &'static [(Place, Absent)],
}

/// One path that the command can read and not change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fixed {
    /// The tool that the path belongs to.
    pub of: &'static str,
    /// The path.
    pub path: PathBuf,
    /// The treatment of a missing path.
    pub absent: Absent,
}

const EMPTY: Absent = Absent::File("");

/// The first of the files that a login shell of bash reads; the others are not read beside it. Source: bash(1), INVOCATION.
const BASH_PROFILE: Absent = Absent::File(
    "if [ -r ~/.bash_login ]; then . ~/.bash_login; elif [ -r ~/.profile ]; then . ~/.profile; fi\n",
);
const BASH_LOGIN: Absent = Absent::File("if [ -r ~/.profile ]; then . ~/.profile; fi\n");
/// tcsh reads the first of two files. Source: tcsh(1), "Startup and shutdown".
const TCSHRC: Absent = Absent::File("if ( -r ~/.cshrc ) source ~/.cshrc\n");
/// readline reads the system's file if there is none of the user. Source: bash(1), "Readline Initialization".
const INPUTRC: Absent = Absent::File("$include /etc/inputrc\n");
/// Vim reads the first of its files, and its defaults if it finds none. Source: vim, `:help vimrc` and `:help defaults.vim`.
const VIMRC: Absent = Absent::File(
    "if filereadable(expand('~/.vim/vimrc')) | source ~/.vim/vimrc\n\
     elseif filereadable(expand('~/.config/vim/vimrc')) | source ~/.config/vim/vimrc\n\
     else | unlet! skip_defaults_vim | source $VIMRUNTIME/defaults.vim | endif\n",
);

/// Every tool.
#[rustfmt::skip]
pub(super) const STARTUP: &[Startup] = &[
    // bash(1), FILES; Debian's /etc/skel/.bashrc, for `.bash_aliases`; readline(3).
    Startup { of: "bash", places: &[
        (Home(".bashrc"), EMPTY), (Home(".bash_profile"), BASH_PROFILE), (Home(".bash_login"), BASH_LOGIN), (Home(".bash_logout"), EMPTY),
        (Home(".bash_aliases"), EMPTY), (Home(".inputrc"), INPUTRC), (Home(".bash_completion"), EMPTY),
    ] },
    // sh(1), "Invocation"; pam_env(8); environment.d(5).
    Startup { of: "login", places: &[
        (Home(".profile"), EMPTY), (Home(".pam_environment"), EMPTY), (Config("environment.d"), Absent::Directory),
    ] },
    // zsh(1), FILES.
    Startup { of: "zsh", places: &[
        (Home(".zshenv"), EMPTY), (Home(".zprofile"), EMPTY), (Home(".zshrc"), EMPTY), (Home(".zlogin"), EMPTY),
        (Home(".zlogout"), EMPTY), (Home(".oh-my-zsh"), Absent::Open), (Home(".zsh"), Absent::Open),
    ] },
    // fish, "Configuration files"; tcsh(1), FILES; ksh(1), "Invocation"; nushell, "Configuration"; xonsh, "Run control file".
    Startup { of: "fish", places: &[(Config("fish"), Absent::Directory), (Data("fish/vendor_conf.d"), Absent::Directory)] },
    Startup { of: "tcsh", places: &[
        (Home(".tcshrc"), TCSHRC), (Home(".cshrc"), EMPTY), (Home(".login"), EMPTY), (Home(".logout"), EMPTY),
    ] },
    Startup { of: "ksh", places: &[(Home(".kshrc"), EMPTY), (Home(".mkshrc"), EMPTY)] },
    Startup { of: "nushell", places: &[(Config("nushell"), Absent::Directory)] },
    Startup { of: "xonsh", places: &[(Home(".xonshrc"), EMPTY), (Config("xonsh"), Absent::Directory)] },
    // startx(1); Xsession(5); Desktop Application Autostart Specification; Desktop Entry and D-Bus specifications, for
    // entries of the user that take precedence over the system's.
    Startup { of: "desktop", places: &[
        (Home(".xprofile"), EMPTY), (Home(".xsessionrc"), EMPTY), (Home(".xsession"), Absent::Open), (Home(".xinitrc"), Absent::Open),
        (Config("autostart"), Absent::Directory), (Config("plasma-workspace/env"), Absent::Directory),
        (Data("applications"), Absent::Directory), (Data("dbus-1/services"), Absent::Directory), (Home(".config/i3"), Absent::Open),
        (Config("sway"), Absent::Open), (Config("hypr"), Absent::Open),
    ] },
    // systemd.unit(5), "Unit File Load Path"; crontab(1) and at(1) keep theirs where this user cannot write.
    Startup { of: "user units", places: &[
        (Config("systemd"), Absent::Directory), (Config("systemd/user"), Absent::Directory), (Data("systemd/user"), Absent::Directory),
        (Data("systemd"), Absent::Directory),
    ] },
    // Debian's and Fedora's `.profile` and `.bashrc` add these two to PATH where they exist; Python, "site": `usercustomize` and `.pth`
    // files are run by every start of Python.
    Startup { of: "programs below home", places: &[(Home(".local/bin"), Absent::Directory), (Home("bin"), Absent::Directory)] },
    Startup { of: "Python", places: &[
        (Home(".local/lib"), Absent::Directory), (Home(".pythonrc"), Absent::Open), (Home(".pythonrc.py"), Absent::Open), (Config("pip"), Absent::Directory),
        (Home(".pip"), Absent::Open), (Config("uv"), Absent::Open), (Home(".pyenv"), Absent::Open),
    ] },
    // git-config(1), FILES (`core.hooksPath`, `core.fsmonitor`, aliases); githooks(5); hgrc(5), hooks.
    Startup { of: "git", places: &[
        (Home(".gitconfig"), EMPTY), (Config("git"), Absent::Directory), (Home(".git-template"), Absent::Open), (Home(".githooks"), Absent::Open),
        (Home(".hgrc"), Absent::Open), (Config("hg"), Absent::Open),
    ] },
    // ssh_config(5): `ProxyCommand`, `LocalCommand`; sshd(8): `authorized_keys`, `rc`, `environment`.
    Startup { of: "ssh", places: &[(Home(".ssh"), Absent::Directory), (Home(".rhosts"), EMPTY)] },
    // gpg-agent(1): `pinentry-program`; gpg(1): `photo-viewer`.
    Startup { of: "gpg", places: &[
        (Home(".gnupg/gpg.conf"), Absent::Open), (Home(".gnupg/gpg-agent.conf"), Absent::Open), (Home(".gnupg/dirmngr.conf"), Absent::Open),
    ] },
    // The editors' documentation of their configuration.
    Startup { of: "vim", places: &[
        (Home(".vimrc"), VIMRC), (Home(".vim"), Absent::Directory), (Home(".exrc"), Absent::Open), (Home(".gvimrc"), Absent::Open),
    ] },
    Startup { of: "neovim", places: &[(Config("nvim"), Absent::Directory), (Data("nvim/site"), Absent::Directory)] },
    Startup { of: "emacs", places: &[
        (Home(".emacs"), Absent::Open), (Home(".emacs.el"), Absent::Open), (Home(".emacs.d"), Absent::Open), (Config("emacs"), Absent::Open),
    ] },
    Startup { of: "other editors", places: &[
        (Home(".nanorc"), Absent::Open), (Config("nano"), Absent::Open), (Config("helix"), Absent::Open), (Config("zed"), Absent::Open),
        (Config("micro"), Absent::Open), (Config("kak"), Absent::Open), (Config("Code/User"), Absent::Open), (Home(".vscode/extensions"), Absent::Open),
        (Home(".vscode-server"), Absent::Open), (Config("VSCodium/User"), Absent::Open), (Config("Cursor/User"), Absent::Open),
        (Home(".cursor/extensions"), Absent::Open), (Config("JetBrains"), Absent::Open), (Data("JetBrains"), Absent::Open), (Config("sublime-text"), Absent::Open),
    ] },
    // tmux(1), screen(1), and the terminals' documentation.
    Startup { of: "tmux", places: &[(Home(".tmux.conf"), EMPTY), (Config("tmux"), Absent::Directory), (Home(".tmux"), Absent::Open)] },
    Startup { of: "screen", places: &[(Home(".screenrc"), EMPTY)] },
    Startup { of: "terminals", places: &[
        (Config("zellij"), Absent::Open), (Config("kitty"), Absent::Open), (Config("alacritty"), Absent::Open), (Config("wezterm"), Absent::Open),
        (Home(".wezterm.lua"), Absent::Open), (Config("ghostty"), Absent::Open), (Config("foot"), Absent::Open),
    ] },
    // direnv.toml(1); mise, asdf, starship, nvm, rbenv, sdkman, rustup: programs and hooks that a shell runs by itself.
    Startup { of: "shell tools", places: &[
        (Config("direnv"), Absent::Open), (Data("direnv"), Absent::Open), (Config("mise"), Absent::Open), (Data("mise"), Absent::Open),
        (Home(".tool-versions"), Absent::Open), (Home(".asdf"), Absent::Open), (Home(".asdfrc"), Absent::Open), (Config("starship.toml"), Absent::Open),
        (Home(".nvm"), Absent::Open), (Home(".rbenv"), Absent::Open), (Home(".sdkman"), Absent::Open), (Home(".rustup/settings.toml"), Absent::Open),
        (Home(".rustup/toolchains"), Absent::Open), (Home(".lesskey"), Absent::Open), (Home(".lessfilter"), Absent::Open),
    ] },
    // The Cargo Book, "Configuration" (`rustc-wrapper`, `runner`, aliases); npm, "npmrc" (`script-shell`, `prefix`); Gradle,
    // "Initialization scripts"; Maven, "Settings reference"; gdb, "gdbinit"; docker, "CLI plugins"; R, "Startup"; Bundler.
    Startup { of: "cargo", places: &[
        (Home(".cargo/config.toml"), EMPTY), (Home(".cargo/config"), Absent::Open), (Home(".cargo/env"), EMPTY), (Home(".cargo/bin"), Absent::Directory),
    ] },
    Startup { of: "npm", places: &[(Home(".npmrc"), EMPTY)] },
    Startup { of: "gdb", places: &[(Home(".gdbinit"), EMPTY), (Config("gdb"), Absent::Directory)] },
    Startup { of: "build tools", places: &[
        (Home(".yarnrc"), Absent::Open), (Home(".yarnrc.yml"), Absent::Open), (Home(".gradle/init.d"), Absent::Open),
        (Home(".gradle/init.gradle"), Absent::Open), (Home(".gradle/gradle.properties"), Absent::Open), (Home(".m2/settings.xml"), Absent::Open),
        (Home(".mavenrc"), Absent::Open), (Home(".lldbinit"), Absent::Open),
        (Home(".docker/cli-plugins"), Absent::Open), (Home(".Rprofile"), Absent::Open), (Home(".irbrc"), Absent::Open), (Home(".bundle/config"), Absent::Open),
        (Home(".terraform.d/plugins"), Absent::Open), (Home("go/bin"), Absent::Open),
    ] },
];

/// The files of the working directory's own repository that git runs or that name what git runs. Source: githooks(5),
/// git-config(1), gitrepository-layout(5).
///
/// Security: `commondir` names the directory with hooks and configuration; `.` is the directory itself.
const REPOSITORY: [(&str, Absent); 4] = [
    ("hooks", Absent::Directory),
    ("config", Absent::Open),
    ("config.worktree", EMPTY),
    ("commondir", Absent::File(".\n")),
];

/// The system's own programs and settings, which only root can change: in a container, the command often is root.
const OF_ROOT: [&str; 9] = [
    "/etc",
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib64",
    "/boot",
    "/var/spool/cron",
    "/var/spool/at",
];

/// Returns every path that the command can read and not change.
///
/// `programs` are the directories of the caller's `PATH`: a directory below home is read-only too, except one below the working
/// directory, which belongs to the work.
#[must_use]
pub(super) fn fixed(bases: &Bases, programs: &[PathBuf]) -> Vec<Fixed> {
    let (mut all, mut known) = (Vec::new(), HashSet::new());
    let mut add = |of: &'static str, path: PathBuf, absent: Absent| {
        if known.insert(path.clone()) {
            all.push(Fixed { of, path, absent });
        }
    };
    for Startup { of, places } in STARTUP {
        for (place, absent) in *places {
            for path in bases.resolve(*place) {
                // Another home than the one in `HOME` gets no placeholders.
                let absent = if bases.is_elsewhere(&path) { Absent::Open } else { *absent };
                add(of, path, absent);
            }
        }
    }
    for directory in programs.iter().filter(|path| bases.is_below_home(path)) {
        add("PATH", directory.clone(), Absent::Open);
    }
    if bases.is_root() {
        for path in OF_ROOT {
            add("the system", PathBuf::from(path), Absent::Open);
        }
    }
    for repository in repository(&bases.working) {
        if repository.is_file() {
            add("this repository", repository, Absent::Open);
            continue;
        }
        for (name, absent) in REPOSITORY {
            add("this repository", repository.join(name), absent);
        }
    }
    all
}

/// Returns the directories with hooks and configuration of the repository around `working`, and the file that leads to them.
///
/// Source: gitrepository-layout(5): in a worktree `.git` is a file with the line `gitdir: PATH`, and `commondir` there leads on.
fn repository(working: &Path) -> Vec<PathBuf> {
    let git = working.ancestors().map(|path| path.join(".git")).find(|path| path.exists());
    let Some(git) = git else { return Vec::new() };
    let Some(text) = fs::read_to_string(&git).ok().filter(|_| git.is_file()) else {
        return vec![git];
    };
    let Some(named) = text.strip_prefix("gitdir:") else { return vec![git] };
    let own = git.parent().map(|parent| parent.join(named.trim()));
    let common = own.as_ref().and_then(|own| {
        let common = fs::read_to_string(own.join("commondir")).ok()?;
        fs::canonicalize(own.join(common.trim())).ok()
    });
    [Some(git), own, common].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use audex_core::environment::{Environment, HOME};

    use super::*;

    fn fixed_in(home: &Path, working: &Path, programs: &[&Path]) -> Vec<Fixed> {
        let environment = Environment::from_pairs([(HOME, home)]);
        let programs: Vec<_> = programs.iter().map(|path| path.to_path_buf()).collect();
        fixed(&Bases::of(&environment, working), &programs)
    }

    fn absent(fixed: &[Fixed], path: &Path) -> Option<Absent> {
        fixed.iter().find(|one| one.path == path).map(|one| one.absent)
    }

    #[test]
    fn a_placeholder_stands_for_what_a_tool_reads_and_for_nothing_that_changes_a_login() {
        let home = tempfile::tempdir().unwrap();
        let all = fixed_in(home.path(), Path::new("/work"), &[]);
        for name in [".profile", ".zshenv", ".bashrc", ".gitconfig"] {
            assert_eq!(absent(&all, &home.path().join(name)), Some(EMPTY), "{name}");
        }
        for name in [".config/systemd/user", ".config/autostart", ".local/bin", "bin"] {
            let found = absent(&all, &home.path().join(name));
            assert_eq!(found, Some(Absent::Directory), "{name}");
        }
        for name in [".xsession", ".emacs"] {
            assert_eq!(absent(&all, &home.path().join(name)), Some(Absent::Open), "{name}");
        }
        assert!(absent(&all, &home.path().join("notes")).is_none());
    }

    /// What starts later outside has another environment, and reads the directories that no variable moves.
    #[test]
    fn a_variable_adds_placeholders_and_takes_none_away() {
        let root = tempfile::tempdir().unwrap();
        let (home, moved) = (root.path().join("home"), root.path().join("moved"));
        let variables = [(HOME, &home), (audex_core::environment::XDG_CONFIG_HOME, &moved)];
        let environment = Environment::from_pairs(variables);
        let all = fixed(&Bases::of(&environment, Path::new("/work")), &[]);
        for base in [home.join(".config"), moved] {
            let found = absent(&all, &base.join("systemd/user"));
            assert_eq!(found, Some(Absent::Directory), "{}", base.display());
        }
    }

    #[test]
    fn a_directory_of_path_is_fixed_unless_it_belongs_to_the_work() {
        let home = tempfile::tempdir().unwrap();
        let (own, venv) = (home.path().join("tools"), home.path().join("work/.venv/bin"));
        let working = home.path().join("work");
        let all = fixed_in(home.path(), &working, &[&own, &venv, Path::new("/usr/bin")]);
        assert!(absent(&all, &own).is_some() && absent(&all, &venv).is_none());
        assert!(absent(&all, Path::new("/usr/bin")).is_none());
        // The home directory as working directory makes nothing in it part of the work.
        assert!(absent(&fixed_in(home.path(), home.path(), &[&own]), &own).is_some());
    }

    #[test]
    fn the_hooks_of_the_repository_around_the_work_are_fixed_and_those_of_none_are_not() {
        let home = tempfile::tempdir().unwrap();
        let (repository, inside) = (home.path().join("r"), home.path().join("r/src/deep"));
        fs::create_dir_all(&inside).unwrap();
        let hooks = repository.join(".git/hooks");
        assert!(absent(&fixed_in(home.path(), &inside, &[]), &hooks).is_none());
        fs::create_dir(repository.join(".git")).unwrap();
        assert_eq!(absent(&fixed_in(home.path(), &inside, &[]), &hooks), Some(Absent::Directory));
        // A worktree has the hooks of its repository.
        let (worktree, own) = (home.path().join("w"), repository.join(".git/worktrees/w"));
        fs::create_dir_all(&own).unwrap();
        fs::create_dir(&worktree).unwrap();
        fs::write(own.join("commondir"), "../..\n").unwrap();
        fs::write(worktree.join(".git"), format!("gitdir: {}\n", own.display())).unwrap();
        let of_worktree = absent(&fixed_in(home.path(), &worktree, &[]), &hooks);
        assert_eq!(of_worktree, Some(Absent::Directory));
    }
}
