"""The command under test: tries every escape, each in a process of its own, and writes down what it got.

The working directory holds `world.json` (the places of the decoys, no secret). An attempt returns what it read, which goes to standard
output for the world outside to decide whether it is the planted secret. The attempts that write or signal are judged outside alone.
"""

import json
import os
import signal
import sys
import traceback

LIMIT_SECONDS = 30  # guards against a hang

WORK = os.getcwd()
PLACES = json.load(open("world.json"))
HOME = PLACES["home"]
RUNTIME = PLACES["runtime"]
ATTEMPTS = {}


class NotHere(Exception):
    """The error of an attempt that this machine does not know, with or without Audex."""


def attempt(name):
    """Registers the function as the attempt `name`."""
    def register(function):
        assert name not in ATTEMPTS, name
        ATTEMPTS[name] = function
        return function
    return register


def home(path):
    return os.path.join(HOME, path)


def read(path):
    with open(path, "rb") as file:
        return file.read(65536)


def outside(word):
    """Asks a program of the user outside for `word`; returns when it is done."""
    open(os.path.join(WORK, "ask", word), "w").close()
    done = os.path.join(WORK, "done", word)
    while not os.path.exists(done):
        os.sched_yield()


def others():
    """The ids of all other processes that are seen, the victim's first."""
    seen = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    return [PLACES["victim"]] + [pid for pid in seen if pid not in (os.getpid(), PLACES["victim"])]


def every(items, action):
    """What `action` gets from the items, all together; the last error if it gets nothing."""
    got, error = b"", FileNotFoundError("nothing to try")
    for item in items:
        try:
            got += action(item) or b""
        except OSError as failure:
            error = failure
    if got:
        return got
    raise error


def first(items, action):
    """What `action` gets from the first item that has anything; the last error if none has."""
    error = FileNotFoundError("nothing to try")
    for item in items:
        try:
            if got := action(item):
                return got
        except OSError as failure:
            error = failure
    raise error


def in_child(action):
    """Runs `action` in a forked process; returns what it returned, or raises what it raised."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writing, b"+" + (action() or b""))
        except BaseException as error:
            os.write(writing, f"-{type(error).__name__}: {error}".encode())
        os._exit(0)
    os.close(writing)
    with open(reading, "rb") as file:
        got = file.read()
    os.waitpid(child, 0)
    if not got.startswith(b"+"):
        raise OSError(got[1:].decode(errors="replace"))
    return got[1:]


def too_long(*_):
    raise TimeoutError(f"it did not end within {LIMIT_SECONDS} s")


def run(name):
    """Tries `name` in a process of its own; returns what it got and what it saw."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        os.setpgid(0, 0)
        signal.signal(signal.SIGALRM, too_long)
        signal.alarm(LIMIT_SECONDS)
        try:
            got = ATTEMPTS[name]() or b""
            result = {"got": got.decode("latin-1"), "saw": ""}
        except BaseException as error:
            result = {"got": "", "saw": f"{type(error).__name__}: {error}", "absent": isinstance(error, NotHere)}
            if not isinstance(error, (OSError, NotHere)):
                traceback.print_exc()
        data = json.dumps(result).encode()
        while data:
            data = data[os.write(writing, data):]
        os._exit(0)
    os.close(writing)
    with open(reading, "rb") as file:
        data = file.read()
    _, status = os.waitpid(child, 0)
    return json.loads(data) if data else {"got": "", "saw": f"ended with status {status}"}


def main():
    # Each registers its attempts; those of the last may end what the others need.
    import files, kernel, later, network, processes, sockets, supervision  # noqa: E401, F401

    names = sys.argv[1:] or [name for name in ATTEMPTS if not name.startswith("alone-")]
    for name in names:
        data = f"RESULT {json.dumps({'name': name, **run(name)})}\n".encode()
        while data:
            data = data[os.write(1, data):]


if __name__ == "__main__":
    sys.modules["attack"] = sys.modules["__main__"]
    main()
