"""What the gateway of a cloud with tokens adds to a request in TLS: on a kept connection, and for a host that is new.

The same requests go to the double directly, in plain http with the real token, and from a command through its session's
proxy, in TLS with the token of the session. Medians of one run.
"""

import base64
import http.client
import json
import os
import socket
import ssl
import statistics
import subprocess
import time
import urllib.parse
import urllib.request

KEPT, NEW = 300, 40
ACTION = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"
BLOB = "alpha/team/a.txt"
HEADERS = {"x-ms-version": "2021-08-06"}


def timed(connection, path, headers):
    begin = time.perf_counter()
    connection.request("GET", path, headers=headers)
    reply = connection.getresponse()
    reply.read()
    if reply.status != 200:
        raise SystemExit(f"error: status {reply.status}")
    return (time.perf_counter() - begin) * 1000


def direct(endpoint, account, token):
    """Medians in milliseconds, of requests on one connection and of requests with a connection each."""
    place, headers = urllib.parse.urlsplit(endpoint).netloc, {**HEADERS, "authorization": f"Bearer {token}"}
    path = f"/{account}/{BLOB}"
    connection = http.client.HTTPConnection(place)
    kept = [timed(connection, path, headers) for _ in range(KEPT)]
    new = [timed(http.client.HTTPConnection(place), path, headers) for _ in range(NEW)]
    return statistics.median(kept), statistics.median(new)


def in_session():
    """Prints the same two medians, as a command of the session sees them."""
    proxy = urllib.parse.urlsplit(os.environ["HTTPS_PROXY"])
    login = base64.b64encode(f"{proxy.username}:{proxy.password}".encode()).decode()
    trust = ssl.create_default_context()
    url = f"{os.environ['IDENTITY_ENDPOINT']}?api-version=2019-08-01&resource=https://storage.azure.com"
    ask = urllib.request.Request(url, headers={"X-IDENTITY-HEADER": os.environ["IDENTITY_HEADER"]})
    token = json.load(urllib.request.urlopen(ask))["access_token"]
    headers = {**HEADERS, "authorization": f"Bearer {token}"}

    def connected(host):
        # `http.client` sends a CONNECT in several parts, and waits some 40 ms for the first to be acknowledged.
        plain = socket.create_connection((proxy.hostname, proxy.port))
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        plain.sendall(f"CONNECT {host}:443 HTTP/1.1\r\nhost: {host}:443\r\nproxy-authorization: Basic {login}\r\n\r\n".encode())
        plain.recv(4096)
        connection = http.client.HTTPConnection(host)
        connection.sock = trust.wrap_socket(plain, server_hostname=host)
        return connection

    def of_new(host):
        begin = time.perf_counter()
        connection = connected(host)
        opened = (time.perf_counter() - begin) * 1000
        return opened + timed(connection, f"/{BLOB}", headers)

    connection = connected("kept.blob.core.windows.net")
    kept = [timed(connection, f"/{BLOB}", headers) for _ in range(KEPT)]
    new = [of_new(f"new{number}.blob.core.windows.net") for number in range(NEW)]
    print(json.dumps([statistics.median(kept), statistics.median(new)]))


def measure(audex, environment, python, double):
    """Milliseconds that the gateway adds, on a kept connection and for a new host. `double` says how the double is reached."""
    form = {"grant_type": "client_credentials", "client_id": double["client_id"], "client_secret": double["client_secret"],
            "scope": "https://storage.azure.com/.default"}
    url = f"{double['endpoint']}/{double['tenant']}/oauth2/v2.0/token"
    token = json.load(urllib.request.urlopen(url, urllib.parse.urlencode(form).encode()))["access_token"]
    plain = direct(double["endpoint"], double["account"], token)
    environment = {
        **environment,
        "AZURE_TENANT_ID": double["tenant"],
        "AZURE_SUBSCRIPTION_ID": double["subscription"],
        "AZURE_CLIENT_ID": double["client_id"],
        "AZURE_CLIENT_SECRET": double["client_secret"],
        "AZURE_AUTHORITY_HOST": double["endpoint"],
        "AUDEX_AZURE_RESOURCE_MANAGER_URL": double["endpoint"],
        "AZURE_STORAGE_SERVICE_ENDPOINT": f"{double['endpoint']}/{double['account']}",
    }
    run = [audex, "run", "--quiet", "--provider", "azure", "--deliver", "gateway", "--allow", ACTION, "--", python, __file__]
    secured = json.loads(subprocess.run(run, env=environment, check=True, stdout=subprocess.PIPE).stdout)
    return [secured - plain for secured, plain in zip(secured, plain)]


if __name__ == "__main__":
    in_session()
