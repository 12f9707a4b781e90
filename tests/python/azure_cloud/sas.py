"""User-delegation SAS as Blob Storage checks them.

Source of the fields and their order: "Create a user delegation SAS", section "Specify the string to sign", by version of `sv`.
"""

import base64
import hashlib
import hmac
import time
from datetime import datetime, timezone

# The letters of `sp` that each call needs; any one of them does. Source: the same page, "Specify permissions".
NEEDED = {"read": "r", "list": "l", "create": "cw", "overwrite": "w", "delete": "d"}
RESOURCES = {"c", "b", "d"}


class Refused(Exception):
    pass


def check(query, key, account, container, blob, call):
    """Raises Refused unless the SAS in `query` lets `call` through on `container`/`blob` (blob None: the container)."""
    one = {name: values[0] for name, values in query.items()}
    for name in ("sv", "sr", "sp", "se", "sig", "skoid", "sktid", "skt", "ske", "sks", "skv"):
        if not one.get(name):
            raise Refused(f"`{name}` is missing")
    if (one["skoid"], one["sktid"], one["skt"], one["ske"], one["sks"], one["skv"]) != key.fields():
        raise Refused("the signed key fields are not those of a key that was issued")
    resource = _resource(one, account, container, blob)
    expected = base64.b64encode(hmac.new(key.value, _string_to_sign(one, resource).encode(), hashlib.sha256).digest()).decode()
    if not hmac.compare_digest(expected, one["sig"]):
        raise Refused("Signature did not match. String to sign used was " + repr(_string_to_sign(one, resource)))
    now = time.time()
    if now < _seconds(one.get("st", one["skt"])) or now >= min(_seconds(one["se"]), _seconds(one["ske"])):
        raise Refused("the SAS is not valid now")
    if not set(one["sp"]) & set(NEEDED[call]):
        raise Refused(f"`sp={one['sp']}` does not let {call} through")
    if one["sr"] == "b" and call == "list":
        raise Refused("a blob's SAS lists nothing")


def _resource(one, account, container, blob):
    """What was signed, as the canonicalized resource; Refused where the call is outside it."""
    if one["sr"] == "c":
        return f"/blob/{account}/{container}"
    if one["sr"] == "b":
        if blob is None:
            raise Refused("a blob's SAS is for that blob")
        return f"/blob/{account}/{container}/{blob}"
    if one["sr"] == "d":
        depth = int(one["sdd"])
        folders = (blob or "").split("/")[:depth]
        if blob is None or len(folders) < depth:
            raise Refused("outside the directory of the SAS")
        return "/".join([f"/blob/{account}/{container}", *folders])
    raise Refused(f"`sr={one['sr']}` is not in this double")


def _string_to_sign(one, resource):
    version = one["sv"]
    if version < "2020-12-06":
        raise Refused(f"`sv={version}` is not in this double")
    names = ["sp", "st", "se", None, "skoid", "sktid", "skt", "ske", "sks", "skv", "saoid", "suoid", "scid"]
    if version >= "2025-07-05":
        names += ["skdutid", "sduoid"]
    names += ["sip", "spr", "sv", "sr", "snapshot", "ses"]
    if version >= "2026-04-06":
        names += ["srh", "srq"]
    names += ["rscc", "rscd", "rsce", "rscl", "rsct"]
    return "\n".join(resource if name is None else one.get(name, "") for name in names)


def _seconds(text):
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc).timestamp()
