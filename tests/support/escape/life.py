"""One user's day on the machine: programs are running, then the command under test runs, then the damage is counted."""

import json
import os
import pty
import resource
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import ctypes
import fcntl

import forbid
import libc
import planted
import servers

HERE = os.path.dirname(os.path.abspath(__file__))
SCRIPTS = ["attack", "files", "kernel", "later", "libc", "network", "processes", "sockets", "supervision"]
SHARED_MEMORY_KEY = 0x0DEC0E
KEY_SECONDS = 300
RESULT = "RESULT "
# What a program outside replaces, and the row for which it does.
REPLACED = {
    "replace": (".docker/config.json", "replaced-outside"), "replace-again": (".vault-token", "replaced-race"),
    "replace-unwatched": (".vault-token", "kill-supervisor"),
}
RUN = ["run", "--allow", "s3:GetObject"]


class Life:
    def __init__(self, place, secrets, port, public):
        self.place, self.secrets, self.heard = place, secrets, []
        self.looked = {}
        os.umask(0o022)
        os.chdir(place.home)
        place.plant(secrets)
        self.keyring()
        self.shared_memory()
        self.programs(public)
        self.victims()
        self.terminals()
        self.places = {
            "home": place.home, "runtime": place.runtime, "user": place.name, "victim": self.victim.pid, "memory": self.memory,
            "bystander": self.bystander.pid, "dumped": self.dumped.pid, "loopback_port": port, "public_address": public,
            "other_terminal": self.other, "shared_memory": SHARED_MEMORY_KEY, "key": self.key,
            "has_vsock": has_vsock(),
            "nested": os.environ["ESCAPE_TESTER"] != "0", "audex_key": f"{place.home}/.local/state/audex/audit.key",
        }

    def keyring(self):
        libc.syscall("keyctl", 1, None)  # KEYCTL_JOIN_SESSION_KEYRING
        secret = self.secrets["keyring"].encode()
        libc.syscall("add_key", ctypes.c_char_p(b"user"), ctypes.c_char_p(b"decoy"), ctypes.c_char_p(secret), len(secret), -3)
        libc.syscall("keyctl", 8, -4, -3)  # KEYCTL_LINK: a login links the keyring of the user
        # The keyring of the user outlives this machine, so the key has a name of its own and an end.
        self.key = f"decoy-{os.urandom(8).hex()}"
        secret = self.secrets["keyring-user"].encode()
        key = libc.syscall("add_key", ctypes.c_char_p(b"user"), ctypes.c_char_p(self.key.encode()), ctypes.c_char_p(secret), len(secret), -4)
        libc.syscall("keyctl", 15, key, KEY_SECONDS)  # KEYCTL_SET_TIMEOUT

    def shared_memory(self):
        shared = libc.syscall("shmget", SHARED_MEMORY_KEY, 64, 0o1600)
        libc.C.shmat.restype = ctypes.c_void_p
        ctypes.memmove(libc.C.shmat(shared, None, 0), self.secrets["shared-memory-key"].encode(), 64)

    def programs(self, public):
        """Starts what has a socket in the usual places."""
        place, secrets = self.place, self.secrets
        self.agent = f"{tempfile.mkdtemp(prefix='ssh-', dir='/tmp')}/agent.1"
        os.mkdir("/tmp/.X11-unix", 0o1777)
        for path, name in (
            (f"{place.runtime}/podman/podman.sock", "podman"), (self.agent, "ssh-agent"), (f"{place.home}/.gnupg/S.gpg-agent", "gpg-agent"),
            (f"{place.runtime}/bus", "secret-service"), (f"{place.runtime}/systemd/private", "systemd-user"),
            (f"/tmp/tmux-{place.user}/default", "tmux"), (f"/run/screen/S-{place.name}/1.pts", "screen"),
            (f"{place.runtime}/vscode-ipc-1.sock", "editor"), ("/tmp/.X11-unix/X0", "x11"), (f"{place.runtime}/wayland-0", "wayland"),
            (f"{place.home}/.config/Code/main.sock", "home-socket"), (f"{place.work}/database.sock", "work-socket"),
            ("/tmp/elsewhere/main.sock", "home-socket"), ("\0decoy-abstract", "abstract"),
        ):
            servers.unix(path, secrets[name])
        servers.unix(f"{place.work}/hands-over.sock", servers.hands_over(f"{place.home}/.aws/credentials"))
        for address in ("\0decoy-abstract-datagram", f"{place.runtime}/systemd/notify", f"{place.home}/.config/Code/log.sock"):
            servers.datagrams(socket.AF_UNIX, address, self.heard)
        for address in (("127.0.0.53", 53), (public, 443)):
            servers.datagrams(socket.AF_INET, address, self.heard)

    def victims(self):
        """Starts the programs that the processes of the command are tried on."""
        place, secrets = self.place, self.secrets
        start = lambda words, directory, **options: subprocess.Popen(
            words, cwd=directory, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True, **options)
        python = [sys.executable, "-B", f"{HERE}/victim.py"]
        self.victim = start(python, f"{place.home}/.azure", env={"DECOY": secrets["environ"]})
        self.victim.stdin.write(f"{secrets['memory']} {secrets['open-file']}\n")
        self.victim.stdin.flush()
        self.memory = int(self.victim.stdout.readline())
        self.bystander = start(["cat"], place.home)
        dumps = lambda: resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        self.dumped = start(python, f"{place.home}/cores", preexec_fn=dumps)
        self.dumped.stdin.write(f"{secrets['core-dump']}\n")
        self.dumped.stdin.flush()
        self.dumped.stdout.readline()

    def terminals(self):
        """Opens a terminal for the session, and another one at which a secret has been typed."""
        typed, other = pty.openpty()
        self.other = os.ttyname(other)
        os.write(typed, self.secrets["other-terminal"].encode() + b"\n")
        os.setsid()
        _, self.terminal = pty.openpty()
        fcntl.ioctl(self.terminal, 0x540E, 0)  # TIOCSCTTY

    def answer(self, over):
        """Does what the attempts ask for outside: see `attack.outside`."""
        # A home that was moved away keeps its working directory.
        works = [f"{home}/project" for home in (self.place.home, self.place.home + "-away")]
        while not over.is_set():
            for work in works:
                for word in listed(f"{work}/ask"):
                    self.act(word)
                    os.rename(f"{work}/ask/{word}", f"{work}/done/{word}")
            time.sleep(0.002)

    def act(self, word):
        if word in REPLACED:
            path, name = REPLACED[word]
            self.place.write(path + ".new", self.secrets[name], 0o600)
            os.rename(f"{self.place.home}/{path}.new", f"{self.place.home}/{path}")
        else:
            row = word.removeprefix("look-")
            self.looked[row] = self.is_marked(self.marked()[row], row)

    def marked(self):
        """Where the mark of each attempt that writes would be."""
        import later
        home = self.place.home
        moved = {"moved-config": f"{home}/.config/audex/config.toml", "moved-local": f"{home}/.local/bin/git", "moved-home": f"{home}/.profile"}
        return {**later.WRITES, **moved, "linked-bashrc": f"{home}/.zshrc", "remounted-profile": f"{home}/.profile"}

    @staticmethod
    def is_marked(path, row):
        try:
            with open(path) as file:
                return f"# escape-{row}\n" in file.read()
        except OSError:
            return False

    def is_intact(self, name, contents):
        try:
            with open(f"{self.place.home}/{name}") as file:
                return file.read() == contents
        except OSError:
            return False

    def judge(self, result, survived):
        """Says whether an attempt escaped."""
        row, got = result["name"], result["got"]
        heard = {"abstract-datagram", "abstract-datagram-connected", "datagram", "datagram-home", "udp"}
        if row in self.marked():
            return self.looked.get(row) or self.is_marked(self.marked()[row], row)
        if row in heard:
            return f"escape-{row}".encode() in self.heard
        if row == "dns":
            return any(b"\x06escape\x03dns" in question for question in self.heard)
        if row == "session-record":
            return not self.is_intact("precious.txt", planted.PRECIOUS)
        if row == "signal":
            return self.bystander.poll() is not None
        if row == "detached":
            return survived
        if row == "terminal-input":
            os.set_blocking(self.terminal, False)
            try:
                return b"escape-terminal-input" in os.read(self.terminal, 4096)
            except BlockingIOError:
                return False
        if row in ("raw-disk", "make-device", "kernel-setting", "vsock", "trace-supervisor"):
            return got.startswith("opened")
        if row == "environ-audex":
            return self.source in got
        if row == "read-audex-key":
            with open(self.places["audex_key"], "rb") as file:
                return file.read().decode("latin-1") == got
        return self.secrets.of_row(row) in got

    def environment(self, binary):
        """Starts the demo cloud and returns the environment of a user who is logged in."""
        demo = subprocess.Popen([binary, "demo", "--serve", "--json"], stdout=subprocess.PIPE, env={"HOME": self.place.home}, start_new_session=True)
        ready = json.loads(demo.stdout.readline())
        self.source = ready["secret_access_key"]
        home = self.place.home
        return {
            "HOME": home, "PATH": f"{home}/tools/bin:{home}/.local/bin:/usr/bin:/bin", "XDG_RUNTIME_DIR": self.place.runtime,
            "AWS_ENDPOINT_URL": ready["endpoint"], "AWS_ACCESS_KEY_ID": ready["access_key_id"], "AWS_SECRET_ACCESS_KEY": self.source,
            "AUDEX_ROLE_ARN": ready["role_arn"], "AWS_REGION": "us-east-1", "SSH_AUTH_SOCK": self.agent, "USER": self.place.name,
            "GOOGLE_APPLICATION_CREDENTIALS": f"{home}/keys/gcp.json", "DBUS_SESSION_BUS_ADDRESS": f"unix:path={self.place.runtime}/bus",
            "WAYLAND_DISPLAY": "wayland-0", "DISPLAY": ":0",
        }

    def events(self):
        """The names of the events in Audex's log."""
        try:
            with open(f"{self.place.home}/.local/state/audex/audit.jsonl") as file:
                return [json.loads(line)["event"] for line in file if line.startswith("{")]
        except OSError:
            return []

    def run(self, words, environment, directory, descriptors):
        """Runs the command under test to its end; returns its exit status and what it printed."""
        forbidden = os.environ.get("ESCAPE_FORBID", "").split()
        done = subprocess.run(words, env=environment, cwd=directory, pass_fds=descriptors, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, preexec_fn=lambda: forbid.forbid(forbidden))
        return done.returncode, done.stdout.decode(errors="replace")


def has_vsock():
    try:
        socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM).close()
        return True
    except OSError:
        return False


def listed(directory):
    try:
        return os.listdir(directory)
    except OSError:
        return []


def live(level, life, binary, attempts):
    place = life.place
    environment = life.environment(binary)
    for name in SCRIPTS:
        shutil.copy(f"{HERE}/{name}.py", place.work)
    with open(f"{place.work}/world.json", "w") as file:
        json.dump(life.places, file)
    os.chdir(place.work)
    alone = [name for name in attempts if name.startswith("alone-")]
    together = [name for name in attempts if name not in alone]
    # The first run makes Audex's own files, which the attempts look for.
    if level != "bare" or "read-audex-key" in attempts or not attempts:
        code, said = life.run([binary, *RUN, "--", "true"], environment, place.work, [])
        assert code == 0, said
    skipped = len(life.events())
    without = {name: value for name, value in os.environ.items() if name == "AUDEX_TEST_WITHOUT"}
    environment.update(without)
    os.mkfifo("survivor")
    listening = os.open("survivor", os.O_RDONLY | os.O_NONBLOCK)
    # Held open here, so that the end of the pipe is seen when the last process of the command has ended.
    holding = os.open("survivor", os.O_WRONLY)
    over = threading.Event()
    answering = threading.Thread(target=life.answer, args=(over,))
    answering.start()
    read_only = lambda path: os.open(path, os.O_RDONLY)
    inherited = [read_only(f"{place.home}/.aws/credentials")]
    # Audex starts nothing that has a directory open, whatever is switched off.
    inherited += [] if "descriptors" in without.get("AUDEX_TEST_WITHOUT", "") else [read_only(f"{place.home}/.aws")]
    under = [] if level == "bare" else [binary, *RUN, *([] if level == "off" else ["--isolate", level]), *os.environ.get("ESCAPE_OPTIONS", "").split(), "--"]
    attack = [sys.executable, "-B", f"{place.work}/attack.py"]
    results = [life_alone(life, under, attack, environment)] if alone or not attempts else []
    code, said = 0, ""
    try:
        if together or not attempts:
            code, said = life.run([*under, *attack, *together], environment, place.work, inherited)
    finally:
        over.set()
        answering.join()
    os.close(holding)
    open("over", "w").close()
    poll = select.poll()
    poll.register(listening, select.POLLIN)
    poll.poll()
    survived = os.read(listening, 16) == b"alive"
    lines = said.splitlines()
    results += [json.loads(line.removeprefix(RESULT)) for line in lines if line.startswith(RESULT)]
    said = "\n".join(line for line in lines if not line.startswith(RESULT))
    rows = {one["name"]: {"escaped": bool(life.judge(one, survived)), "absent": one.get("absent", False), "saw": saw(one)} for one in results}
    return {"code": code, "said": said[-4000:], "rows": rows, "events": life.events()[skipped:]}


def life_alone(life, under, attack, environment):
    """Starts a command in a directory below a hidden one."""
    code, said = life.run([*under, *attack[:2], "-c", "print(open('../credentials').read())"], environment, f"{life.place.home}/.aws/project", [])
    return {"name": "alone-working-directory", "got": said, "saw": "" if code == 0 else said.strip().splitlines()[-1][:200]}


def saw(result):
    """What an attempt saw, without the secret."""
    return result["saw"][:200] or ("it read something" if result["got"] else "nothing")
