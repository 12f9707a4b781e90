"""Components from a real OCI registry (Debian's docker-registry), pushed by an ordinary client (oras)."""

import hashlib
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

from session import ROOT, TRYAUDEX, Home

PLACE = ROOT / "target/interop/registry"
WASM, SIGNATURE = "application/wasm", "application/vnd.minisign.signature"
NAME = "filter-no-deletes"
TIME = 30


def missing():
    return None if _binary() else "docker-registry is not installed and apt-get cannot download it"


def _binary():
    """The installed one, or Debian's package unpacked under target/: that needs no root."""
    own = PLACE / "usr/bin/docker-registry"
    if found := shutil.which("docker-registry"):
        return found
    if not own.exists() and shutil.which("apt-get"):
        PLACE.mkdir(parents=True, exist_ok=True)
        try:
            subprocess.run(["apt-get", "download", "docker-registry"], cwd=PLACE, capture_output=True, timeout=120, check=True)
            subprocess.run(["dpkg-deb", "-x", str(next(PLACE.glob("*.deb"))), str(PLACE)], capture_output=True, timeout=60, check=True)
        except (subprocess.SubprocessError, StopIteration, OSError):
            return None
    return str(own) if own.exists() else None


def check(judge):
    home = Home()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home.write("registry.yml", f"version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {home.path}/blobs}}}}\n"
                               f"http: {{addr: '127.0.0.1:{port}'}}\n")
    registry = subprocess.Popen([_binary(), "serve", str(home.path / "registry.yml")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _ready(port)
        _check(judge, home, f"localhost:{port}/team/no-deletes")
    finally:
        registry.kill()
        registry.wait()


def _ready(port):
    for _ in range(TIME * 10):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/v2/", timeout=1)
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("docker-registry does not answer")


def _check(judge, home, repository):
    component = home.path / "no-deletes.wasm"
    component.write_bytes(_component())
    key = _sign(home, component)
    first = _push(home, repository, "1.0", [component, home.path / "no-deletes.wasm.minisig"])
    run = lambda *words: _plugin(home, *words)
    inspected = lambda field: json.loads(run("inspect", NAME, "--json"))[field]

    judge.allowed("a component of a registry is inspected", lambda: f"name      {NAME}" in run("inspect", f"oci://{repository}:1.0"), True)
    judge.denied("nobody's key is enough", lambda: run("install", f"oci://{repository}:1.0"), "which nobody has named")
    judge.allowed("it is installed by tag", lambda: key in run("install", f"oci://{repository}:1.0", "--signer", key), True)
    judge.allowed("its digest is the layer's", lambda: inspected("digest"), hashlib.sha256(component.read_bytes()).hexdigest())
    run("remove", NAME)
    judge.allowed("it is installed by digest", lambda: key in run("install", f"oci://{repository}@{first}", "--signer", key), True)
    run("remove", NAME)
    judge.denied("a digest that is not there", lambda: run("install", f"oci://{repository}@sha256:{'0' * 64}", "--signer", key), "404")
    judge.denied("a tag that is not there", lambda: run("install", f"oci://{repository}:9.9"), "404")

    _push(home, repository, "unsigned", [component])
    judge.denied("an unsigned one", lambda: run("install", f"oci://{repository}:unsigned"), "is not signed, and no digest was given")
    other = _sign(home, component, "other")
    _push(home, repository, "stolen", [component, home.path / "no-deletes.wasm.minisig"])
    judge.denied("another author's signature", lambda: run("install", f"oci://{repository}:stolen", "--signer", key), f"and `{key}` is another")
    run("install", f"oci://{repository}:1.0", "--signer", key)
    judge.denied("another author in its place", lambda: run("install", f"oci://{repository}:stolen", "--signer", other), "it was signed by")

    _version(component, "0.1.1")
    _sign(home, component)
    _push(home, repository, "1.0", [component, home.path / "no-deletes.wasm.minisig"])
    judge.allowed("a tag that moved is an update", lambda: "from 0.1.0 to 0.1.1" in run("update"), True)
    judge.denied("an older version by its digest", lambda: run("install", f"oci://{repository}@{first}", "--signer", key), "is older")
    judge.allowed("what was replaced is put back", lambda: "is 0.1.0 again" in run("rollback", NAME), True)
    judge.allowed("everything is as it was", lambda: run("verify").strip(), f"{NAME}: ok, signed")


def _component():
    """The SDK's example as a component: what the host made of it when it was installed from a file."""
    module = ROOT / "sdk/examples/filter-no-deletes"
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "guests"
    subprocess.run([os.environ.get("CARGO", "cargo"), "build", "--quiet", "--release", "--target", "wasm32-unknown-unknown",
                    "--target-dir", str(target), "--manifest-path", str(module / "Cargo.toml")], check=True)
    home = Home()
    _plugin(home, "install", str(target / "wasm32-unknown-unknown/release/filter_no_deletes.wasm"))
    return next((home.path / ".local/share/audex/plugins").glob("*.wasm")).read_bytes()


def _version(component, version):
    component.write_bytes(component.read_bytes().replace(b"\nversion 0.1.0\n", f"\nversion {version}\n".encode()))


def _sign(home, file, key="author"):
    made = subprocess.run([sys.executable, str(ROOT / "tests/support/minisign.py"), str(home.path / key), str(file)],
                          capture_output=True, text=True, check=True)
    return made.stdout.strip()


def _push(home, repository, tag, files):
    """Pushes with oras; the digest of the manifest."""
    import oras.client

    registry = repository.split("/")[0]
    client = oras.client.OrasClient(hostname=registry, insecure=True)
    here = os.getcwd()
    os.chdir(home.path)
    try:
        types = [f"{file.name}:{WASM if file.suffix == '.wasm' else SIGNATURE}" for file in files]
        answer = client.push(files=types, target=f"{repository}:{tag}", disable_path_validation=True)
    finally:
        os.chdir(here)
    return answer.headers["Docker-Content-Digest"]


def _plugin(home, *words):
    done = subprocess.run([str(TRYAUDEX), "plugin", *words], env=home.environment, capture_output=True, text=True, timeout=TIME,
                          stdin=subprocess.DEVNULL)
    if done.returncode:
        raise AssertionError(f"exit {done.returncode}: {done.stderr.strip()}")
    return done.stdout
