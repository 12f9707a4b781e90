#!/usr/bin/env python3
"""Makes operations.txt from the URL templates in Microsoft's management packages (PyPI azure-mgmt-*, MIT).

    generate.py             writes the file
    generate.py --verify    compares instead of writing, and measures it against the list in shared/data, where it is

The name of a control-plane operation follows from its request: the resource provider, the types in the path, and the method
(GET read, PUT and PATCH write, DELETE delete; POST to a name: that name, then action). What follows from no request of these
packages, data actions above all, is in overlay.txt, by hand. `!` before a name marks a data action.
"""

import collections
import gzip
import pathlib
import re
import subprocess
import sys
import tempfile
import zipfile

DATE = "2026-11-24"
# Pinned, so that the same file comes out next year. What is not here is not in the catalogue.
PACKAGES = """
azure-mgmt-apimanagement==5.0.0 azure-mgmt-appconfiguration==5.0.0 azure-mgmt-applicationinsights==4.1.0
azure-mgmt-authorization==4.0.0 azure-mgmt-automation==1.0.0 azure-mgmt-batch==18.0.0 azure-mgmt-billing==7.0.0 azure-mgmt-cdn==13.1.1
azure-mgmt-cognitiveservices==13.6.0 azure-mgmt-compute==34.0.0 azure-mgmt-consumption==10.0.0 azure-mgmt-containerinstance==10.1.0
azure-mgmt-containerregistry==12.0.0 azure-mgmt-containerservice==37.0.0 azure-mgmt-cosmosdb==9.7.0 azure-mgmt-costmanagement==4.0.1
azure-mgmt-databricks==2.0.0 azure-mgmt-datafactory==9.2.0 azure-mgmt-dns==8.2.0 azure-mgmt-eventgrid==10.4.0 azure-mgmt-eventhub==11.2.0
azure-mgmt-hdinsight==9.0.0 azure-mgmt-keyvault==11.0.0 azure-mgmt-kusto==3.4.0 azure-mgmt-loganalytics==12.0.0 azure-mgmt-logic==10.0.0
azure-mgmt-managementgroups==1.0.0 azure-mgmt-monitor==6.0.2 azure-mgmt-msi==7.0.0 azure-mgmt-network==29.0.0
azure-mgmt-notificationhubs==8.0.0 azure-mgmt-policyinsights==1.0.0 azure-mgmt-privatedns==1.2.0 azure-mgmt-rdbms==10.1.0
azure-mgmt-recoveryservices==3.1.0 azure-mgmt-recoveryservicesbackup==9.2.0 azure-mgmt-redis==14.5.0 azure-mgmt-resource==24.0.0
azure-mgmt-search==9.2.0 azure-mgmt-security==7.0.0 azure-mgmt-servicebus==8.2.1 azure-mgmt-servicefabric==2.1.0 azure-mgmt-signalr==1.2.0
azure-mgmt-sql==3.0.1 azure-mgmt-storage==23.0.0 azure-mgmt-storagesync==1.0.1 azure-mgmt-streamanalytics==1.0.0 azure-mgmt-subscription==3.1.1
azure-mgmt-synapse==2.0.0 azure-mgmt-trafficmanager==1.1.0 azure-mgmt-web==8.0.0
""".split()
HERE = pathlib.Path(__file__).resolve().parent
VERBS = {"GET": "read", "HEAD": "read", "PUT": "write", "PATCH": "write", "DELETE": "delete"}
# How generated code of different years writes its requests.
OLDER = re.compile(r"self\._client\.(get|put|patch|post|delete|head)\(|\.metadata = \{'url': '([^']+)'\}")
REQUEST = re.compile(r'_url = kwargs\.pop\(\s*"template_url",\s*((?:"[^"]*"\s*)+)|_url = ((?:"[^"]*"\s*)+)|HttpRequest\(method="([A-Z]+)"')


def requests(package):
    """(method, URL template) of every request that the package can make."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":none:", "-d", folder, package]
        subprocess.run(command, check=True)
        (path,) = pathlib.Path(folder).iterdir()
        with zipfile.ZipFile(path) as wheel:
            for name in sorted(wheel.namelist()):
                if "/operations/" not in name or "/aio/" in name or not name.endswith(".py"):
                    continue
                url, method, text = None, None, wheel.read(name).decode()
                for found in OLDER.finditer(text):
                    method = found[1] or method
                    if found[2] and method:
                        yield method.upper(), found[2]
                for found in REQUEST.finditer(text):
                    if found[3] is None:
                        url = "".join(re.findall(r'"([^"]*)"', found[1] or found[2]))
                    elif url:
                        yield found[3], url
                        url = None


def operation(method, url):
    """The operation that authorises a request, or None where none follows."""
    _, found, tail = url.rpartition("/providers/")
    if not found:
        return None
    parts = tail.strip("/").split("/")
    namespace = parts[0]
    if not re.fullmatch(r"[A-Za-z]+\.[A-Za-z.]+", namespace):
        return None
    types = [part for part in parts[1:] if not part.startswith("{") and part != "default"]
    if not types:
        return None
    if method in VERBS:
        return "/".join([namespace, *types, VERBS[method]])
    return "/".join([namespace, *types, "action"]) if method == "POST" else None


def render():
    names = {}
    add = lambda name: names.setdefault(name.lstrip("!").lower(), name)
    for line in (HERE / "overlay.txt").read_text().splitlines():
        if line.split("#")[0].strip():
            add(line.split("#")[0].strip())
    for package in PACKAGES:
        count = len(names)
        for method, url in requests(package):
            name = operation(method, url)
            if name:
                add(name)
        print(f"{package}: {len(names) - count}", file=sys.stderr)
    # Grouped by resource type: the verbs follow on the same line.
    groups = collections.defaultdict(list)
    for name in names.values():
        place, _, verb = name.rpartition("/")
        if verb == "action" and "/" in place:
            place, _, verb = place.rpartition("/")
            verb += "/action"
        groups[place.lower()].append((place, verb))
    lines = []
    for key in sorted(groups, key=lambda key: key.lstrip("!") + " "):
        verbs = sorted({verb for _, verb in groups[key]}, key=str.lower)
        lines.append(" ".join([groups[key][0][0], *verbs]))
    return "\n".join(lines) + "\n"


def measure(text):
    path = next((folder / "shared/data/azure_operations.txt.gz" for folder in HERE.parents
                 if (folder / "shared/data/azure_operations.txt.gz").exists()), None)
    if path is None:
        print("no shared/data/azure_operations.txt.gz: not measured")
        return
    known = {line.strip().lower() for line in gzip.open(path, "rt") if line.strip()}
    made = set()
    for line in text.splitlines():
        place, *verbs = line.lstrip("!").lower().split(" ")
        made |= {f"{place}/{verb}" for verb in verbs}
    print(f"{len(made)} names, {len(made & known)} of them ({len(made & known) / len(made):.0%}) among {len(known)} ({len(made & known) / len(known):.0%})")


def main():
    text = render()
    if "--verify" in sys.argv:
        if (HERE / "operations.txt").read_text() != text:
            sys.exit("operations.txt is not what generate.py makes")
    else:
        (HERE / "operations.txt").write_text(text)
    print("operations.txt", len(text))
    measure(text)


main()
