"""Signatures made by tryaudex, checked by Azurite: an emulator of Microsoft's own, that we have not written."""

import json
import pathlib
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request

from double import Double
from session import ROOT, Home
from tls import certificate

AZURITE = ROOT / "target/interop/node/node_modules/.bin/azurite-blob"
ACCOUNT = "devstoreaccount1"
BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
PYTHON = sys.executable
# Runs under tryaudex: what the signature lets through, by Microsoft's own client.
CALL = """
import os, sys
from azure.storage.blob import BlobServiceClient
client = BlobServiceClient(sys.argv[1], credential=os.environ["AZURE_STORAGE_SAS_TOKEN"], connection_verify=sys.argv[2])
container, name = sys.argv[4], "a.txt"
blob = client.get_blob_client(container, name)
print({"read": lambda: blob.download_blob().readall().decode(), "write": lambda: blob.upload_blob(b"x", overwrite=True) and "",
       "list": lambda: [one.name for one in client.get_container_client(container).list_blobs()]}[sys.argv[3]]())
"""
# Runs as somebody broad, by an OAuth token that Azurite takes: makes what is there to be read.
SEED = """
import sys
from azure.storage.blob import BlobServiceClient
from azure.core.credentials import AccessToken
class Token:
    def get_token(self, *_, **__): return AccessToken(sys.argv[3], 2**31)
client = BlobServiceClient(sys.argv[1], credential=Token(), connection_verify=sys.argv[2])
for name in ("alpha", "beta"):
    client.create_container(name).upload_blob("a.txt", b"hello")
"""


def missing():
    return None if AZURITE.exists() else "Azurite is not installed (make test-interop installs it by npm: 365 MB)"


def check(judge):
    with Double("azure_double.py") as double:
        home = Home()
        files = certificate(home.path)
        with _Azurite(home.path, files) as service:
            home.environment |= {
                "AZURE_TENANT_ID": double["tenant"], "AZURE_SUBSCRIPTION_ID": double["subscription"],
                "AZURE_CLIENT_ID": double["client_id"], "AZURE_CLIENT_SECRET": double["client_secret"],
                "AZURE_AUTHORITY_HOST": double["endpoint"], "AUDEX_AZURE_RESOURCE_MANAGER_URL": double["endpoint"],
                "AZURE_STORAGE_SERVICE_ENDPOINT": service, "REQUESTS_CA_BUNDLE": str(files.authority),
            }
            _seed(double, service, files)
            _calls(judge, home, service, files)


def _calls(judge, home, service, files):
    where = ["--provider", "azure", "--resource", f"https://{ACCOUNT}.blob.core.windows.net/alpha"]
    command = lambda call, container: [PYTHON, "-W", "ignore", "-c", CALL, service, files.authority, call, container]
    run = lambda verb, call, container="alpha": home.run([*where, "--allow", f"{BLOBS}/{verb}"], command(call, container))
    judge.allowed("Azurite takes a signature for reading", lambda: run("read", "read").strip(), "hello")
    judge.allowed("Azurite lists by it", lambda: "a.txt" in run("read", "list"), True)
    judge.denied("Azurite refuses another container", lambda: run("read", "read", "beta"), "AuthorizationFailure", "AuthenticationFailed", "403")
    judge.denied("Azurite refuses writing by it", lambda: run("read", "write"), "Authorization", "403")
    judge.allowed("Azurite takes a signature for writing", lambda: run("write", "write").strip(), "")
    judge.denied("Azurite refuses reading by that one", lambda: run("write", "read"), "Authorization", "403")
    late = [*where, "--allow", f"{BLOBS}/read", "--ttl", "2s"]
    wait = ["sh", "-c", 'sleep 5; exec "$@"', "sh", *command("read", "alpha")]
    judge.denied("Azurite refuses it after the ttl", lambda: home.run(late, wait), "AuthenticationFailed", "Authorization", "403")


def _seed(double, service, files):
    form = urllib.parse.urlencode({"grant_type": "client_credentials", "client_id": double["client_id"],
                                   "client_secret": double["client_secret"], "scope": "https://storage.azure.com/.default"})
    url = f"{double['endpoint']}/{double['tenant']}/oauth2/v2.0/token"
    with urllib.request.urlopen(url, form.encode()) as reply:
        token = json.load(reply)["access_token"]
    subprocess.run([PYTHON, "-W", "ignore", "-c", SEED, service, files.authority, token], check=True)


class _Azurite:
    def __init__(self, home: pathlib.Path, files):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        arguments = ["--blobHost", "127.0.0.1", "--blobPort", str(self.port), "--location", str(home / "azurite"), "--silent",
                     "--cert", str(files.certificate), "--key", str(files.key), "--oauth", "basic", "--skipApiVersionCheck", "--disableTelemetry"]
        self.process = subprocess.Popen([AZURITE, *arguments], stdout=subprocess.DEVNULL)

    def __enter__(self):
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return f"https://127.0.0.1:{self.port}/{ACCOUNT}"
            time.sleep(0.1)
        raise RuntimeError("Azurite did not start")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(10)
