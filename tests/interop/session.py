"""Runs a real client under `tryaudex run`, in a home of its own with somebody's broad logins in it."""

import json
import os
import pathlib
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
TRYAUDEX = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug/tryaudex"
# A client that asks a server that is not there must not keep everybody.
SECONDS = 120
PLANTED = "planted-login-of-the-parent"


class Home:
    """A home directory. The parent's login in it is planted text that must turn up nowhere."""

    def __init__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="audex-interop-")
        self.path = pathlib.Path(self.directory.name)
        self.environment = {"HOME": str(self.path), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
        self.write(".config/gcloud/access_tokens.db", PLANTED)
        self.write(".boto", f"[Credentials]\ngs_oauth2_refresh_token = {PLANTED}\n")
        self.write(".azure/azureProfile.json", json.dumps({"installationId": PLANTED, "subscriptions": []}))
        self.write(".azure/msal_token_cache.json", json.dumps({"AccessToken": {"x": {"secret": PLANTED}}}))

    def write(self, name, text):
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def run(self, options, command, **environment):
        """What `command` writes under `tryaudex run OPTIONS`; an error with what it complained of if it fails."""
        asked = [str(TRYAUDEX), "run", "--quiet", *options, "--", *map(str, command)]
        done = subprocess.run(asked, env={**self.environment, **environment}, capture_output=True, text=True, timeout=SECONDS,
                              stdin=subprocess.DEVNULL)
        said = f"{done.stdout}\n{done.stderr}"
        if PLANTED in said:
            raise AssertionError(f"the parent's login is visible: {said}")
        if done.returncode:
            raise Failed(f"exit {done.returncode}: {said.strip()}")
        return done.stdout


    def learn(self, options, command, **environment):
        """The event `learned` of `tryaudex learn OPTIONS`."""
        report = self.path / "learned.json"
        asked = [str(TRYAUDEX), "learn", "--output", str(report), *options, "--", *map(str, command)]
        done = subprocess.run(asked, env={**self.environment, **environment}, capture_output=True, text=True, timeout=SECONDS,
                              stdin=subprocess.DEVNULL)
        if PLANTED in done.stdout + done.stderr:
            raise AssertionError("the parent's login is visible")
        if not report.exists():
            raise Failed(f"exit {done.returncode}: {done.stderr.strip()}")
        return json.loads(report.read_text())


class Failed(Exception):
    pass
