"""Attempts to write what a program outside reads or runs later. The world outside looks for the mark."""

import os
import sys

import libc
from attack import HOME, PLACES, WORK, attempt, home, in_child, outside

PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"

# The file that each attempt writes; some do not exist before.
WRITES = {
    "write-bashrc": home(".bashrc"),
    "write-bash-profile": home(".bash_profile"),
    "write-zshenv": home(".zshenv"),
    "write-local-bin": home(".local/bin/ls"),
    "write-home-bin": home("bin/ls"),
    "write-path-directory": home("tools/bin/ls"),
    "write-usercustomize": home(f".local/lib/{PYTHON}/site-packages/usercustomize.py"),
    "write-npmrc": home(".npmrc"),
    "write-cargo-config": home(".cargo/config.toml"),
    "write-gitconfig": home(".gitconfig"),
    "write-git-xdg": home(".config/git/config"),
    "write-own-hook": os.path.join(WORK, ".git/hooks/pre-commit"),
    "write-own-git-config": os.path.join(WORK, ".git/config"),
    "write-own-commondir": os.path.join(WORK, ".git/commondir"),
    "write-other-git-config": home("other/.git/config"),
    "write-other-hook": home("other/.git/hooks/pre-commit"),
    "write-ssh-config": home(".ssh/config"),
    "write-authorized-keys": home(".ssh/authorized_keys"),
    "write-vimrc": home(".vimrc"),
    "write-nvim": home(".config/nvim/init.lua"),
    "write-vscode": home(".config/Code/User/settings.json"),
    "write-tmux": home(".tmux.conf"),
    "write-gdbinit": home(".gdbinit"),
    "write-user-unit": home(".config/systemd/user/escape.service"),
    "write-autostart": home(".config/autostart/escape.desktop"),
    "write-environment": home(".config/environment.d/escape.conf"),
    "write-pam-environment": home(".pam_environment"),
    "write-cron": f"/var/spool/cron/crontabs/{PLACES['user']}",
    "write-at": "/var/spool/cron/atjobs/a0000101",
    "write-system-profile": "/etc/profile.d/escape.sh",
    "write-audex-config": home(".config/audex/config.toml"),
    "write-audex-state": home(".local/state/audex/audit.jsonl"),
    "write-aws-config": home(".aws/config"),
    "write-docker-config": home(".docker/config.json"),
    "write-other-file": home("notes.txt"),
}


def plain(path, mark):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "a") as file:
        file.write(mark)


def replaced(path, mark):
    """By a new file that takes the place of the old one."""
    new = path + ".new"
    with open(new, "w") as file:
        file.write(mark)
    os.rename(new, path)


def opened_up(path, mark):
    for one in (os.path.dirname(path), path):
        os.chmod(one, 0o755)
    plain(path, mark)


def write(name, path):
    mark, error = f"\n# escape-{name}\n", None
    for way in (plain, replaced, opened_up):
        try:
            return way(path, mark)
        except OSError as failure:
            error = error or failure
    raise error


for row, target in WRITES.items():
    attempt(row)(lambda row=row, target=target: write(row, target))


def through_moved(row, parent, path):
    """Moves the directory `parent` away and makes another in its place, with `path`."""
    away = home("moved-away")
    os.rename(parent, away)
    try:
        write(row, path)
        outside(f"look-{row}")
    finally:
        import shutil
        shutil.rmtree(parent, ignore_errors=True)
        os.rename(away, parent)


@attempt("moved-config")
def moved_config():
    through_moved("moved-config", home(".config"), home(".config/audex/config.toml"))


@attempt("moved-local")
def moved_local():
    through_moved("moved-local", home(".local"), home(".local/bin/git"))


@attempt("moved-home")
def moved_home():
    """Only root can write the directory above a home."""
    away = HOME + "-away"
    os.rename(HOME, away)
    try:
        os.mkdir(HOME)
        with open(home(".profile"), "w") as file:
            file.write("# escape-moved-home\n")
        open(os.path.join(away, "project/ask/look-moved-home"), "w").close()
        while not os.path.exists(os.path.join(away, "project/done/look-moved-home")):
            os.sched_yield()
    finally:
        import shutil
        shutil.rmtree(HOME, ignore_errors=True)
        os.rename(away, HOME)


@attempt("linked-bashrc")
def linked_bashrc():
    """Writes a start-up file by its second name, a hard link that is made first."""
    os.link(home(".zshrc"), os.path.join(WORK, "zshrc"))
    with open(os.path.join(WORK, "zshrc"), "a") as file:
        file.write("# escape-linked-bashrc\n")


@attempt("remounted-profile")
def remounted_profile():
    """Mounts the read-only start-up file writable, or takes the mount off, in a namespace of its own."""
    def inside():
        libc.new_namespaces()
        path, error = home(".profile"), None
        for way in (lambda: libc.mount(None, path, None, libc.MS_REMOUNT | libc.MS_BIND), lambda: libc.umount(path), lambda: None):
            try:
                way()
                with open(path, "a") as file:
                    file.write("# escape-remounted-profile\n")
                return b""
            except OSError as failure:
                error = failure
        raise error
    in_child(inside)
