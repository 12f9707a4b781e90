#!/usr/bin/env python3
"""Makes operations.txt: the operations of Azure that follow from Microsoft's management packages, for the Azure component;
and paths.txt: the requests that these packages can make, for the test of what the component reads.

    generate.py [DIRECTORY]            writes both from the wheels in the directory, or from `pip download`
    generate.py --verify [DIRECTORY]   compares instead of writing, and measures it against the list in shared/data (its
                                       absence is said, and fails under --require-list)

The wheels are those of packages.txt, by digest; they are read as archives and never installed. The name of an operation
follows from a request by rule: resource provider, resource types of the path, and the method (GET read, PUT and PATCH write,
DELETE delete, POST its last segment and `action`). What follows from no request is in overlay.txt. The output depends on
these two files alone; its format is described in src/tree.rs. A line of paths.txt is the number of characters that its path
shares with the one before, the rest of the path, and its methods by their first two letters; `{}` stands for a name.
"""

import collections
import gzip
import hashlib
import os
import pathlib
import re
import sys
import tempfile
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parents[1]))
import generator

OUTPUT = HERE / "operations.txt"
PATHS = HERE / "paths.txt"
LIST = "azure_operations.txt.gz"

VERBS = {"GET": "read", "HEAD": "read", "PUT": "write", "PATCH": "write", "DELETE": "delete"}
FLAGS = {"read": "r", "write": "w", "delete": "d"}
# Generators of different years write requests differently: a template with a request after it, or a call with `metadata`.
TEMPLATE = re.compile(
    r"""_?url\s=\s(?:kwargs\.pop\(\s*"template_url",\s*|\(\s*)?((?:(?:"[^"]*"|'[^']*')\s*)+)"""
    r"""|HttpRequest\(\s*method="([A-Z]+)\""""
)
METADATA = re.compile(r"self\._client\.(get|put|patch|post|delete|head)\(|\.metadata = \{'url': '([^']+)'\}")


def pins():
    for line in (HERE / "packages.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            name, digest = line.split(" --hash=sha256:")
            yield name, digest


def wheels(directory):
    """The pinned wheels, after comparing their digests."""
    found = {hashlib.sha256(path.read_bytes()).hexdigest(): path for path in directory.glob("*.whl")}
    for name, digest in pins():
        if digest not in found:
            sys.exit(f"{directory} has no wheel of {name} with the digest in packages.txt")
        yield name, found[digest]


def fetch(into):
    return generator.pip_download(into, "--only-binary", ":all:", "--require-hashes", "-r", HERE / "packages.txt")


def requests(wheel):
    """(method, URL template) of every request the package can make."""
    with zipfile.ZipFile(wheel) as archive:
        for name in sorted(archive.namelist()):
            if "/operations/" not in name or "/aio/" in name or not name.endswith(".py"):
                continue
            text = archive.read(name).decode()
            url = method = None
            for found in METADATA.finditer(text):
                method = found[1] or method
                if found[2] and method:
                    yield method.upper(), found[2]
            for found in TEMPLATE.finditer(text):
                if found[2] is None:
                    url = "".join(a or b for a, b in re.findall(r"""\"([^\"]*)\"|'([^']*)'""", found[1]))
                elif url:
                    yield found[2], url
                    url = None


def operation(method, url):
    """The operation that authorises a request, as its segments; none where it does not follow."""
    if method != "POST" and method not in VERBS:
        return None
    before, found, after = url.split("?")[0].rpartition("/providers/")
    if not found:
        # Subscriptions and resource groups belong to Microsoft.Resources.
        if not url.startswith("/subscriptions/{"):
            return None
        after = "Microsoft.Resources" + url
    namespace, *rest = [part for part in after.split("/") if part]
    if not re.fullmatch(r"[A-Za-z0-9]+(\.[A-Za-z0-9]+)+", namespace):
        return None
    # Types and names alternate; a literal in the place of a name (`default`) is a name.
    named = lambda place, part: "{" in part or (place % 2 == 1 and not (method == "POST" and place == len(rest) - 1))
    types = [part for place, part in enumerate(rest) if not named(place, part)]
    if not types or not all(re.fullmatch(r"[A-Za-z0-9._-]+", part) for part in types):
        return None
    if method == "POST":
        return [namespace, *types, "action"] if "{" not in rest[-1] else None
    return [namespace, *types, VERBS[method]]


def overlay():
    """(segments, is data action) of each line of overlay.txt."""
    source = None
    for line in (HERE / "overlay.txt").read_text().splitlines():
        line = line.split("#")[0].strip() if not line.startswith("[") else line.strip()
        if line.startswith("["):
            source = line.strip("[]")
            if not source.startswith("https://"):
                sys.exit(f"overlay.txt: {source} is not a source")
        elif line:
            kind, name = line.split()
            if kind not in ("action", "data") or source is None:
                sys.exit(f"overlay.txt: {line} has no kind or no source")
            yield name.split("/"), kind == "data"


class Node:
    """A resource type, with its operations: {lower-case last part: [spelling, is action, is data action]}."""

    def __init__(self):
        self.spellings = collections.Counter()
        self.children = {}
        self.operations = {}

    def child(self, segment, weight):
        node = self.children.setdefault(segment.lower(), Node())
        node.spellings[segment] += weight
        return node

    def spelling(self):
        return min(self.spellings, key=lambda text: (-self.spellings[text], text))

    def add(self, segments, is_data, weight):
        # `start/action` is one operation of what stands before it.
        tail = 2 if segments[-1].lower() == "action" else 1
        node = self
        for segment in segments[:-tail]:
            node = node.child(segment, weight)
        # The first spelling stays: that of the overlay.
        last = "/".join(segments[-tail:])
        entry = node.operations.setdefault(last.lower(), [last, False, False])
        entry[2 if is_data else 1] = True


def build(directory):
    root = Node()
    for segments, is_data in overlay():
        root.add(segments, is_data, 1_000_000)
    for name, wheel in wheels(directory):
        made = 0
        for method, url in requests(wheel):
            segments = operation(method, url)
            if segments:
                root.add(segments, False, 1)
                made += 1
        if not made:
            sys.exit(f"{name}: no request was understood")
    return root


def words(node):
    """The operations of one node, as a line has them."""
    flags, others = "", []
    for _, (text, is_action, is_data) in sorted(node.operations.items()):
        flag = FLAGS.get(text)
        if flag:
            flags += (flag if is_action else "") + (flag.upper() if is_data else "")
            continue
        name, found, _ = text.rpartition("/action")
        word = name if found else text.removesuffix("/Action") + "^" if text.endswith("/Action") else text + "="
        others += [word] * is_action + [word + "!"] * is_data
    return (":" + flags if flags else "") + "".join(f" {word}" for word in others)


def lines(node, depth=1):
    if depth > 9 and node.children:
        sys.exit("a resource type lies deeper than the format has room for")
    for _, child in sorted(node.children.items()):
        yield f"{depth}{child.spelling()}{words(child)}\n"
        yield from lines(child, depth + 1)


def text_of(root):
    """Of each provider first how long its block is, so that it can be passed over."""
    blocks = ((child, "".join(lines(child))) for _, child in sorted(root.children.items()))
    return "".join(f"0{child.spelling()}#{len(block)}{words(child)}\n{block}" for child, block in blocks)


def names(node, path=()):
    for key, child in node.children.items():
        here = (*path, key)
        for last in child.operations:
            yield "/".join((*here, last))
        yield from names(child, here)


def paths(directory):
    """The text of paths.txt."""
    methods = collections.defaultdict(set)
    for _, wheel in wheels(directory):
        for method, url in requests(wheel):
            methods[re.sub(r"\{[^}]*\}", "{}", url.split("?")[0])].add(method[:2])
    text, before = "", ""
    for path in sorted(methods):
        shared = len(os.path.commonprefix([before, path]))
        text += f"{shared} {path[shared:]} {''.join(sorted(methods[path]))}\n"
        before = path
    return text


def measure(root, found):
    """Compares with the list in shared/data."""
    listed = {line.strip().lower() for line in gzip.open(found, "rt") if line.strip()}
    made = set(names(root))
    providers = {name.split("/")[0] for name in made}
    near = {name for name in listed if name.split("/")[0] in providers}
    both = len(made & listed)
    print(f"{both} of {len(made)} names ({both / len(made):.0%}) are among the {len(listed)} of {found}")
    print(f"they are {both / len(listed):.0%} of that list, {both / len(near):.0%} of the {len(near)} of the providers here")
    unlisted = sorted("/".join(s).lower() for s, _ in overlay() if "/".join(s).lower() not in listed)
    print(f"of overlay.txt, not in the list: {', '.join(unlisted) or 'none'}")


def main():
    arguments = generator.options()
    with tempfile.TemporaryDirectory() as scratch:
        directory = arguments.directory or fetch(scratch)
        root = build(directory)
        made = {OUTPUT: text_of(root).encode(), PATHS: paths(directory).encode()}
    generator.put(made, arguments.verify)
    print(f"{sum(1 for _ in names(root))} operations")
    if not arguments.verify:
        return
    found = generator.shared_list(LIST)
    if found is None:
        generator.absent(LIST, arguments.require_list)
        return
    measure(root, found)


if __name__ == "__main__":
    main()
