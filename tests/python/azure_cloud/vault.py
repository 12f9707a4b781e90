"""The secrets of one vault, with the challenge by which its clients learn tenant and audience.

Source: Key Vault REST API reference 7.4, "Authentication, requests and responses", and "Azure built-in roles", data actions of
Microsoft.KeyVault.
"""

import json
import re

_SECRETS = "Microsoft.KeyVault/vaults/secrets"


class Vault:
    def __init__(self, scope, secrets, may):
        """`scope`: the resource id of the vault; `secrets`: {name: value}; `may`: holder, scope, action, data -> whether roles let it through."""
        self.scope, self.may = scope, may
        self.versions = {name: [value] for name, value in secrets.items()}

    def challenge(self, authority):
        """The reply to a request without a token for vaults."""
        header = f'Bearer authorization="{authority}", resource="https://vault.azure.net"'
        return 401, _error("Unauthorized", "AKV10000: Request is missing a Bearer or PoP token."), {"WWW-Authenticate": header}

    def answer(self, method, parts, body, holder):
        """The reply to a request for `parts`, the path below `secrets`."""
        call = self._call(method, parts)
        if call is None:
            return 404, _error("NotFound", "not in this double")
        action, name, run = call
        scope = f"{self.scope}/secrets/{name}" if name else self.scope
        if not self.may(holder, scope, f"{_SECRETS}/{action}", True):
            return 403, _error("Forbidden", f"Caller is not authorized to perform action on resource. Action: '{_SECRETS}/{action}'")
        if method != "PUT" and name and name not in self.versions:
            return 404, _error("SecretNotFound", f"A secret with (name/id) {name} was not found in this key vault.")
        return run(json.loads(body or b"{}"))

    def _call(self, method, parts):
        """(data action, secret, what it does), or None."""
        name = parts[0] if parts else None
        if name and not re.fullmatch(r"[0-9a-zA-Z-]{1,127}", name):
            return None
        match (method, parts[1:]):
            case ("GET", []) if name is None:
                return "readMetadata/action", None, lambda _: (200, {"value": [self._about(one, None) for one in sorted(self.versions)]})
            case ("GET", ["versions"]):
                listed = lambda: [self._about(name, at + 1) for at in range(len(self.versions[name]))]
                return "readMetadata/action", name, lambda _: (200, {"value": listed()})
            case ("GET", [] | [_]):
                return "getSecret/action", name, lambda _: self._get(name, (parts[1:] or [""])[0])
            case ("PUT", []) if name:
                return "setSecret/action", name, lambda body: self._set(name, body["value"])
            case ("DELETE", []) if name:
                return "delete", name, lambda _: (200, self.versions.pop(name) and self._about(name, None))
        return None

    def _get(self, name, version):
        versions = self.versions[name]
        at = int(version) if version.isdecimal() else len(versions)
        if not 1 <= at <= len(versions):
            return 404, _error("SecretNotFound", "no such version")
        return 200, {**self._about(name, at), "value": versions[at - 1]}

    def _set(self, name, value):
        self.versions.setdefault(name, []).append(value)
        return self._get(name, "")

    def _about(self, name, version):
        place = f"https://double.vault.azure.net/secrets/{name}" + (f"/{version}" if version else "")
        return {"id": place, "attributes": {"enabled": True}}


def _error(code, message):
    return {"error": {"code": code, "message": message}}
