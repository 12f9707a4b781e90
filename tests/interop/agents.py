"""The agents' own tools, where npm has them: each lists the server that `tryaudex agents setup` adds, and not after `undo`."""

import subprocess

from session import ROOT, TRYAUDEX, Home

TOOLS = ROOT / "target/interop/node/node_modules/.bin"
AGENTS = ("claude", "codex", "gemini")
# The tools look for updates and start every server.
SECONDS = 120


def missing():
    absent = [name for name in AGENTS if not (TOOLS / name).exists()]
    return f"not installed: {', '.join(absent)} (tests/interop/install.sh)" if absent else None


def run(home, *words):
    done = subprocess.run([*map(str, words)], env=home.environment, cwd=home.path, capture_output=True, text=True, timeout=SECONDS,
                          stdin=subprocess.DEVNULL)
    if done.returncode:
        raise AssertionError(f"exit {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def listed(home, agent):
    """The lines of `AGENT mcp list` about our server."""
    return [line for line in run(home, TOOLS / agent, "mcp", "list").splitlines() if str(TRYAUDEX) in line and "audex" in line]


def check(judge):
    for agent in AGENTS:
        home = Home()
        # The tool writes its own configuration first; the words before the command differ.
        scope = ["-s", "user"] if agent != "codex" else []
        command = ["demo", "--", "/bin/true", "x"] if agent != "gemini" else ["demo", "/bin/true", "x"]
        judge.allowed(f"{agent} adds a server of its own", lambda: bool(run(home, TOOLS / agent, "mcp", "add", *scope, *command)), True)
        files = [path for path in (home.path / ".claude.json", home.path / ".codex/config.toml", home.path / ".gemini/settings.json")
                 if path.exists()]
        before = [path.read_bytes() for path in files]
        judge.allowed(f"{agent} does not list ours before", lambda: len(listed(home, agent)), 0)
        before = [path.read_bytes() for path in files]
        run(home, TRYAUDEX, "agents", "setup", agent, "--write")
        judge.allowed(f"{agent} lists ours after setup", lambda: len(listed(home, agent)), 1)
        run(home, TRYAUDEX, "agents", "undo", agent)
        judge.allowed(f"{agent} does not list ours after undo", lambda: len(listed(home, agent)), 0)
        judge.allowed(f"{agent} has its configuration back", lambda: before == [path.read_bytes() for path in files], True)
