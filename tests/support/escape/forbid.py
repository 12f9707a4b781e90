"""Forbids system calls to this process and all that it starts, as a container's or a distribution's rules do."""

import ctypes
import struct

import libc

EPERM, ENOSYS = 1, 38
CLONE_NAMESPACES = 0x7E020000 | 0x00000080  # every CLONE_NEW flag

# Numbers of x86_64 and of the generic table. Source: as in libc.py.
NUMBERS = {
    "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40), "clone": (56, 220), "clone3": (435, 435),
    "landlock_create_ruleset": (444, 444),
}
# What each word stands for. As in Docker's default profile, `clone3` is not there, because its flags are behind a pointer.
WORDS = {
    "namespaces": [("unshare", EPERM), ("setns", EPERM), ("mount", EPERM), ("clone", EPERM), ("clone3", ENOSYS)],
    "landlock": [("landlock_create_ruleset", ENOSYS)],
}


def instruction(code, yes, no, value):
    return struct.pack("=HBBI", code, yes, no, value)


def forbid(words):
    """Installs the filter for `words`; nothing for none."""
    calls = [call for word in words for call in WORDS[word]]
    if not calls:
        return
    program = b""
    for name, error in calls:
        program += instruction(0x20, 0, 0, 0)  # load the number of the call
        number = NUMBERS[name][0 if libc.X86 else 1]
        if name == "clone":
            program += instruction(0x15, 0, 3, number) + instruction(0x20, 0, 0, 16) + instruction(0x45, 0, 1, CLONE_NAMESPACES)
        else:
            program += instruction(0x15, 0, 1, number)
        program += instruction(0x06, 0, 0, 0x00050000 | error)  # return this error
    program += instruction(0x06, 0, 0, 0x7FFF0000)  # allow
    code = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(code))
    buffer = ctypes.create_string_buffer(header, len(header))
    libc.checked(libc.C.prctl(38, 1, 0, 0, 0), "no_new_privs")
    libc.checked(libc.C.prctl(22, 2, ctypes.byref(buffer), 0, 0), "seccomp")
