"""What people run, each by a run of its own in the same machine: it must still do its work."""

import http.server
import json
import os
import shutil
import ssl
import subprocess
import sys
import threading
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
PATH = "/usr/bin:/bin"
GIT_PORT = 8443

# Each program: the tools that it needs, a script for a shell, and what it must print.
SCRIPTS = {
    "python": (["python3"], "python3 -c 'import tempfile, subprocess; f = tempfile.TemporaryFile(); print(subprocess.run([\"id\", \"-u\"]).returncode + 42)'", "42"),
    "node": (["node"], "node -e 'require(\"fs\").writeFileSync(\"by-node\", \"x\"); console.log(6 * 7)'", "42"),
    "make": (["make", "cc"], "make -s -C made && made/program", "forty-two"),
    "cargo build": (["cargo"], "cd crate && cargo build --offline --quiet && target/debug/made", "forty-two"),
    "npm install": (["npm"], "cd app && npm install --offline --no-audit --no-fund --silent && node -e 'console.log(require(\"made\"))'", "forty-two"),
    "pip install": (["pip3"], "pip3 install --quiet --no-index --find-links wheels --target installed made && PYTHONPATH=installed python3 -c 'import made'", "forty-two"),
    "git": (["git"], "git init -q own && cd own && echo text > file && git add file && git -c user.name=a -c user.email=a@b commit -qm one && git log --format=%s", "one"),
    "git over https": (["git", "openssl"], f"git clone -q https://git.example:{GIT_PORT}/made.git cloned && cat cloned/file", "forty-two"),
    "ssh": (["ssh"], "ssh -G host.example | grep ^hostname", "hostname host.example"),
    "gdb": (["gdb", "cc"], "make -s -C made && gdb -q -batch -nx -ex 'break main' -ex run -ex 'print 6*7' made/program", "$1 = 42"),
    "a debugger's ptrace": (["strace"], "strace -o traced true && grep -c exit_group traced", "1"),
    "tmux": (["tmux"], "tmux -L inside new-session -d 'echo forty-two > by-tmux; tmux -L inside wait-for -S done; cat' && tmux -L inside wait-for done"
             " && tmux -L inside kill-server && cat by-tmux", "forty-two"),
    "pipes, jobs and nohup": ([], "(sleep 0; echo late) & wait; nohup sh -c 'echo kept' 2>/dev/null | cat; kill -0 $$ && echo forty-two", "forty-two"),
    "own sockets": (["python3"], "python3 own_sockets.py", "forty-two"),
    "docker": (["docker"], "docker version 2>&1 || true", "docker"),
}

# Programs that need a terminal: the words, the steps for `terminal.py`, and what must be there afterwards.
AT_A_TERMINAL = {
    "vim": (["vim"], ["vim", "-u", "NONE", "-n", "by-vim"],
            [["expect", "by-vim"], ["send", "iforty-two\u001b:wq\r"]], "cat by-vim"),
    "a shell with job control": (["bash"], ["bash", "--norc", "-i"],
                                 [["expect", "$ "], ["send", "sh -c 'echo started; exec sleep 60'\r"], ["expect", "started\r"], ["send", "\u001a"], ["expect", "Stopped"],
                                  ["send", "jobs -l > jobs; kill %1; fg; echo forty-two > by-shell; exit\r"]], "grep -q Stopped jobs && cat by-shell"),
}

OWN_SOCKETS = """
import os, socket, tempfile, threading
path = os.path.join(tempfile.mkdtemp(), "own.sock")
kinds = [(socket.AF_UNIX, path), (socket.AF_UNIX, "\\0own-abstract"), (socket.AF_INET, ("127.0.0.1", 0)), (socket.AF_INET6, ("::1", 0))]
for family, address in kinds:
    server = socket.socket(family)
    server.bind(address)
    server.listen()
    client = socket.socket(family)
    client.connect(server.getsockname())
    server.accept()[0].send(b"x")
    assert client.recv(1) == b"x"
one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
one.send(b"x")
assert other.recv(1) == b"x"
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind(path + "-datagram")
sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
sender.connect(path + "-datagram")
sender.send(b"x")
assert receiver.recv(1) == b"x"
print("forty-two")
"""


def prepare(work, missing):
    """Writes the projects that the programs work on."""
    def write(path, text):
        os.makedirs(os.path.dirname(f"{work}/{path}"), exist_ok=True)
        with open(f"{work}/{path}", "w") as file:
            file.write(text)
    write("own_sockets.py", OWN_SOCKETS)
    write("made/program.c", '#include <stdio.h>\nint main(void) { puts("forty-two"); return 0; }\n')
    write("made/Makefile", "program: program.c\n\tcc -g -o program program.c\n")
    write("crate/Cargo.toml", '[package]\nname = "made"\nversion = "1.0.0"\nedition = "2021"\n')
    write("crate/src/main.rs", 'fn main() { println!("forty-two") }\n')
    write("app/package.json", '{"name": "app", "version": "1.0.0", "dependencies": {"made": "file:../package"}}')
    write("package/package.json", '{"name": "made", "version": "1.0.0", "main": "index.js"}')
    write("package/index.js", 'module.exports = "forty-two"')
    write("wheels/readme", "")
    with zipfile.ZipFile(f"{work}/wheels/made-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("made.py", "print('forty-two')\n")
        wheel.writestr("made-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: made\nVersion: 1.0\n")
        wheel.writestr("made-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr("made-1.0.dist-info/RECORD", "made.py,,\nmade-1.0.dist-info/METADATA,,\nmade-1.0.dist-info/WHEEL,,\nmade-1.0.dist-info/RECORD,,\n")
    if not missing(["git", "openssl"]):
        serve_git(work)


def serve_git(work):
    """Serves a repository over https, at a host that stands for one outside."""
    outside = os.path.dirname(work) + "/outside"
    os.makedirs(outside)
    run = lambda script: subprocess.run(["sh", "-ec", script], cwd=outside, env={"PATH": PATH, "HOME": outside}, check=True, stdout=sys.stderr)
    run("git init -q -b main made && cd made && echo forty-two > file && git add file && git -c user.name=a -c user.email=a@b commit -qm one"
        " && cd .. && git clone -q --bare made served/made.git && cd served/made.git && git update-server-info")
    run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key.pem -out cert.pem -days 2"
        " -subj /CN=git.example -addext subjectAltName=DNS:git.example 2>/dev/null")
    shutil.copy(f"{outside}/cert.pem", f"{work}/authority.pem")

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=f"{outside}/served")

        def log_message(self, *_):
            pass
    import world
    server = http.server.ThreadingHTTPServer((world.PUBLIC, GIT_PORT), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{outside}/cert.pem", f"{outside}/key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def tools(place):
    """Returns the PATH of the programs, with the Rust toolchain of the tests where rustup puts it."""
    return f"{place.home}/.rustup/toolchains/tests/bin:{PATH}" if os.path.isdir(f"{place.home}/.rustup/toolchains/tests") else PATH


def live(level, life, binary, names):
    place, work = life.place, life.place.work
    environment = life.environment(binary)
    path = tools(place)
    environment.update(PATH=path, GIT_SSL_CAINFO=f"{work}/authority.pem", TERM="xterm", PS1="$ ", SHELL="/bin/sh")
    missing = lambda needed: [tool for tool in needed if not shutil.which(tool, path=path)]
    prepare(work, missing)
    allow = ["--allow-host", f"git.example:{GIT_PORT}"] if level == "strict" else []
    isolate = [] if level == "off" else ["--isolate", level, *allow]
    under = [] if level == "bare" else [binary, "run", "--quiet", "--allow", "s3:GetObject", *isolate, "--"]
    results = {}

    def run(words):
        return life.run([*under, *words], environment, work, [])
    for name, (needed, script, expected) in SCRIPTS.items():
        if names and name not in names:
            continue
        if missing(needed):
            results[name] = {"skipped": f"{missing(needed)[0]} is not installed"}
            continue
        code, said = run(["sh", "-c", script])
        results[name] = {"works": code == 0 and expected in said, "said": f"exit {code}: {said[-2000:]}"}
    for name, (needed, words, steps, after) in AT_A_TERMINAL.items():
        if names and name not in names:
            continue
        if missing(needed):
            results[name] = {"skipped": f"{missing(needed)[0]} is not installed"}
            continue
        player = [sys.executable, f"{HERE}/../terminal.py", *under, *words]
        done = subprocess.run(player, env=environment, cwd=work, input=json.dumps(steps), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        shown = subprocess.run(["sh", "-c", after], cwd=work, stdout=subprocess.PIPE, text=True)
        results[name] = {"works": shown.stdout == "forty-two\n", "said": f"{done.stdout[-2000:]}{shown.stdout}"}
    return {"programs": results}
