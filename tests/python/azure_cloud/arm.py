"""Resource Manager of one subscription: resource groups, resources of every type, and roles.

Source: Azure Resource Manager REST API reference, "Resource Groups", "Resources" and "Subscriptions"; "Azure resource provider operations".
Paths are read without regard to case, as there. Not done: deployments, locks, providers, what resources do.
"""

import json

from . import rbac

_GROUPS = "Microsoft.Resources/subscriptions/resourceGroups"


class ResourceManager:
    def __init__(self, subscription, tenant, account, owner):
        """`owner`: the object id of who may do everything."""
        self.subscription, self.tenant, self.account, self.owner = subscription, tenant, account, owner
        self.roles = rbac.Roles()
        self.groups = {"data": {"team": "data"}, "network": {}}
        place = lambda group, kind, name: f"/subscriptions/{subscription}/resourceGroups/{group}/providers/{kind}/{name}"
        self.resources = {place("data", "Microsoft.Storage/storageAccounts", account): {}, place("network", "Microsoft.Network/virtualNetworks", "main"): {}}

    def may(self, holder, scope, action, data=False):
        return holder == self.owner or self.roles.allows(holder, scope, action, data)

    def answer(self, method, path, rest, query, body, holder):
        """The reply to a request for `rest`, the path below `subscriptions`."""
        self.roles.path = path
        if "Microsoft.Authorization" in rest:
            at = rest.index("Microsoft.Authorization")
            kind, name = (*rest[at + 1:], None)[:2]
            return self._authorization(method, "/subscriptions/" + "/".join(rest[:at - 1]), kind, name, query, body, holder)
        if not rest:
            sees = holder == self.owner or any(held["principal"] == holder for held in self.roles.assignments.values())
            return 200, {"value": [self._about()] if sees else []}
        if rest[0] != self.subscription:
            return 404, _error("SubscriptionNotFound", "not in this double")
        scope = f"/subscriptions/{rest[0]}"
        described = json.loads(body or b"{}")
        match (method, [part.lower() for part in rest[1:]]):
            case ("GET", []):
                return 200, self._about()
            case ("GET", ["resources"]):
                return self._judged(holder, scope, "Microsoft.Resources/subscriptions/resources/read", lambda: self._listed(scope))
            case ("GET", ["resourcegroups"]):
                every = lambda: (200, {"value": [self._group(name) for name in sorted(self.groups)]})
                return self._judged(holder, scope, f"{_GROUPS}/read", every)
            case ("GET", ["resourcegroups", group, "resources"]):
                inside = f"{scope}/resourceGroups/{group}"
                return self._judged(holder, inside, f"{_GROUPS}/resources/read", lambda: self._listed(inside))
            case (_, ["resourcegroups", group]):
                return self._on_group(method, f"{scope}/resourceGroups/{group}", group, described, holder)
            case (_, [*_, "providers", _, _] | [*_, "providers", _, _, _]):
                return self._on_resource(method, rest, described, holder)
        return 404, _error("InvalidResourceType", "not in this double")

    def _judged(self, holder, scope, action, run):
        if not self.may(holder, scope, action):
            return 403, _error("AuthorizationFailed", f"The client does not have authorization to perform action '{action}' over scope '{scope}'.")
        return run()

    def _authorization(self, method, scope, kind, name, query, body, holder):
        if kind == "permissions":
            return 200, {"value": self.roles.permissions(holder, scope)}
        answer = lambda: self.roles.answer(method, scope, kind, name, query, json.loads(body or b"{}"))
        return self._judged(holder, scope, f"Microsoft.Authorization/{kind}/write", answer)

    def _on_group(self, method, scope, group, described, holder):
        exists = lambda run: run if group in self.groups else lambda: (404, _error("ResourceGroupNotFound", f"Resource group '{group}' could not be found."))

        def put():
            status = 200 if group in self.groups else 201
            self.groups[group] = described.get("tags", {})
            return status, self._group(group)

        def delete():
            del self.groups[group]
            inside = f"{scope}/".lower()
            self.resources = {place: held for place, held in self.resources.items() if not place.lower().startswith(inside)}
            return 200, {}

        calls = {"GET": ("read", exists(lambda: (200, self._group(group)))), "HEAD": ("read", exists(lambda: (204, b""))),
                 "PUT": ("write", put), "DELETE": ("delete", exists(delete))}
        if method not in calls:
            return 405, _error("MethodNotAllowed", "not in this double")
        action, run = calls[method]
        return self._judged(holder, scope, f"{_GROUPS}/{action}", run)

    def _on_resource(self, method, rest, described, holder):
        """A resource, or the list of a type: `…/providers/NAMESPACE/TYPE[/NAME]`."""
        at = len(rest) - 1 - [part.lower() for part in reversed(rest)].index("providers")
        kind, name = f"{rest[at + 1]}/{rest[at + 2]}", (rest[at + 3:] or [None])[0]
        above = "/subscriptions/" + "/".join(rest[:at])
        place = f"{above}/providers/{kind}" + (f"/{name}" if name else "")
        action = {"GET": "read", "PUT": "write", "DELETE": "delete"}.get(method)
        if action is None or not name and method == "DELETE":
            return 405, _error("MethodNotAllowed", "not in this double")
        if name is None:
            # A list in a group or a subscription needs the permission on what holds them.
            return self._judged(holder, above, f"{kind}/{action}", lambda: self._listed(above, kind))
        known = next((one for one in self.resources if one.lower() == place.lower()), None)

        def run():
            if method == "PUT":
                self.resources[known or place] = described
                return 200 if known else 201, self._resource(known or place)
            if known is None:
                return (204, b"") if method == "DELETE" else (404, _error("ResourceNotFound", f"The Resource '{kind}/{name}' was not found."))
            shown = self._resource(known)
            if method == "DELETE":
                del self.resources[known]
            return 200, shown

        return self._judged(holder, place, f"{kind}/{action}", run)

    def _listed(self, above, kind=None):
        inside = f"{above}/".lower()
        shown = [self._resource(place) for place in self.resources if place.lower().startswith(inside)]
        return 200, {"value": [one for one in shown if kind is None or one["type"].lower() == kind.lower()]}

    def _about(self):
        return {"id": f"/subscriptions/{self.subscription}", "subscriptionId": self.subscription, "tenantId": self.tenant,
                "displayName": "audex double", "state": "Enabled"}

    def _group(self, name):
        return {"id": f"/subscriptions/{self.subscription}/resourceGroups/{name}", "name": name, "type": "Microsoft.Resources/resourceGroups",
                "location": "westeurope", "tags": self.groups[name], "properties": {"provisioningState": "Succeeded"}}

    def _resource(self, place):
        *_, namespace, kind, name = place.split("/")
        return {"location": "westeurope", **self.resources[place], "id": place, "name": name, "type": f"{namespace}/{kind}"}


def _error(code, message):
    return {"error": {"code": code, "message": message}}
