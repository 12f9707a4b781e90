"""Plays a person at a terminal: runs a command on a pty and follows a script of steps.

The command is in the arguments, the steps are JSON on stdin: ["expect", TEXT], ["send", TEXT], ["make", FILE], and
["press", KEYS, TEXT], which sends the keys again and again until the text comes. Prints what was seen on
the terminal, then `exit CODE`. A text that does not come within the limit ends the command and is said.
"""

import json
import os
import pty
import select
import signal
import sys
import time

LIMIT_SECONDS = 30

steps = json.load(sys.stdin)
child, terminal = pty.fork()
if child == 0:
    os.execvp(sys.argv[1], sys.argv[1:])

seen = b""


def read(until):
    """Reads until `until()` is true or the command has ended; returns whether there is more to come."""
    global seen
    deadline = time.monotonic() + LIMIT_SECONDS
    while not until():
        if not select.select([terminal], [], [], max(0, deadline - time.monotonic()))[0]:
            print(f"nothing more came: {seen!r}")
            os.kill(child, signal.SIGKILL)
            sys.exit(1)
        try:
            data = os.read(terminal, 4096)
        except OSError:  # EIO: no process has the terminal open any more
            data = b""
        if not data:
            return False
        seen += data
    return True


position = 0
for step, text, *until in steps:
    if step == "send":
        os.write(terminal, text.encode())
    elif step == "press":
        deadline = time.monotonic() + LIMIT_SECONDS
        while until[0].encode() not in seen[position:] and time.monotonic() < deadline:
            if select.select([terminal], [], [], 0.1)[0]:
                seen += os.read(terminal, 4096)
            else:
                os.write(terminal, text.encode())
    elif step == "make":
        open(text, "w").close()
    else:
        if not read(lambda: text.encode() in seen[position:]):
            print(f"ended before {text!r} came: {seen!r}")
            break
        position = seen.index(text.encode(), position) + len(text.encode())
read(lambda: False)
_, status = os.waitpid(child, 0)
sys.stdout.write(seen.decode(errors="replace").replace("\r\n", "\n"))
print(f"exit {os.waitstatus_to_exitcode(status)}")
