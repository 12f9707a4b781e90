"""The REST API of Secret Manager, as far as the clients of the tests use it, and what each call needs.

Source: Secret Manager REST reference v1, and "Access control with IAM".
"""

import base64
import re

from .policy import Call, Need, error, not_found
from .token import CLOUD_PLATFORM

NAME = re.compile(r"v1/projects/([^/:]+)/secrets(?:/([^/:]+)(?:/versions(?:/([^/:]+))?)?)?(?::([a-zA-Z]+))?")


class SecretManager:
    def __init__(self, project, secrets):
        """`secrets`: {name: text} of the first version of each."""
        self.project = project
        self.versions = {name: [text.encode()] for name, text in secrets.items()}

    def read(self, method, path, query, body):
        """The call that the request stands for, or None."""
        place = NAME.fullmatch(path)
        if not place:
            return None
        project, name, version, verb = place.groups()
        lists_versions = path.endswith("/versions")
        full = path.removeprefix("v1/").partition(":")[0].removesuffix("/versions")
        above = f"//cloudresourcemanager.googleapis.com/projects/{project}"
        on = lambda permission, resource=None: Need(f"secretmanager.{permission}", resource or f"//secretmanager.googleapis.com/{full}")
        call = lambda run, need: Call([need], {CLOUD_PLATFORM}, run)
        exists = lambda run: run if project == self.project and name in self.versions else lambda: not_found(full)
        match (method, name, version, verb):
            case ("GET", None, None, None):
                found = [{"name": f"projects/{project}/secrets/{one}"} for one in self.versions]
                return call(lambda: (200, {"secrets": found}), on("secrets.list", above))
            case ("POST", None, None, None):
                return call(lambda: self._create(full, query["secretId"][0]), on("secrets.create", above))
            case ("GET", _, None, None) if lists_versions:
                listed = lambda: [{"name": f"{full}/versions/{at + 1}"} for at in range(len(self.versions[name]))]
                return call(exists(lambda: (200, {"versions": listed()})), on("versions.list"))
            case ("GET", _, None, None):
                return call(exists(lambda: (200, {"name": full})), on("secrets.get"))
            case ("DELETE", _, None, None) if not lists_versions:
                return call(exists(lambda: (200, self.versions.pop(name) and {})), on("secrets.delete"))
            case ("POST", _, None, "addVersion") if name:
                add = lambda: self._add(full, name, base64.b64decode(body["payload"]["data"]))
                return call(exists(add), on("versions.add"))
            case ("GET", _, _, None) if version:
                return call(exists(lambda: self._version(full, name, version, None)), on("versions.get"))
            case ("GET", _, _, "access") if version:
                return call(exists(lambda: self._version(full, name, version, "data")), on("versions.access"))
        return None

    def _create(self, full, name):
        if name in self.versions:
            return error(409, "ALREADY_EXISTS", name)
        self.versions[name] = []
        return 200, {"name": f"{full}/{name}"}

    def _add(self, full, name, data):
        self.versions[name].append(data)
        return 200, {"name": f"{full}/versions/{len(self.versions[name])}", "state": "ENABLED"}

    def _version(self, full, name, version, field):
        versions = self.versions[name]
        at = len(versions) if version == "latest" else int(version)
        if not 1 <= at <= len(versions):
            return not_found(full)
        about = {"name": f"{full.rpartition('/')[0]}/{at}"}
        data = base64.b64encode(versions[at - 1]).decode()
        return 200, {**about, "payload": {"data": data}} if field else {**about, "state": "ENABLED"}
