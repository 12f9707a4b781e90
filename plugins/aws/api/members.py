"""Writes members.bin: the names of the parameters of each AWS operation, as they are written in its query and its body.

    tests/.venv/bin/python plugins/aws/api/members.py > plugins/aws/api/members.bin

Source: botocore's service models (Apache-2.0), see NOTICE. A section is a signing name, a line `Operation name…`. `*` stands for names
that the client chooses; `-` says that the body is data, in which the service finds no parameters. An operation that several models
with one signing name have takes the names of all.
"""

import pathlib
import sys
from collections import defaultdict

import botocore
import botocore.session

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "method-table"))
from method_table import pack

ANY, DATA = "*", "-"


def in_form(protocol, name, member):
    """The part of a name in a form before its first dot."""
    about = member.serialization
    if protocol == "ec2":
        name = about.get("name", name)
        return about.get("queryName") or name[0].upper() + name[1:]
    is_flat = member.type_name == "list" and about.get("flattened")
    return (member.member.serialization.get("name") if is_flat else None) or about.get("name", name)


def names(protocol, shape):
    if shape is None:
        return
    payload = shape.serialization.get("payload")
    if payload is not None:
        body = shape.members[payload]
        if body.type_name == "structure" and protocol == "rest-json":
            yield from (about.serialization.get("name", name) for name, about in body.members.items())
        elif body.type_name in ("blob", "string") or getattr(body, "is_document_type", False):
            yield DATA
    for name, member in shape.members.items():
        place = member.serialization.get("location")
        if place == "querystring":
            yield ANY if member.type_name == "map" else member.serialization.get("name", name)
        elif place is None and protocol in ("query", "ec2"):
            yield in_form(protocol, name, member)
        elif place is None and payload is None and protocol != "rest-xml":
            yield member.serialization.get("name", name)


def main():
    session = botocore.session.get_session()
    found = defaultdict(lambda: defaultdict(set))
    for folder in session.get_available_services():
        model = session.get_service_model(folder)
        signed = model.metadata.get("signingName") or model.metadata["endpointPrefix"]
        protocols = {model.metadata["protocol"], *model.metadata.get("protocols", [])}
        if "awsQueryCompatible" in model.metadata:
            protocols.add("query")
        for operation in map(model.operation_model, model.operation_names):
            for protocol in protocols:
                found[signed][operation.name].update(names(protocol, operation.input_shape))
    lines = {signed: [" ".join([name, *sorted(of)]) for name, of in sorted(operations.items())] for signed, operations in found.items()}
    title = f"parameters of AWS operations by signing name, from botocore {botocore.__version__} (Apache-2.0) by members.py"
    sys.stdout.buffer.write(pack(title, lines))


if __name__ == "__main__":
    main()
