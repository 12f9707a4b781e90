"""Attempts to talk to a program outside over a unix socket."""

import glob
import os
import socket
import threading

from attack import HOME, PLACES, RUNTIME, WORK, attempt, first, home, in_child

# Every socket that hands something out, by its row.
SOCKETS = {
    "docker": ["/run/docker.sock", "/var/run/docker.sock"],
    "containerd": ["/run/containerd/containerd.sock"],
    "podman": [f"{RUNTIME}/podman/podman.sock"],
    "ssh-agent": ["/tmp/ssh-*/agent.*"],
    "gpg-agent": [home(".gnupg/S.gpg-agent"), f"{RUNTIME}/gnupg/S.gpg-agent"],
    "secret-service": [f"{RUNTIME}/bus", f"{RUNTIME}/keyring/control"],
    "system-bus": ["/run/dbus/system_bus_socket"],
    "systemd-user": [f"{RUNTIME}/systemd/private"],
    "tmux": [f"/tmp/tmux-{os.getuid()}/default"],
    "screen": [f"/run/screen/S-{PLACES['user']}/*"],
    "editor": [f"{RUNTIME}/vscode-ipc-*.sock", f"{RUNTIME}/nvim.*", f"{RUNTIME}/emacs/server", "/tmp/nvim.*/*/nvim.*"],
    "x11": ["/tmp/.X11-unix/X0"],
    "wayland": [f"{RUNTIME}/wayland-0"],
    "home-socket": [home(".config/Code/main.sock")],
    "work-socket": [os.path.join(WORK, "database.sock")],
}


def talk(address, kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_UNIX, kind) as client:
        client.connect(address)
        return client.recv(4096)


for name, patterns in SOCKETS.items():
    def every(patterns=patterns):
        paths = [path for pattern in patterns for path in (glob.glob(pattern) if "*" in pattern else [pattern])]
        return first(paths, talk)
    attempt(name)(every)


@attempt("docker-symlink")
def docker_symlink():
    os.symlink("/run/docker.sock", "docker-symlink")
    return talk("docker-symlink")


@attempt("docker-hard-link")
def docker_hard_link():
    """The socket's other name, in a directory that can be written."""
    def link(directory):
        path = os.path.join(directory, "docker-hard-link")
        os.link(home(".gnupg/S.gpg-agent"), path)
        return talk(path)
    return first([WORK, HOME, "/tmp"], link)


@attempt("socket-descriptor")
def socket_descriptor():
    """The socket by a descriptor of its directory, and by one of its own."""
    def through(path):
        descriptor = os.open(path, os.O_PATH)
        return talk(f"/proc/self/fd/{descriptor}/docker.sock" if os.path.isdir(path) else f"/proc/self/fd/{descriptor}")
    return first(["/run", "/run/docker.sock"], through)


@attempt("socket-relative")
def socket_relative():
    def inside():
        os.chdir("/run")
        return talk("./docker.sock")
    return in_child(inside)


@attempt("socket-race")
def socket_race():
    """The name is changed to another socket between check and use."""
    os.mkdir("race")
    server = socket.socket(socket.AF_UNIX)
    server.bind("race/own.sock")
    server.listen(64)
    threading.Thread(target=lambda: [server.accept()[0].close() for _ in iter(int, 1)], daemon=True).start()
    stop = threading.Event()

    def swap():
        while not stop.is_set():
            for target in ("race/own.sock", "/run/docker.sock"):
                os.symlink(os.path.join(WORK, target), "race/next")
                os.rename("race/next", "race/name")
    swapping = threading.Thread(target=swap)
    swapping.start()
    try:
        return first(range(3000), lambda _: talk("race/name"))
    finally:
        stop.set()
        swapping.join()


@attempt("socket-posing")
def socket_posing():
    """A link at the place of a socket that stays leads to another socket."""
    def pose(link):
        place = "/tmp/.s.PGSQL.5432"
        if os.path.lexists(place):
            os.unlink(place)
        link(place)
        return talk(place)
    return first([lambda place: os.symlink(home(".config/Code/main.sock"), place), lambda place: os.link("/tmp/elsewhere/main.sock", place)], pose)


@attempt("abstract")
def abstract():
    return talk("\0decoy-abstract")


@attempt("abstract-datagram")
def abstract_datagram():
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
        client.sendto(b"escape-abstract-datagram", "\0decoy-abstract-datagram")


@attempt("abstract-datagram-connected")
def abstract_datagram_connected():
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
        client.connect("\0decoy-abstract-datagram")
        client.send(b"escape-abstract-datagram-connected")


@attempt("datagram")
def datagram():
    """A datagram needs no connect: by sendto in the runtime directory, as to the journal."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
        client.sendto(b"escape-datagram", f"{RUNTIME}/systemd/notify")


@attempt("datagram-home")
def datagram_home():
    """The same by sendmsg to a socket in the home."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
        client.sendmsg([b"escape-datagram-home"], [], 0, home(".config/Code/log.sock"))
