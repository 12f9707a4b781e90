"""System calls that Python has no function for."""

import ctypes
import os

C = ctypes.CDLL(None, use_errno=True)
C.syscall.restype = ctypes.c_long

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x20000, 0x10000000, 0x20000000, 0x40000000
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 32, 4096, 16384, 1 << 18
MNT_DETACH = 2

# Numbers of x86_64 and, where they differ, of the generic table (aarch64). Source: arch/x86/entry/syscalls/syscall_64.tbl,
# include/uapi/asm-generic/unistd.h.
X86 = os.uname().machine == "x86_64"
NUMBERS = {
    "process_vm_readv": (310, 270), "add_key": (248, 217), "keyctl": (250, 219), "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426), "open_tree": (428, 428), "pidfd_open": (434, 434), "pidfd_getfd": (438, 438),
    "shmget": (29, 194), "shmat": (30, 196),
}


def checked(result, what):
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{what}: {os.strerror(error)}")
    return result


def syscall(name, *arguments):
    number = NUMBERS[name][0 if X86 else 1]
    words = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    return checked(C.syscall(ctypes.c_long(number), *words), name)


def unshare(flags):
    checked(C.unshare(flags), "unshare")


def setns(descriptor, kind=0):
    checked(C.setns(descriptor, kind), "setns")


def mount(source, target, kind=None, flags=0, data=None):
    encode = lambda text: text.encode() if text is not None else None
    checked(C.mount(encode(source), encode(target), encode(kind), ctypes.c_ulong(flags), encode(data)), f"mount {target}")


def umount(target):
    checked(C.umount2(target.encode(), MNT_DETACH), f"umount {target}")


def new_namespaces(flags=CLONE_NEWNS):
    """Enters a new user namespace, as root of it, and the namespaces of `flags`."""
    user, group = os.getuid(), os.getgid()
    unshare(CLONE_NEWUSER | flags)
    for name, text in (("setgroups", "deny"), ("uid_map", f"0 {user} 1"), ("gid_map", f"0 {group} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)
