"""Smithy RPC v2 CBOR in front of moto, which does not speak it: a request becomes JSON 1.0, and its answer CBOR again.

Source: "Smithy RPC v2 CBOR protocol". Only what JSON can say: no byte strings, no timestamps.
"""

import io
import json
import re
import struct

from botocore.parsers import BaseCBORParser

PATH = re.compile(r"/service/(\w+)/operation/(\w+)")


def translated(app, environ, start_response):
    """Answers a request of that protocol; None if it is of another."""
    path = PATH.fullmatch(environ["PATH_INFO"])
    if not path or environ.get("HTTP_SMITHY_PROTOCOL") != "rpc-v2-cbor":
        return None
    body = environ["audex.body"]
    asked = BaseCBORParser.parse_data_item(BaseCBORParser.__new__(_Parser), io.BufferedReader(io.BytesIO(body))) if body else {}
    text = json.dumps(asked, default=str).encode()
    environ |= {"audex.path": environ["PATH_INFO"], "audex.json": text, "PATH_INFO": "/", "REQUEST_URI": "/", "RAW_URI": "/",
                "HTTP_X_AMZ_TARGET": f"{path[1]}.{path[2]}", "CONTENT_TYPE": "application/x-amz-json-1.0",
                "CONTENT_LENGTH": str(len(text)), "wsgi.input": io.BytesIO(text)}
    said = {}

    def start(status, headers, info=None):
        said["status"], said["headers"] = status, headers

    answer = b"".join(app(environ, start))
    encoded = encode(json.loads(answer or b"{}"))
    start_response(said["status"], [("Content-Type", "application/cbor"), ("smithy-protocol", "rpc-v2-cbor"), ("Content-Length", str(len(encoded)))])
    return [encoded]


class _Parser(BaseCBORParser):
    pass


def encode(value):
    """One value as CBOR (RFC 8949)."""
    if value is None or isinstance(value, bool):
        return {None: b"\xf6", False: b"\xf4", True: b"\xf5"}[value]
    if isinstance(value, int):
        return _head(0, value) if value >= 0 else _head(1, -1 - value)
    if isinstance(value, float):
        return b"\xfb" + struct.pack(">d", value)
    if isinstance(value, str):
        text = value.encode()
        return _head(3, len(text)) + text
    if isinstance(value, list):
        return _head(4, len(value)) + b"".join(map(encode, value))
    return _head(5, len(value)) + b"".join(encode(key) + encode(item) for key, item in value.items())


def _head(major, number):
    if number < 24:
        return bytes([major << 5 | number])
    for code, form, most in ((24, ">B", 0xFF), (25, ">H", 0xFFFF), (26, ">I", 0xFFFF_FFFF)):
        if number <= most:
            return bytes([major << 5 | code]) + struct.pack(form, number)
    return bytes([major << 5 | 27]) + struct.pack(">Q", number)
