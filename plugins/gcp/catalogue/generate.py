#!/usr/bin/env python3
"""Makes permissions.txt, scopes.txt and reach.txt from the discovery documents in google-api-python-client (PyPI, Apache-2.0).

    generate.py             writes the files
    generate.py --verify    compares instead of writing, and measures them against the list in shared/data, where it is

A permission is SERVICE.RESOURCE.VERB. Its name follows from the id of the method it authorises: the API's name, the last
collection of the id, and the verb, with the renames below. What follows no rule is in overlay.txt, written by hand.
Measured against 13,790 permissions of predefined roles (--verify prints it): 56 in 100 of the names here are among them, and
they are 41 in 100 of those. So a name that is missing here is worth a notice, and never an error.
"""

import collections
import gzip
import json
import pathlib
import sys
import tempfile
import zipfile

PACKAGE, VERSION, DATE = "google-api-python-client", "2.202.0", "2026-11-10"
HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parents[1]))
import generator

LIST = "gcp_permissions.txt.gz"
PLATFORM = "https://www.googleapis.com/auth/cloud-platform"
AUTH = "https://www.googleapis.com/auth/"

# APIs whose permissions carry another name. Source: "IAM permissions reference" of each.
SERVICES = {"sqladmin": "cloudsql", "firestore": "datastore", "cloudresourcemanager": "resourcemanager", "bigtableadmin": "bigtable"}
VERBS = {"insert": "create", "patch": "update", "aggregatedList": "list"}
# Methods that authorise nothing, or what their parts do.
NO_VERBS = {"testIamPermissions", "batchGet", "batchCreate", "batchUpdate", "batchDelete", "search", "lookup", "query", "upload",
            "download", "wait", "mutate", "remove", "getConfig", "getSettings", "batch", "count", "aggregated", "watch", "watchAll"}
KINDS = ("read", "create", "delete", "write", "see", "policy")
LETTERS = {"list": "l", "get": "g", "create": "c", "update": "u", "delete": "d", "getIamPolicy": "I", "setIamPolicy": "S"}


def documents():
    """Every discovery document of a cloud API, of the newest version first."""
    with tempfile.TemporaryDirectory() as folder:
        (wheel,) = generator.pip_download(folder, f"{PACKAGE}=={VERSION}").glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            for name in sorted(archive.namelist()):
                if "/documents/" in name and name.endswith(".json"):
                    document = json.loads(archive.read(name))
                    if PLATFORM in document.get("auth", {}).get("oauth2", {}).get("scopes", {}):
                        yield document


def methods(resource, path=()):
    for name, method in resource.get("methods", {}).items():
        yield path, name, method
    for name, inner in resource.get("resources", {}).items():
        yield from methods(inner, (*path, name))


def kind(verb):
    if verb in ("getIamPolicy", "setIamPolicy"):
        return "see" if verb == "getIamPolicy" else "policy"
    return {"get": "read", "list": "read", "create": "create", "delete": "delete"}.get(verb, "write")


def collect():
    """{(service, resource): {verb}} and {service or service.resource: {scope: {kind: [covered, all]}}}"""
    permissions = collections.defaultdict(set)
    scopes = collections.defaultdict(lambda: collections.defaultdict(lambda: collections.defaultdict(lambda: [0, 0])))
    for document in documents():
        service = SERVICES.get(document["name"], document["name"])
        known = set(document["auth"]["oauth2"]["scopes"])
        for path, name, method in methods(document):
            verb = VERBS.get(name, name)
            if not path or path[-1] == "channels" or verb in NO_VERBS or not method.get("scopes"):
                continue
            permissions[service, path[-1]].add(verb)
            for scope, place in ((scope, place) for scope in known - {PLATFORM} for place in (service, f"{service}.{path[-1]}")):
                counts = scopes[place][scope][kind(verb)]
                counts[0] += scope in method["scopes"]
                counts[1] += 1
    for line in (HERE / "overlay.txt").read_text().splitlines():
        name = line.split("#")[0].strip()
        if name:
            service, resource, verb = name.split(".")
            permissions[service, resource].add(verb)
    return permissions, scopes


def render():
    permissions, scopes = collect()
    lines = []
    for (service, resource), verbs in sorted(permissions.items(), key=lambda item: f"{item[0][0]}.{item[0][1]} "):
        letters = "".join(letter for verb, letter in LETTERS.items() if verb in verbs)
        more = sorted(verbs - set(LETTERS))
        lines.append(" ".join([f"{service}.{resource}", letters or "-", *more]))
    table = []
    for place, of_place in sorted(scopes.items()):
        for scope, kinds in sorted(of_place.items()):
            # A kind is covered where every method of it takes the scope; what holds for the service is not said again below it.
            whole = lambda kinds: [kind for kind in KINDS if kinds[kind][1] and kinds[kind][0] == kinds[kind][1]]
            covered = [kind for kind in whole(kinds) if "." not in place or kind not in whole(scopes[place.split(".")[0]][scope])]
            if covered and scope.startswith(AUTH):
                table.append(" ".join([place, scope.removeprefix(AUTH), *covered]))
    # What a scope reaches at all, for denies: there one method is enough.
    reach = []
    for place, of_place in sorted(scopes.items()):
        for scope, kinds in sorted(of_place.items()):
            reached = [kind for kind in KINDS if kinds[kind][0]]
            if "." not in place and reached and scope.startswith(AUTH):
                reach.append(" ".join([place, scope.removeprefix(AUTH), *reached]))
    head = f"# From {PACKAGE} {VERSION} ({DATE}, Apache-2.0, see LICENSE) by generate.py. Do not edit.\n"
    return {"permissions.txt": "\n".join(lines) + "\n", "scopes.txt": head + "\n".join(table) + "\n",
            "reach.txt": head + "\n".join(reach) + "\n"}


def measure(text, found):
    known = set(gzip.open(found, "rt").read().split())
    verbs = {letter: verb for verb, letter in LETTERS.items()}
    made = set()
    for line in text.splitlines():
        name, letters, *more = line.split(" ")
        made |= {f"{name}.{verb}" for verb in [*(verbs[letter] for letter in letters if letter != "-"), *more]}
    print(f"{len(made)} names, {len(made & known)} of them ({len(made & known) / len(made):.0%}) among {len(known)} ({len(made & known) / len(known):.0%})")


def main():
    arguments = generator.options()
    files = {HERE / name: text.encode() for name, text in render().items()}
    generator.put(files, arguments.verify)
    found = generator.shared_list(LIST)
    if found is None:
        generator.absent(LIST, arguments.require_list)
    else:
        measure(files[HERE / "permissions.txt"].decode(), found)


if __name__ == "__main__":
    main()
