"""The programs of the user outside: each stands in for one that hands something out."""

import array
import os
import socket
import threading

REPLY = "HTTP/1.0 200 OK\r\nmetadata-flavor: Google\r\n\r\n"


def thread(action):
    threading.Thread(target=action, daemon=True).start()


def directory_of(path, mode=0o700):
    os.makedirs(os.path.dirname(path), mode=mode, exist_ok=True)


def unix(path, answer):
    """Sends `answer` to everyone who connects; a path that begins with NUL is abstract."""
    server = socket.socket(socket.AF_UNIX)
    if not path.startswith("\0"):
        directory_of(path)
    server.bind(path)
    server.listen(1024)

    def serve():
        while True:
            client, _ = server.accept()
            answered(client, answer)
    thread(serve)


def answered(client, answer):
    try:
        if callable(answer):
            answer(client)
        else:
            client.sendall(answer.encode())
        client.shutdown(socket.SHUT_WR)
        client.close()
    except OSError:
        pass


def hands_over(path):
    """Returns an answer that hands over a descriptor of the file at `path`."""
    def answer(client):
        with open(path, "rb") as file:
            client.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [file.fileno()]))])
    return answer


def tcp(host, port, answer):
    server = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if ":" in host:
        server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    server.bind((host, port))
    server.listen(4096)

    def serve():
        while True:
            client, _ = server.accept()
            thread(lambda client=client: http(client, answer))
    thread(serve)
    return server.getsockname()[1]


def http(client, answer):
    try:
        client.settimeout(5)
        client.recv(4096)
        answered(client, REPLY + answer)
    except OSError:
        client.close()


def datagrams(family, address, heard):
    """Adds every datagram that comes to `heard`."""
    server = socket.socket(family, socket.SOCK_DGRAM)
    if family == socket.AF_UNIX and not address.startswith("\0"):
        directory_of(address)
    server.bind(address)

    def listen():
        while True:
            heard.append(server.recv(4096))
    thread(listen)


def beats(text):
    """Sends `text` over loopback again and again, as a program would that speaks without TLS."""
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.bind(("127.0.0.1", 0))
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def beat():
        while True:
            sender.sendto(text.encode(), receiver.getsockname())
            receiver.recv(4096)
            threading.Event().wait(0.02)
    thread(beat)
