"""Starts one of the doubles and judges calls to it, for the check scripts."""

import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


class Double:
    def __init__(self, program):
        self.process = subprocess.Popen([sys.executable, HERE / program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.about = json.loads(self.process.stdout.readline())

    def __getitem__(self, name):
        return self.about[name]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(10)


class Judge:
    """Says for each call whether it ended as it must; the last line is a count."""

    def __init__(self):
        self.wrong = self.right = 0

    def allowed(self, name, call, expected=None):
        try:
            got = call()
        except Exception as error:  # whatever the client raises
            return self._say(False, name, f"refused: {type(error).__name__} {error}")
        self._say(expected is None or got == expected, name, f"gave {got!r}")

    def denied(self, name, call, *words):
        try:
            got = call()
        except Exception as error:  # whatever the client raises
            text = f"{type(error).__name__} {error}"
            return self._say(any(word in text for word in words), name, f"refused otherwise: {text}")
        self._say(False, name, f"was allowed: {got!r}")

    def _say(self, right, name, detail):
        self.right += right
        self.wrong += not right
        print(f"ok {name}" if right else f"WRONG {name}: {detail}"[:400])

    def end(self):
        print(f"{self.right} passed, {self.wrong} failed")
        sys.exit(1 if self.wrong else 0)
