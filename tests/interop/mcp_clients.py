"""The Model Context Protocol SDKs as clients of `tryaudex mcp`: Python's of both eras and TypeScript's of both, against moto_enforcing.py."""

import os
import pathlib
import shutil
import subprocess
import sys

from aws_tools import _home
from double import Double
from session import ROOT, SECONDS, TRYAUDEX

HERE = pathlib.Path(__file__).resolve().parent
PLACE = ROOT / "target/interop"
OLD, NEW = "legacy", "2026-07-28"
# A client, its program, and the eras that it speaks.
CLIENTS = [
    ("Python SDK 1.30", [PLACE / "mcp1/bin/python", HERE / "mcp_client_1.py"], [OLD]),
    ("Python SDK 2.3", [PLACE / "mcp2/bin/python", HERE / "mcp_client_2.py"], [OLD, NEW]),
    ("TypeScript SDK 1.32", ["node", HERE / "mcp_client.mjs", "@modelcontextprotocol/sdk"], [OLD]),
    ("TypeScript SDK 2.4", ["node", HERE / "mcp_client.mjs", "@modelcontextprotocol/client"], [OLD, NEW]),
]
# What a client says in each step, by how its person answers.
EXPECTED = ["tools 8", "plan s3:GetObject", "run 0", "big 100000000", "unknown refused", "cancelled gone"]
WRITES = {"none": "write refused", "no": "write refused", "yes": "write 0"}


def missing():
    if not (PLACE / "mcp1/bin/python").exists() or not (PLACE / "mcp2/bin/python").exists():
        return "tests/interop/install.sh has not installed the SDKs from PyPI"
    if not shutil.which("node") or not (PLACE / "node-mcp/node_modules/@modelcontextprotocol/client").exists():
        return "there is no node, or npm has not installed the SDKs"
    return None


def check(judge):
    shell = os.path.realpath("/bin/sh")
    for name, program, eras in CLIENTS:
        for era in eras:
            for person, write in WRITES.items():
                with Double("moto_enforcing.py") as double:
                    home = _home(double)
                    home.environment["PATH"] = f"{pathlib.Path(sys.executable).parent}:{home.environment['PATH']}"
                    home.environment["NODE_PATH"] = str(PLACE / "node-mcp/node_modules")
                    home.write(".config/audex/config.toml", f'[mcp]\ncommands = ["{shell}"]\n')
                    judge.allowed(f"MCP: {name}, {era}, a person who says {person}",
                                  lambda: _steps([*program, TRYAUDEX, era, person], home), [*EXPECTED, write])


def _steps(command, home):
    done = subprocess.run([*map(str, command)], env=home.environment, cwd=home.path, capture_output=True, text=True, timeout=SECONDS,
                          stdin=subprocess.DEVNULL)
    return done.stdout.splitlines() if done.returncode == 0 else [f"exit {done.returncode}", done.stderr[-1500:]]
