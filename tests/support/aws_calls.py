"""Makes several aws CLI calls in one process, since each start of the CLI costs more than the call.

Each line of stdin is `NAME<tab>ARGUMENTS`; prints `NAME: ok` or `NAME: ERROR-CODE`. It is the CLI's own `main`.
"""

import contextlib
import io
import re
import shlex
import sys

from awscli.clidriver import create_clidriver

for line in sys.stdin.read().splitlines():
    name, arguments = line.split("\t", 1)
    said = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(said):
        code = create_clidriver().main(shlex.split(arguments))
    error = re.search(r"An error occurred \((\w+)\)", said.getvalue())
    print(f"{name}: {'ok' if code == 0 else error[1] if error else said.getvalue().strip()}", flush=True)
