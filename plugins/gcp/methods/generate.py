"""Writes methods.bin: the methods of Google Cloud's APIs by HTTP method and path, a section for each host; or query.txt: the
parameters in the queries of the APIs that ../src/read.rs reads.

    python3 plugins/gcp/methods/generate.py > plugins/gcp/methods/methods.bin
    python3 plugins/gcp/methods/generate.py --query > plugins/gcp/methods/query.txt

Source: the discovery documents in google-api-python-client (PyPI, Apache-2.0; licence in ../catalogue/LICENSE), of the version that
../catalogue/generate.py names. APIs without a permission in the catalogue are left out: nothing could be said of their methods.
"""

import importlib.util
import pathlib
import sys
import urllib.parse
from collections import defaultdict

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parents[1] / "method-table"))
from method_table import table

spec = importlib.util.spec_from_file_location("catalogue", HERE.parent / "catalogue/generate.py")
catalogue = importlib.util.module_from_spec(spec)
spec.loader.exec_module(catalogue)


# The APIs whose requests a gateway decides on.
READ = ("bigquery", "cloudresourcemanager", "compute", "iam", "iamcredentials", "logging", "pubsub", "run", "secretmanager", "storage")


def write_query():
    names = {api: set() for api in READ}
    for document in catalogue.documents():
        for _, _, method in catalogue.methods(document):
            found = (name for name, kind in method.get("parameters", {}).items() if kind["location"] == "query")
            names.get(document["name"], set()).update(found)
    print(f"# Parameters of queries, by API. From {catalogue.PACKAGE} {catalogue.VERSION} (Apache-2.0) by generate.py. Do not edit.")
    for api, found in names.items():
        print(" ".join([f"{api}.googleapis.com", *sorted(found)]))


def main():
    if "--query" in sys.argv:
        return write_query()
    known = {line.split(".")[0] for line in (HERE.parent / "catalogue/permissions.txt").read_text().splitlines()}
    sections = defaultdict(list)
    for document in catalogue.documents():
        service = document["name"]
        if catalogue.SERVICES.get(service, service) not in known and service != "iamcredentials":
            continue
        host = urllib.parse.urlsplit(document["rootUrl"]).hostname
        for _, _, method in catalogue.methods(document):
            paths = [document["servicePath"] + method.get("flatPath", method["path"])]
            paths += [protocol["path"] for protocol in method.get("mediaUpload", {}).get("protocols", {}).values()]
            for path in paths:
                path = "/" + path.lstrip("/").replace("{+", "{")
                sections[host].append((method["httpMethod"], path, method["id"], [], []))
    title = f"methods of Google Cloud's APIs by method and path, from {catalogue.PACKAGE} {catalogue.VERSION} (Apache-2.0) by generate.py"
    sys.stdout.buffer.write(table(title, sections))


if __name__ == "__main__":
    main()
