"""Writes operations.bin: how AWS services that name operations by method and path do it.

    tests/.venv/bin/python plugins/aws/api/generate.py > plugins/aws/api/operations.bin

Source: botocore's service models (Apache-2.0), see NOTICE. The other protocols (query, ec2, json, cbor) name the operation in the
request itself. Services with one signing name are one section, for a request tells no more than that.

A first line says where it is from; then a line `name offset length` for each section, sorted, and an empty line; then sections,
each raw DEFLATE of lines `METHOD /path/{Label} Operation[ condition…]`. A condition is `name` or `name=value` of the query string, or
`!name` for a header; an operation has those of its URI, and those of its required members where another one has its method and path.
"""

import re
import sys
import zlib
from collections import defaultdict

import botocore
import botocore.session


def shape(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


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
            shapes = operation.input_shape
            for member in shapes.required_members if shapes else ():
                about = shapes.members[member].serialization
                if about.get("location") == "querystring":
                    required.append(about["name"])
                elif about.get("location") == "header":
                    required.append("!" + about["name"].lower())
            sections[name].append((operation.http["method"], path, operation.name, constants, required))

    index, blocks, offset = [], [], 0
    for name, operations in sorted(sections.items()):
        alike, lines = defaultdict(list), set()
        for method, path, _, constants, _ in operations:
            alike[method, shape(path)].append(constants)
        for method, path, operation, constants, required in operations:
            more = [part for part in required if len(alike[method, shape(path)]) > 1 and part not in constants]
            lines.add(" ".join([method, path, operation, *constants, *more]))
        keys = defaultdict(set)
        for line in lines:
            method, path, operation, *conditions = line.split(" ")
            keys[method, shape(path), tuple(sorted(conditions))].add(operation)
        for key, names in keys.items():
            if len(names) > 1:
                print(f"{name}: {key} is {', '.join(sorted(names))}", file=sys.stderr)
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        block = packer.compress("\n".join(sorted(lines)).encode()) + packer.flush()
        index.append(f"{name} {offset} {len(block)}\n")
        blocks.append(block)
        offset += len(block)
    head = f"operations of AWS services by method and path, from botocore {botocore.__version__} (Apache-2.0) by generate.py\n"
    sys.stdout.buffer.write("".join([head, *index, "\n"]).encode() + b"".join(blocks))


if __name__ == "__main__":
    main()
