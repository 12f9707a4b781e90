"""The IAM policy of the double: who has which permissions on which resources.

Resources are full resource names (`//pubsub.googleapis.com/projects/P/topics/T`). Source: Cloud IAM, "Resource names" and "IAM permissions
reference". Not done: roles, groups, inheritance beyond `*` in a pattern, conditions.
"""

import re
from typing import Callable, NamedTuple

_EVERY = re.compile(r"\*")


class Need(NamedTuple):
    """A permission on a resource."""

    permission: str
    resource: str


class Call(NamedTuple):
    """A request that was read: what it needs, the scopes of which a token must have one, and what it does."""

    needs: list
    scopes: set
    run: Callable


class Policy:
    def __init__(self, bindings):
        """`bindings`: [(principal, permissions, resources)], permissions and resources as patterns with `*`."""
        self._bindings = [(who, _any(permissions), _any(resources)) for who, permissions, resources in bindings]

    def allows(self, principal, permission, resource):
        """Returns True if a binding gives `principal` the permission on that resource."""
        return any(who == principal and permissions.fullmatch(permission) and resources.fullmatch(resource)
                   for who, permissions, resources in self._bindings)

    def judged(self, token, call):
        """The reply to `call` if token and policy let it through; the denial otherwise, and then nothing is done."""
        if token.boundary is not None or not call.scopes & set(token.scopes):
            return denied("Request had insufficient authentication scopes.")
        for need in call.needs:
            if not self.allows(token.principal, *need):
                return denied(f"Permission '{need.permission}' denied on resource '{need.resource}' (or it may not exist).")
        return call.run()


def denied(message):
    return error(403, "PERMISSION_DENIED", message)


def not_found(what):
    return error(404, "NOT_FOUND", f"Resource not found (resource={what}).")


def error(code, status, message):
    """An error in the form of Google's APIs. Source: "Errors", HTTP mapping."""
    listed = [{"message": message, "domain": "global", "reason": "forbidden" if code == 403 else "notFound"}]
    return code, {"error": {"code": code, "status": status, "message": message, "errors": listed}}


def _any(patterns):
    one = lambda pattern: ".*".join(re.escape(part) for part in _EVERY.split(pattern))
    return re.compile("|".join(f"(?:{one(pattern)})" for pattern in patterns), re.S)
