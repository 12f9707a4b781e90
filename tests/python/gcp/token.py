"""Access tokens of the double: who they speak for, until when, with which scopes, inside which boundary."""

import secrets
import threading
import time

CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform"


class Token:
    def __init__(self, principal, scopes, seconds, boundary=None):
        self.text = "ya29.double-" + secrets.token_urlsafe(32)
        self.principal = principal
        self.scopes = tuple(scopes)
        self.expires_at = time.time() + seconds
        self.boundary = boundary

    def left(self):
        return max(0, int(self.expires_at - time.time()))


class Tokens:
    """Everything ever issued; the tests scan for these texts."""

    def __init__(self):
        self._lock = threading.Lock()
        self._known = {}

    def issue(self, *arguments, **named):
        token = Token(*arguments, **named)
        with self._lock:
            self._known[token.text] = token
        return token

    def find(self, text):
        """The living token of this text, or None."""
        with self._lock:
            token = self._known.get(text)
        return token if token and token.expires_at > time.time() else None

    def texts(self):
        with self._lock:
            return list(self._known)

    def expire(self):
        """Ends every token at once, as if its time had passed."""
        with self._lock:
            for token in self._known.values():
                token.expires_at = 0
