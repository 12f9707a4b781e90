"""A server that is asked: it verifies each question, and answers it after tricks that must not count.

The first reply says that nobody has answered (202). The next ones are a yes without a signature, one signed with another key,
one for another question, one of an hour ago, and the question itself. The last is a yes of ann.
"""

import base64
import hashlib
import hmac
import http.server
import json
import sys
import threading
import time

KEY = b"0123456789abcdef0123456789abcdef"


def sign(key, name, stamp, body):
    mac = hmac.new(key, f"{name}.{stamp}.".encode() + body, hashlib.sha256)
    return "v1," + base64.b64encode(mac.digest()).decode()


class Handler(http.server.BaseHTTPRequestHandler):
    asked = 0

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        name, stamp = self.headers["webhook-id"], self.headers["webhook-timestamp"]
        is_ours = self.headers["webhook-signature"] == sign(KEY, name, stamp, body)
        question = json.loads(body)
        number = Handler.asked
        Handler.asked += 1
        if not is_ours or question["type"] != "audex.ask" or number == 0:
            return self.answer(202, name, stamp, b"", None)
        data = {"ask": question["data"]["ask"]["id"], "answer": "yes", "by": "ann\nask-1"}
        yes = json.dumps({"type": "audex.answer", "data": data}).encode()
        now, past = str(int(time.time())), str(int(time.time()) - 3600)
        tricks = [
            (name, now, yes, None),
            (name, now, yes, sign(b"another key", name, now, yes)),
            ("msg_0", now, yes, sign(KEY, "msg_0", now, yes)),
            (name, past, yes, sign(KEY, name, past, yes)),
            (name, stamp, body, sign(KEY, name, stamp, body)),
        ]
        last = (name, now, yes, sign(KEY, name, now, yes))
        self.answer(200, *(tricks[number - 1] if number <= len(tricks) else last))

    def answer(self, status, name, stamp, body, signature):
        self.send_response(status)
        self.send_header("webhook-id", name)
        self.send_header("webhook-timestamp", stamp)
        if signature:
            self.send_header("webhook-signature", signature)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(200, "", "", str(Handler.asked).encode(), None)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(json.dumps({"endpoint": f"http://127.0.0.1:{server.server_port}", "key": KEY.decode()}), flush=True)
sys.stdin.read()
