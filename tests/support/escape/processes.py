"""Attempts at other processes of the user, at Audex itself, and at what lives longer than the session."""

import array
import ctypes
import fcntl
import os
import signal
import socket
import struct
import time

import libc
from attack import HOME, NotHere, PLACES, WORK, attempt, every, in_child, others, read

SECRET = os.path.join(HOME, ".aws/credentials")
PTRACE_ATTACH, PTRACE_PEEKDATA, PTRACE_DETACH = 16, 2, 17


@attempt("environ")
def environ():
    return every(others(), lambda pid: read(f"/proc/{pid}/environ"))


@attempt("environ-audex")
def environ_audex():
    """The caller's own keys in the environment of Audex, above the command."""
    return every([os.getppid()] + others(), lambda pid: read(f"/proc/{pid}/environ"))


@attempt("memory")
def memory():
    def peek(pid):
        with open(f"/proc/{pid}/mem", "rb", buffering=0) as file:
            file.seek(PLACES["memory"])
            return file.read(64)
    return every(others(), peek)


@attempt("process-vm-readv")
def process_vm_readv():
    def peek(pid):
        buffer = ctypes.create_string_buffer(64)
        local = (ctypes.c_size_t * 2)(ctypes.addressof(buffer), 64)
        remote = (ctypes.c_size_t * 2)(PLACES["memory"], 64)
        libc.syscall("process_vm_readv", pid, local, 1, remote, 1, 0)
        return buffer.raw
    return every(others(), peek)


@attempt("ptrace")
def ptrace():
    call = libc.C.ptrace
    call.restype = ctypes.c_long
    call.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]

    def peek(pid):
        libc.checked(call(PTRACE_ATTACH, pid, None, None), "ptrace")
        os.waitpid(pid, 0x40000000)  # __WALL
        words = [call(PTRACE_PEEKDATA, pid, PLACES["memory"] + offset, None) for offset in range(0, 64, 8)]
        call(PTRACE_DETACH, pid, None, None)
        return b"".join(struct.pack("q", word) for word in words)
    return every(others()[:1], peek)


@attempt("proc-pid-fd")
def proc_pid_fd():
    """A deleted file that another process has open."""
    def all_of(pid):
        names = os.listdir(f"/proc/{pid}/fd")
        files = [f"/proc/{pid}/fd/{name}" for name in names if "deleted" in os.readlink(f"/proc/{pid}/fd/{name}")]
        return every(files, read)
    return every(others(), all_of)


@attempt("pidfd-getfd")
def pidfd_getfd():
    def all_of(pid):
        process = libc.syscall("pidfd_open", pid, 0)

        def take(number):
            return os.pread(libc.syscall("pidfd_getfd", process, number, 0), 4096, 0)
        return every(range(3, 16), take)
    return every(others(), all_of)


@attempt("nsenter")
def nsenter():
    """Enters the mount namespace of another process."""
    def enter(pid):
        def inside():
            for kind in ("user", "mnt"):
                try:
                    libc.setns(os.open(f"/proc/{pid}/ns/{kind}", os.O_RDONLY))
                except OSError:
                    pass
            return read(SECRET)
        return in_child(inside)
    return every(others(), enter)


@attempt("setns-pidfd")
def setns_pidfd():
    """Enters all namespaces of another process by its pidfd."""
    def enter(pid):
        def inside():
            try:
                libc.setns(os.pidfd_open(pid), libc.CLONE_NEWNS | libc.CLONE_NEWUSER)
            except OSError:
                libc.setns(os.pidfd_open(pid), libc.CLONE_NEWNS)
            return read(SECRET)
        return in_child(inside)
    if os.getuid() != 0:
        raise PermissionError("only root enters the namespace that it is in already")
    return every(others(), enter)


@attempt("signal")
def send_signal():
    """Ends another program of the user."""
    os.kill(PLACES["bystander"], signal.SIGKILL)


@attempt("core-dump")
def core_dump():
    """Has another program dump its memory into a file that can be read."""
    if open("/proc/sys/kernel/core_pattern").read().startswith("|"):
        raise NotHere("dumps go to a program")
    os.kill(PLACES["dumped"], signal.SIGABRT)
    while os.path.exists(f"/proc/{PLACES['dumped']}/fd/0"):
        os.sched_yield()

    def search(name):
        data = open(os.path.join(HOME, "cores", name), "rb").read()
        at = data.find(b"decoy-core-dump-")
        return data[at:at + 64] if at >= 0 else b""
    return every(os.listdir(os.path.join(HOME, "cores")), search)


@attempt("setuid")
def setuid():
    """A setuid program that reads what only root can."""
    if os.getuid() == 0:
        raise NotHere("root needs no setuid program")
    if PLACES["nested"]:
        raise NotHere("the tester is not root, so there is no program of root's")
    return os.popen(f"{HOME}/setuid-cat {HOME}/of-root 2>&1").read().encode()


@attempt("keyring")
def keyring():
    """The kernel keyring of the session in which Audex was started."""
    def by_search(ring):
        key = libc.syscall("keyctl", 10, ring, ctypes.c_char_p(b"user"), ctypes.c_char_p(b"decoy"), 0)  # KEYCTL_SEARCH
        return by_id(key)

    def by_id(key):
        buffer = ctypes.create_string_buffer(4096)
        length = libc.syscall("keyctl", 11, key, buffer, 4096)  # KEYCTL_READ
        return buffer.raw[:length]

    def both(number):
        return by_search(number) if number < 0 else by_id(number)
    known = [int(line.split()[0], 16) for line in open("/proc/keys") if " user " in line]
    return every([-3, -5] + known, both)  # KEY_SPEC_SESSION_KEYRING, KEY_SPEC_USER_SESSION_KEYRING


@attempt("keyring-user")
def keyring_user():
    """The keyring of the user, which all sessions share."""
    key = libc.syscall("keyctl", 10, -4, ctypes.c_char_p(b"user"), ctypes.c_char_p(PLACES["key"].encode()), 0)
    buffer = ctypes.create_string_buffer(4096)
    length = libc.syscall("keyctl", 11, key, buffer, 4096)
    return buffer.raw[:length]


@attempt("terminal-input")
def terminal_input():
    """TIOCSTI: types into the terminal from which Audex was started."""
    with open("/dev/tty", "rb", buffering=0) as terminal:
        for byte in b"escape-terminal-input\n":
            fcntl.ioctl(terminal, 0x5412, struct.pack("b", byte))  # TIOCSTI


@attempt("other-terminal")
def other_terminal():
    """Reads what is typed at another terminal of the user."""
    descriptor = os.open(PLACES["other_terminal"], os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
    return os.read(descriptor, 4096)


@attempt("descriptor-over-socket")
def descriptor_over_socket():
    """A program outside hands over a descriptor through a socket in the working directory."""
    client = socket.socket(socket.AF_UNIX)
    client.connect(os.path.join(WORK, "hands-over.sock"))
    numbers = array.array("i")
    _, extra, _, _ = client.recvmsg(1, socket.CMSG_LEN(numbers.itemsize))
    numbers.frombytes(extra[0][2][:numbers.itemsize])
    return os.pread(numbers[0], 4096, 0)


@attempt("detached")
def detached():
    """A process that leaves its session and group, and waits for the end of Audex."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        try:
            os.setsid()
            if os.fork() == 0:
                outlive(writing)
        finally:
            os._exit(0)
    os.close(writing)
    if not os.read(reading, 1):
        raise PermissionError("it could not wait")


def outlive(ready):
    """Ignores every signal, lets go of everything but the pipe to the world, and waits."""
    signal.alarm(0)
    for number in range(1, 65):
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            pass
    pipe = os.open(os.path.join(WORK, "survivor"), os.O_WRONLY)
    os.write(ready, b"1")
    for descriptor in os.listdir("/proc/self/fd"):
        try:
            if int(descriptor) != pipe:
                os.close(int(descriptor))
        except OSError:
            pass
    while not os.path.exists(os.path.join(WORK, "over")):
        time.sleep(0.01)
    os.write(pipe, b"alive")
