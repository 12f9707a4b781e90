"""A small IAM evaluator: does a list of layers allow one action on one resource?

Written here and not taken from `moto.iam.access_control.IAMPolicy`, which ignores NotResource, lets `.` in a pattern match
anything, has no `?` and compares actions case-sensitively. Independent of Audex's own evaluator on purpose.

Not evaluated: conditions. A statement with a Condition never allows and always denies, so nothing passes by being
conditional. Resource-based policies (bucket policies) add nothing here, and policy variables are plain text.
"""

import functools
import json
import re


def statements(document):
    """Returns the statements of one policy document (JSON text or the parsed object) as a list."""
    found = (json.loads(document) if isinstance(document, str) else document).get("Statement", [])
    return found if isinstance(found, list) else [found]


def allows(layers, action, resource):
    """Every layer (a list of documents whose rights add up) must allow, and no document of any layer may deny."""
    return bool(layers) and all(_layer_allows(layer, action, resource) for layer in layers)


def trusts(document, action, principals):
    """Whether a role's trust policy lets one of these principal names do `action`."""
    applying = [
        s for s in statements(document) if _matches(s, "Action", action, True) and _names(s, principals)
    ]
    return _decide(applying)


def _layer_allows(layer, action, resource):
    applying = [
        s
        for document in layer
        for s in statements(document)
        if _matches(s, "Action", action, True) and _matches(s, "Resource", resource, False)
    ]
    return _decide(applying)


def _decide(applying):
    if any(s["Effect"] == "Deny" for s in applying):
        return False
    return any(s["Effect"] == "Allow" and "Condition" not in s for s in applying)


def _names(statement, principals):
    named = statement.get("Principal", {})
    named = ["*"] if named == "*" else _as_list(named.get("AWS", []))
    return any(n == "*" or n in principals for n in named)


def _matches(statement, element, value, ignore_case):
    """Whether Action/Resource covers `value`, or NotAction/NotResource leaves it uncovered."""
    if f"Not{element}" in statement:
        return not any(_glob(p, ignore_case).fullmatch(value) for p in _as_list(statement[f"Not{element}"]))
    return any(_glob(p, ignore_case).fullmatch(value) for p in _as_list(statement.get(element, [])))


@functools.cache
def _glob(pattern, ignore_case):
    text = "".join({"*": ".*", "?": "."}.get(c, re.escape(c)) for c in pattern)
    return re.compile(text, re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def _as_list(value):
    return value if isinstance(value, list) else [value]
