"""The project's `app`, with every module that the project imports inside a function.

A component has no files: a module that is not loaded while the component is built cannot be imported later.
"""

import ast
import sys

from app import *

# Modules that the standard library imports when they are first needed, by code that is not Python or by name.
LATE = ["_strptime", "encodings.idna"]


def imported(path):
    with open(path, encoding="utf-8") as source:
        tree = ast.parse(source.read())
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def load(name):
    try:
        __import__(name)
    except Exception:
        # The import fails in the component too, where the author's own code sees the error.
        pass


def load_all():
    folder = sys.modules["app"].__file__.rpartition("/")[0] + "/"
    seen = set()
    for name in LATE:
        load(name)
    while True:
        files = {getattr(module, "__file__", None) or "" for module in list(sys.modules.values())}
        new = {file for file in files if file.startswith(folder) and file.endswith(".py")} - seen
        if not new:
            return
        seen |= new
        for file in new:
            for name in imported(file):
                load(name)


load_all()
