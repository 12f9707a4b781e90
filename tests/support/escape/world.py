"""The machine for the escapes: planted decoys, programs that stand in for the real ones, and one run of `attack.py` under test.

    world.py LEVEL ROLE TRYAUDEX [ATTEMPT ...]
    world.py LEVEL ROLE TRYAUDEX programs [PROGRAM ...]

LEVEL is `bare` (without Audex), `off`, `credentials` or `strict`; ROLE is `user` or `root`. Prints one JSON object: for each attempt, whether
it escaped and what it saw; for each program of `programs.py`, whether it works. Everything is in namespaces of its own, with temporary file systems over the places that are written: no real
file, socket, process or address of the machine is in reach.
"""

import json
import os
import pathlib
import pwd
import signal
import shutil
import subprocess
import sys

import libc
import planted
import servers

BASE = "/srv"
HERE = os.path.dirname(os.path.abspath(__file__))
IP = shutil.which("ip", path="/usr/sbin:/sbin:/usr/bin:/bin")
# The user that an ordinary user of the tests is: `nobody`, of whom no file of the machine is.
NOBODY = 65534
ADDRESSES = ["169.254.169.254", "169.254.170.2", "169.254.170.23", "100.100.100.200", "168.63.129.16"]
ADDRESSES_V6 = ["fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254"]
PUBLIC = "198.41.0.4"


def enter():
    """Starts this program again in namespaces of its own, as their root."""
    words = ["unshare", "--mount", "--pid", "--net", "--ipc", "--fork", "--kill-child", "--mount-proc"]
    words += [] if os.getuid() == 0 else ["--map-root-user"]
    os.environ["ESCAPE_TESTER"] = str(os.getuid())
    os.execvp("unshare", words + [sys.executable, "-B", *sys.argv])


def cover(directory, mode, keep):
    """Mounts an empty file system over `directory`, in which only the paths of `keep` are left."""
    kept = {}
    for path in keep:
        if os.path.commonpath([directory, path]) == directory:
            kept[path] = os.open(path, os.O_PATH)
    libc.mount("decoys", directory, "tmpfs", 0, f"mode={mode}")
    for path, descriptor in kept.items():
        if os.path.isdir(f"/proc/self/fd/{descriptor}"):
            os.makedirs(path, exist_ok=True)
        else:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            open(path, "w").close()
        libc.mount(f"/proc/self/fd/{descriptor}", path, None, libc.MS_BIND | libc.MS_REC)


def machine(binary):
    """Makes the file systems and the network of this machine."""
    home = pwd.getpwuid(int(os.environ["ESCAPE_TESTER"])).pw_dir
    keep = sorted({os.path.dirname(HERE), binary, sys.base_prefix, sys.prefix} - {"/usr", "/usr/local"})
    toolchain = os.environ.get("ESCAPE_TOOLCHAIN")
    rust = os.open(toolchain, os.O_PATH) if toolchain else None
    for directory, mode in ((home, "755"), (BASE, "755"), ("/run", "755"), ("/tmp", "1777"), ("/var/spool", "755"), ("/dev/shm", "1777")):
        if os.path.isdir(directory) and os.path.realpath(directory) == directory != "/":
            cover(directory, mode, keep)
    if rust:
        target = f"{BASE}/home/developer/.rustup/toolchains/tests"
        os.makedirs(target)
        libc.mount(f"/proc/self/fd/{rust}", target, None, libc.MS_BIND | libc.MS_REC)
    libc.mount("devpts", "/dev/pts", "devpts", 0, "newinstance,ptmxmode=0666,mode=620")
    if os.path.realpath("/dev/ptmx") != "/dev/pts/ptmx":
        libc.mount("/dev/pts/ptmx", "/dev/ptmx", None, libc.MS_BIND)
    hosts = f"127.0.0.1 localhost\n169.254.169.254 metadata.google.internal\n{PUBLIC} git.example\n"
    if os.environ["ESCAPE_TESTER"] == "0":
        layers = {name: f"{BASE}/etc-{name}" for name in ("upper", "work")}
        for path in layers.values():
            os.mkdir(path)
        libc.mount("overlay", "/etc", "overlay", 0, f"lowerdir=/etc,upperdir={layers['upper']},workdir={layers['work']}")
        pathlib.Path("/etc/hosts").write_text(hosts)
    else:  # who cannot write there in any case
        pathlib.Path(f"{BASE}/hosts").write_text(hosts)
        libc.mount(f"{BASE}/hosts", "/etc/hosts", None, libc.MS_BIND)
    subprocess.run([IP, "link", "set", "lo", "up"], check=True)
    for address in ADDRESSES + [PUBLIC]:
        subprocess.run([IP, "addr", "add", f"{address}/32", "dev", "lo"], check=True)
    for address in ADDRESSES_V6:
        subprocess.run([IP, "-6", "addr", "add", f"{address}/128", "dev", "lo", "nodad"], check=True)
    pathlib.Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").write_text("0")


def services(secrets):
    """Runs what belongs to the machine: docker and the other daemons of root, the clouds' metadata, a server on loopback."""
    os.umask(0)
    for path, name in (("/run/docker.sock", "docker"), ("/run/containerd/containerd.sock", "containerd"), ("/run/dbus/system_bus_socket", "system-bus")):
        servers.unix(path, secrets[name])
    os.umask(0o022)
    for address in ADDRESSES + ADDRESSES_V6:
        servers.tcp(address, 80, secrets["metadata"])
    servers.tcp(PUBLIC, 443, secrets["internet"])
    port = servers.tcp("127.0.0.1", 0, secrets["loopback-port"])
    servers.beats(secrets["raw-socket"])
    return port


def forked(action):
    """Runs `action` in a process of its own, which then waits for ever; returns the line that it gave."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.close(reading)
        os.write(writing, f"{action()}\n".encode())
        os.close(writing)
        while True:
            signal.pause()
    os.close(writing)
    with open(reading) as file:
        return file.readline().strip()


def become_user(user):
    """Gives up root. A tester who is not root becomes an ordinary user in a namespace of its own."""
    if os.environ["ESCAPE_TESTER"] == "0":
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    else:
        libc.unshare(libc.CLONE_NEWUSER)
        for name, text in (("setgroups", "deny"), ("uid_map", f"{user} 0 1"), ("gid_map", f"{user} 0 1")):
            pathlib.Path("/proc/self", name).write_text(text)
    # So that the processes of this user belong to it, as after a login.
    libc.C.prctl(4, 1, 0, 0, 0)  # PR_SET_DUMPABLE


def main():
    level, role, binary, *attempts = sys.argv[1:]
    binary = os.path.realpath(binary)
    if "ESCAPE_TESTER" not in os.environ:
        enter()
    # What is on standard output is the result alone.
    output = os.dup(1)
    os.dup2(2, 1)
    machine(binary)
    user = NOBODY if role == "user" else 0
    place = planted.Place(BASE, user)
    secrets = planted.Secrets()
    secrets.settle(["docker", "containerd", "system-bus", "metadata", "internet", "loopback-port", "raw-socket"])
    place.make_directories(secrets)
    port = int(forked(lambda: services(secrets)))
    child = os.fork()
    if child == 0:
        try:
            if role == "user":
                become_user(user)
            import life
            import programs
            living = life.Life(place, secrets, port, PUBLIC)
            if attempts[:1] == ["programs"]:
                results = programs.live(level, living, binary, attempts[1:])
            else:
                results = life.live(level, living, binary, attempts)
            os.write(output, json.dumps({"nested": os.environ["ESCAPE_TESTER"] != "0", **results}).encode())
            os._exit(0)
        except BaseException:
            import traceback
            traceback.print_exc()
            os._exit(1)
    while True:  # this is process 1, to which every orphan comes
        pid, status = os.wait()
        if pid == child:
            os._exit(os.waitstatus_to_exitcode(status) & 0xff)


if __name__ == "__main__":
    main()
