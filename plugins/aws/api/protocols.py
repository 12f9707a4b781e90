"""Writes protocols.txt: the protocols of each AWS service, by the name it signs with.

    tests/.venv/bin/python plugins/aws/api/protocols.py > plugins/aws/api/protocols.txt

Source: botocore's service models (Apache-2.0), see NOTICE: `protocol`, `protocols` and `awsQueryCompatible` of the metadata. `rest` names
operations by method and path, the others in the request. A service takes every protocol of every model that signs with its name.
"""

from collections import defaultdict

import botocore
import botocore.session

WORDS = {"rest-json": "rest", "rest-xml": "rest", "ec2": "query", "query": "query", "json": "json", "smithy-rpc-v2-cbor": "cbor"}


def main():
    session = botocore.session.get_session()
    spoken = defaultdict(set)
    for folder in session.get_available_services():
        about = session.get_service_model(folder).metadata
        name = about.get("signingName") or about["endpointPrefix"]
        protocols = [about["protocol"], *about.get("protocols", [])]
        if "awsQueryCompatible" in about:
            protocols.append("query")
        spoken[name] |= {WORDS[protocol] for protocol in protocols}
    print(f"# Protocols by signing name, from botocore {botocore.__version__} (Apache-2.0) by protocols.py.")
    for name, protocols in sorted(spoken.items()):
        print(name, *sorted(protocols))


if __name__ == "__main__":
    main()
