"""Another program of the user, with secrets in its memory and its open files. Says where its memory has them, then waits."""

import ctypes
import os
import sys

memory, *files = sys.stdin.readline().split()
buffer = ctypes.create_string_buffer(memory.encode(), 64)
kept = []
for secret in files:
    path = "deleted-soon"
    file = open(path, "w+")
    file.write(secret)
    file.flush()
    os.unlink(path)
    kept.append(file)
print(ctypes.addressof(buffer), flush=True)
sys.stdin.read()
