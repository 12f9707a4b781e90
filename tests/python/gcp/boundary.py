"""Credential Access Boundaries as Cloud Storage applies them.

Source of the shape and the limits: Google Cloud IAM, "Credential Access Boundaries" (1 to 10 rules; `inRole:` of predefined or custom
roles; conditions on `resource.name` and `storage.googleapis.com/objectListPrefix`). Of CEL only `startsWith`, `==`, `||` and `&&` are
read: anything else is refused when the token is exchanged, so that nothing passes unread.
"""

import re

# Source: "IAM roles for Cloud Storage"; only object and bucket permissions that the double's API asks for, and what makes roles differ.
ROLES = {
    "roles/storage.objectViewer": {"storage.objects.get", "storage.objects.list"},
    "roles/storage.objectCreator": {"storage.objects.create"},
    "roles/storage.objectUser": {
        "storage.objects.get", "storage.objects.list", "storage.objects.create", "storage.objects.delete", "storage.objects.update",
    },
    "roles/storage.objectAdmin": {
        "storage.objects.get", "storage.objects.list", "storage.objects.create", "storage.objects.delete", "storage.objects.update",
        "storage.objects.getIamPolicy", "storage.objects.setIamPolicy",
    },
    "roles/storage.legacyObjectReader": {"storage.objects.get"},
    "roles/storage.legacyObjectOwner": {
        "storage.objects.get", "storage.objects.update", "storage.objects.getIamPolicy", "storage.objects.setIamPolicy",
    },
    "roles/storage.legacyBucketReader": {"storage.buckets.get", "storage.objects.list"},
    "roles/storage.legacyBucketWriter": {
        "storage.buckets.get", "storage.objects.list", "storage.objects.create", "storage.objects.delete",
    },
    "roles/storage.bucketViewer": {"storage.buckets.get", "storage.buckets.list"},
    "roles/storage.admin": {
        "storage.objects.get", "storage.objects.list", "storage.objects.create", "storage.objects.delete", "storage.objects.update",
        "storage.buckets.get", "storage.buckets.list", "storage.buckets.create", "storage.buckets.delete", "storage.buckets.update",
    },
}

BUCKET = re.compile(r"//storage\.googleapis\.com/projects/_/buckets/([a-z0-9._-]+)")
TERM = re.compile(
    r"""(?P<attribute>resource\.name|api\.getAttribute\(\s*'storage\.googleapis\.com/objectListPrefix'\s*,\s*''\s*\))
        \s*(?:\.startsWith\(\s*'(?P<prefix>[^'\\]*)'\s*\)|==\s*'(?P<equal>[^'\\]*)')""",
    re.VERBOSE,
)


class Refused(Exception):
    pass


def parse(options):
    """The rules of the JSON document `options`: a list of (bucket, permissions, condition)."""
    rules = options.get("accessBoundary", {}).get("accessBoundaryRules")
    if set(options) != {"accessBoundary"} or not isinstance(rules, list) or not 1 <= len(rules) <= 10:
        raise Refused("a boundary has 1 to 10 rules")
    return [_rule(rule) for rule in rules]


def _rule(rule):
    if set(rule) - {"availableResource", "availablePermissions", "availabilityCondition"}:
        raise Refused("unknown field in a rule")
    bucket = BUCKET.fullmatch(rule.get("availableResource", ""))
    if not bucket:
        raise Refused("availableResource is not a bucket")
    permissions = set()
    for name in rule.get("availablePermissions") or [None]:
        if not isinstance(name, str) or not name.startswith("inRole:") or name.removeprefix("inRole:") not in ROLES:
            raise Refused(f"`{name}` is not an inRole: of a role this double knows")
        permissions |= ROLES[name.removeprefix("inRole:")]
    condition = rule.get("availabilityCondition")
    if condition is not None:
        if set(condition) - {"expression", "title", "description"}:
            raise Refused("unknown field in a condition")
        condition = _condition(condition.get("expression", ""))
    return bucket[1], permissions, condition


def _condition(expression):
    """[[term, …], …]: any of the lists, all of its terms."""
    return [[_term(term) for term in any_.split("&&")] for any_ in expression.split("||")]


def _term(text):
    term = TERM.fullmatch(text.strip().strip("()").strip() if text.count("(") != text.count(")") else text.strip())
    if not term:
        raise Refused(f"this double does not read the condition `{text.strip()}`")
    attribute = "name" if term["attribute"] == "resource.name" else "list-prefix"
    return attribute, term["prefix"], term["equal"]


def allows(rules, permission, bucket, name, list_prefix):
    """Whether any rule makes `permission` available on the resource `name` of `bucket`."""
    attributes = {"name": name, "list-prefix": list_prefix or ""}

    def holds(term):
        attribute, prefix, equal = term
        value = attributes[attribute]
        return value.startswith(prefix) if prefix is not None else value == equal

    return any(
        bucket == own and permission in permissions and (condition is None or any(all(map(holds, terms)) for terms in condition))
        for own, permissions, condition in rules
    )
