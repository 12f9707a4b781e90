"""What the generators of the catalogues share: options, the list to compare with, and writing or comparing."""

import argparse
import hashlib
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


def options():
    """`--verify` compares instead of writing; a directory holds the packages, in place of a download."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--verify", action="store_true")
    parser.add_argument("--require-list", action="store_true")
    parser.add_argument("directory", nargs="?", type=pathlib.Path)
    return parser.parse_args()


def pip_download(into, *words):
    """Downloads packages without installing them."""
    subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", into, *words], check=True)
    return pathlib.Path(into)


def shared_list(name):
    """The list to compare with, beside the checkout or where AUDEX_SHARED_DATA says; None if it is absent."""
    places = [pathlib.Path(os.environ["AUDEX_SHARED_DATA"])] if "AUDEX_SHARED_DATA" in os.environ else []
    places += [HERE.parents[1] / "shared" / "data", pathlib.Path("/work/shared/data")]
    return next((place / name for place in places if (place / name).is_file()), None)


def put(files, verify):
    """Writes the contents of each path, or ends where a file is not what was made."""
    for path, contents in files.items():
        if verify and path.read_bytes() != contents:
            sys.exit(f"{path.name} is not what the packages and overlay.txt make")
        if not verify:
            path.write_bytes(contents)
        print(f"{path.name}: {len(contents)} bytes, {hashlib.sha256(contents).hexdigest()[:12]}", file=sys.stderr)


def absent(name, required):
    """Says that the list is absent, and fails if it is required."""
    print(f"{name} is absent, NOT compared")
    if required:
        sys.exit(1)
