"""What installed filters cost: a plan with 1, 10 and 100 of them, and the installation of one."""

import pathlib
import statistics
import subprocess
import time

ROUNDS = 15
COUNTS = (1, 10, 100)
NAME = b"filter-no-deletes"


def measure(audex, environment, once, target):
    """Milliseconds: {count: median of a plan}, and the median of installing one."""
    root = pathlib.Path(__file__).resolve().parent.parent
    module = root / "sdk/examples/filter-no-deletes"
    subprocess.run(["cargo", "build", "--quiet", "--release", "--target", "wasm32-unknown-unknown", "--target-dir", str(target),
                    "--manifest-path", str(module / "Cargo.toml")], check=True)
    wasm = (target / "wasm32-unknown-unknown/release/filter_no_deletes.wasm").read_bytes()
    file = pathlib.Path(environment["HOME"], "filter.wasm")
    installed, installs, plans = 0, [], {}
    for count in COUNTS:
        while installed < count:
            # The same filter under a new name. The manifest contains the length of the name, so the length
            # must not change.
            file.write_bytes(wasm.replace(NAME, f"filter-no-dele{installed:03}".encode()))
            began = time.perf_counter()
            subprocess.run([str(audex), "plugin", "install", str(file)], env=environment, check=True, stdout=subprocess.DEVNULL)
            installs.append((time.perf_counter() - began) * 1000)
            installed += 1
        command = [audex, "plan", "--allow", "s3:GetObject"]
        samples = [once(command, environment)[0] for _ in range(ROUNDS + 2)][2:]
        plans[count] = statistics.median(samples)
    return plans, statistics.median(installs)
