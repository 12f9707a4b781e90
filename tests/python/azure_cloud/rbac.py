"""Roles of Resource Manager as the double keeps them: custom definitions, assignments that work after a while, and a decision.

Source: "Understand Azure role definitions", "How Azure RBAC determines if a user has access to a resource". Not done: deny assignments,
conditions, groups, management groups, built-in roles.
"""

import re
import time

# Until an assignment works; the real one takes seconds to minutes.
DELAY = 1.0
GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.I)


def matches(pattern, name):
    words = (re.escape(word) for word in pattern.lower().split("*"))
    return re.fullmatch(".*".join(words), name.lower()) is not None


class Roles:
    def __init__(self):
        self.definitions, self.assignments = {}, {}

    def allows(self, principal, scope, action, data=False):
        """Whether some assignment at `scope` or above it lets `principal` do `action`."""
        given, taken = ("dataActions", "notDataActions") if data else ("actions", "notActions")
        for held in self._of(principal, scope):
            for permission in self.definitions[held["role"]]["permissions"]:
                some = lambda key: any(matches(pattern, action) for pattern in permission.get(key, []))
                if some(given) and not some(taken):
                    return True
        return False

    def _of(self, principal, scope):
        at = scope.lower() + "/"
        for held in self.assignments.values():
            if held["principal"] == principal and at.startswith(held["scope"].lower() + "/") and held["since"] + DELAY <= time.time():
                yield held

    def permissions(self, principal, scope):
        return [entry for held in self._of(principal, scope) for entry in self.definitions[held["role"]]["permissions"]]

    def answer(self, method, scope, kind, name, query, body):
        """What Resource Manager says to one who may do everything here."""
        match (kind, method):
            case ("roleDefinitions", "PUT") if GUID.fullmatch(name):
                wanted = body["properties"]
                if wanted["type"] != "CustomRole" or wanted["assignableScopes"] != [scope]:
                    return 400, _error("RoleDefinitionScopeInvalid")
                if any("?" in action for entry in wanted["permissions"] for actions in entry.values() for action in actions):
                    return 400, _error("InvalidActionOrNotAction")
                if any(other["roleName"] == wanted["roleName"] for key, other in self.definitions.items() if key != name):
                    return 409, _error("RoleDefinitionWithSameNameExists")
                self.definitions[name] = wanted
                return 201, self._definition(name)
            case ("roleDefinitions", "GET") if name:
                return (200, self._definition(name)) if name in self.definitions else (404, _error("RoleDefinitionDoesNotExist"))
            case ("roleDefinitions", "GET"):
                if query.get("$filter") != ["type eq 'CustomRole'"]:
                    return 400, _error("UnsupportedQuery")
                return self._page(list(self.definitions), self._definition, query)
            case ("roleDefinitions", "DELETE"):
                if any(held["role"] == name for held in self.assignments.values()):
                    return 409, _error("RoleDefinitionHasAssignments")
                return (200, {}) if self.definitions.pop(name, None) else (204, {})
            # A resource group where the caller may not assign roles, so that a session fails when its role is already made.
            case ("roleAssignments", "PUT") if scope.endswith("/resourceGroups/locked"):
                return 403, _error("AuthorizationFailed")
            case ("roleAssignments", "PUT") if GUID.fullmatch(name):
                wanted = body["properties"]
                role = wanted["roleDefinitionId"].rsplit("/", 1)[1]
                if role not in self.definitions or wanted["principalType"] != "ServicePrincipal":
                    return 400, _error("RoleDefinitionDoesNotExist")
                self.assignments[name] = {"principal": wanted["principalId"], "scope": scope, "role": role, "since": time.time()}
                return 201, self._assignment(name)
            case ("roleAssignments", "GET"):
                who = re.fullmatch(r"assignedTo\('([^']*)'\)", query.get("$filter", [""])[0])
                names = [key for key, held in self.assignments.items() if not who or held["principal"] == who[1]]
                return self._page(names, self._assignment, query)
            case ("roleAssignments", "DELETE"):
                return (200, {}) if self.assignments.pop(name, None) else (204, {})
        return 404, _error("NotFound")

    def _page(self, names, show, query):
        """One entry a page, so that a client that reads only the first is seen."""
        at = int(query.get("$skiptoken", ["0"])[0])
        page = {"value": [show(name) for name in names[at:at + 1]]}
        if at + 1 < len(names):
            page["nextLink"] = f"https://management.azure.com{self.path}?$skiptoken={at + 1}" + "".join(
                f"&{key}={value[0]}" for key, value in query.items() if key != "$skiptoken")
        return 200, page

    def _definition(self, name):
        shown = dict(self.definitions[name])
        if shown["roleName"] == "unreadable":
            del shown["roleName"]
        return {"name": name, "id": f"/x/providers/Microsoft.Authorization/roleDefinitions/{name}", "properties": shown}

    def _assignment(self, name):
        held = self.assignments[name]
        return {"name": name, "properties": {"scope": held["scope"], "principalId": held["principal"],
                                             "roleDefinitionId": f"/x/providers/Microsoft.Authorization/roleDefinitions/{held['role']}"}}


def _error(code):
    return {"error": {"code": code, "message": "the double says so"}}
