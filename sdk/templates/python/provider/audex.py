"""What a provider answers where it has nothing of its own to say."""

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports.provider import Attribution, Call, KnownAction, Reading_Unknown, Reply
from wit_world.imports.types import Error, ErrorKind


def unsupported(operation):
    message = f"this provider does not offer `{operation}`"
    return Err(Error(ErrorKind.UNSUPPORTED, "operation-unsupported", message, None))


class Provider(exports.Provider):
    def preflight(self, grant, command):
        return []

    def document(self, grant, name, format):
        raise unsupported("document")

    def revoke(self, lease):
        raise unsupported("revoke")

    def settled(self, lease):
        return True

    def leftovers(self):
        return []

    def health(self):
        return []

    def observed(self, window):
        raise unsupported("observed")

    def recognise(self, requests, account):
        return [
            Call(one.service if one.service is not None else one.host, f"{one.method} {one.path}", False, [], 1, False, "")
            for one in requests
        ]

    def read(self, request, account):
        return Reading_Unknown(f"{request.method} {request.path}")

    def refuse(self, request, message):
        return Reply(403, [("content-type", "text/plain; charset=utf-8")], message.encode())

    def attribute(self, calls):
        return [Attribution(False, [], None) for _ in calls]

    def expand(self, patterns):
        return [KnownAction(pattern, None, False) for pattern in patterns]

    def statements(self, document):
        raise unsupported("statements")

    def effective(self, principal):
        raise unsupported("effective")
