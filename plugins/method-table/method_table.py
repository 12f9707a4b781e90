"""Writes tables as `src/lib.rs` reads them; the generators beside the tables use it."""

import re
import sys
import zlib
from collections import defaultdict


def shape(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


def table(title: str, sections: dict) -> bytes:
    """`sections` has, by name, tuples of method, path, operation, conditions, and further conditions for when another is alike."""
    packed = {}
    for name, operations in sorted(sections.items()):
        alike, lines = defaultdict(int), set()
        for method, path, *_ in operations:
            alike[method, shape(path)] += 1
        for method, path, operation, conditions, further in operations:
            more = [part for part in further if alike[method, shape(path)] > 1 and part not in conditions]
            lines.add(" ".join([method, path, operation, *conditions, *more]))
        keys = defaultdict(set)
        for line in lines:
            method, path, operation, *conditions = line.split(" ")
            keys[method, shape(path), tuple(sorted(conditions))].add(operation)
        for key, names in keys.items():
            if len(names) > 1:
                print(f"{name}: {key} is {', '.join(sorted(names))}, so nobody", file=sys.stderr)
        packed[name] = sorted(lines)
    return pack(title, packed)


def pack(title: str, sections: dict) -> bytes:
    """`sections` has lists of lines by name."""
    index, blocks, offset = [], [], 0
    for name, lines in sorted(sections.items()):
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        block = packer.compress("\n".join(lines).encode()) + packer.flush()
        index.append(f"{name} {offset} {len(block)}\n")
        blocks.append(block)
        offset += len(block)
    return "".join([title, "\n", *index, "\n"]).encode() + b"".join(blocks)
