"""Counts the instructions of child processes, where the kernel lets a user count them (Linux, `perf_event_open`)."""

import ctypes
import os
import platform
import struct

NUMBER = {"x86_64": 298, "aarch64": 241}  # the number of the system call `perf_event_open`
ATTRIBUTE_BYTES = 128
HARDWARE, INSTRUCTIONS = 0, 1
# Bits of the flags word.
DISABLED, INHERIT, EXCLUDE_KERNEL, EXCLUDE_HYPERVISOR, ENABLE_ON_EXEC = (1 << bit for bit in (0, 1, 5, 6, 12))


class Counter:
    """Counts what one child, started next, does in user space from its `exec` on.

    For one child only: the kernel may exchange the counters of a parent and its child, after which those of later children stay off.
    """

    def __init__(self, kind: int = HARDWARE, event: int = INSTRUCTIONS) -> None:
        self.file, self.why_not = None, ""
        if platform.machine() not in NUMBER or platform.system() != "Linux":
            self.why_not = "this is not Linux on x86-64 or aarch64"
            return
        attribute = bytearray(ATTRIBUTE_BYTES)
        struct.pack_into("=IIQ", attribute, 0, kind, ATTRIBUTE_BYTES, event)
        # This process never calls `exec`, so its own event stays disabled.
        flags = DISABLED | INHERIT | EXCLUDE_KERNEL | EXCLUDE_HYPERVISOR | ENABLE_ON_EXEC
        struct.pack_into("=Q", attribute, 40, flags)
        libc = ctypes.CDLL(None, use_errno=True)
        file = libc.syscall(NUMBER[platform.machine()], ctypes.c_char_p(bytes(attribute)), 0, -1, -1, 0)
        if file < 0:
            self.why_not = f"perf_event_open: {os.strerror(ctypes.get_errno())}"
        else:
            self.file = file

    def take(self) -> int | None:
        """Ends the counting, after the child has ended; none where nothing can be counted."""
        if self.file is None:
            return None
        (counted,) = struct.unpack("=Q", os.read(self.file, 8))
        os.close(self.file)
        return counted
