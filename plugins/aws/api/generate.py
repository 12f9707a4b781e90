"""Writes operations.bin: how AWS services that name operations by method and path do it.

    tests/.venv/bin/python plugins/aws/api/generate.py > plugins/aws/api/operations.bin

Source: botocore's service models (Apache-2.0), see NOTICE. The other protocols (query, ec2, json, cbor) name the operation in the
request itself. Services with one signing name are one section, for a request tells no more than that.
"""

import pathlib
import sys
from collections import defaultdict

import botocore
import botocore.session

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "method-table"))
from method_table import table


def main():
    session = botocore.session.get_session()
    sections = defaultdict(list)
    for folder in session.get_available_services():
        model = session.get_service_model(folder)
        if not model.metadata["protocol"].startswith("rest-"):
            continue
        name = model.metadata.get("signingName") or model.metadata["endpointPrefix"]
        for operation in map(model.operation_model, model.operation_names):
            if operation.deprecated or operation.name == "ListDirectoryBuckets":  # an older name of another one; signed for s3express
                continue
            path, _, query = operation.http["requestUri"].partition("?")
            constants = [part for part in query.split("&") if part]
            required = []
            members = operation.input_shape
            for member in members.required_members if members else ():
                about = members.members[member].serialization
                if about.get("location") == "querystring":
                    required.append(about["name"])
                elif about.get("location") == "header":
                    required.append("!" + about["name"].lower())
            sections[name].append((operation.http["method"], path, operation.name, constants, required))
    title = f"operations of AWS services by method and path, from botocore {botocore.__version__} (Apache-2.0) by generate.py"
    sys.stdout.buffer.write(table(title, sections))


if __name__ == "__main__":
    main()
