"""Looks for the session's real tokens in everything that a command can see, and prints where they are, one line for each place.

The arguments are the addresses of the session's own endpoints to ask, after the address that tells the tokens.
"""

import json
import os
import pathlib
import sys
import urllib.request

# The double is on loopback, and no part of the session.
plain = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def fetch(url, **headers):
    with plain.open(urllib.request.Request(url, headers={name.replace("_", "-"): text for name, text in headers.items()})) as reply:
        return reply.read()


def places():
    """(name, bytes) of what the command can see."""
    yield "environment", "\n".join(os.environ.values()).encode()
    for place in pathlib.Path("/proc").glob("[0-9]*"):
        for name in ("environ", "cmdline"):
            try:
                yield f"{place}/{name}", (place / name).read_bytes()
            except OSError:
                continue
    for root in {os.environ[name] for name in ("HOME", "TMPDIR", "XDG_RUNTIME_DIR") if name in os.environ}:
        for path in pathlib.Path(root).rglob("*"):
            if path.is_file():
                yield str(path), path.read_bytes()
    metadata = os.environ.get("GCE_METADATA_HOST")
    if metadata:
        yield "metadata", fetch(f"http://{metadata}/computeMetadata/v1/instance/service-accounts/default/token", Metadata_Flavor="Google")
    if "IDENTITY_ENDPOINT" in os.environ:
        for audience in ("https://management.azure.com", "https://storage.azure.com", "https://vault.azure.net"):
            url = f"{os.environ['IDENTITY_ENDPOINT']}?api-version=2019-08-01&resource={audience}"
            yield audience, fetch(url, X_IDENTITY_HEADER=os.environ["IDENTITY_HEADER"])


told = json.loads(fetch(sys.argv[1]))
tokens = [text.encode() for text in told.get("tokens") or told["secrets"]]
assert tokens, "the double issued nothing"
looked = 0
for name, contents in places():
    looked += 1
    for token in tokens:
        # A copied signature is enough to know the token by.
        if token in contents or token.rpartition(b".")[2] in contents:
            print(f"a real token: {name}")
print(f"looked: {looked > 5}")
