#!/usr/bin/env python3
"""attacker.py PORT PID sizes | slow CONNECTIONS | flood: hostile clients of the proxy with that process id.

sizes: one hostile request after another. Prints what each is answered, how many bytes it had, and by how much it raised
the process's peak of memory, as a multiple of its bytes; fails if a code is another than documented, or a multiple is
100 or more.

slow: keeps that many connections open which send a byte of a header each second, until it is killed. flood: sends the
hostile requests in turn, a twentieth of a second between one answer and the next request. Both print "ready" first.
"""
import re
import socket
import sys
import time

INFER = b"POST /v2/models/good/infer HTTP/1.1\r\nHost: a\r\n"


def with_body(body):
    return INFER + b"Content-Length: %d\r\n\r\n" % len(body) + body


def in_chunks(n):
    return INFER + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\n \r\n" * n + b"0\r\n\r\n"


def hostile():
    """Name, bytes, the codes that docs/SERVE.md gives."""
    outputs = b",".join(b'{"name":"o%d"}' % i for i in range(1000000))
    yield "header of 64 KiB", INFER + b"X: " + b"a" * 65536 + b"\r\n\r\n", 431
    yield "target of 64 KiB", b"GET /" + b"a" * 65536 + b" HTTP/1.1\r\n\r\n", 414
    yield "both lengths", INFER + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400
    yield "65,537 chunks", in_chunks(65537), 413
    yield "3 MB of 6-byte chunks", in_chunks(500000), 413
    yield "JSON a million deep", with_body(b"[" * 1000000), 400
    yield "a million inputs", with_body(b'{"inputs":[' + outputs + b"]}"), 400
    yield "a million outputs", with_body(b'{"inputs":[],"outputs":[' + outputs + b"]}"), 400
    yield "64 MiB of JSON", with_body(b'{"inputs":[' + b"0," * (33554432 - 64) + b"0]}"), 400
    yield "64 MiB + 1", INFER + b"Content-Length: %d\r\n\r\n" % (67108864 + 1) + b"a" * 1048576, 413


def peak(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return 1024 * int(re.search(r"VmHWM:\s+(\d+)", status.read()).group(1))


def forget_peak(pid):
    with open(f"/proc/{pid}/clear_refs", "w", encoding="ascii") as file:
        file.write("5")


def ask(port, request):
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.settimeout(60)
        try:
            connection.sendall(request)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the answer came before the end
        try:
            head = connection.recv(65536)
        except ConnectionResetError:
            head = b"none 0 "
    return int(head.split(b" ")[1])


def sizes(port, pid):
    bad = 0
    print(f"{'':26}{'bytes':>12}{'code':>6}{'s':>8}{'memory / bytes':>16}")
    for name, request, code in hostile():
        forget_peak(pid)
        before, began = peak(pid), time.monotonic()
        found = ask(port, request)
        factor = (peak(pid) - before) / len(request)
        print(f"{name:26}{len(request):12}{found:6}{time.monotonic() - began:8.3f}{factor:16.2f}", flush=True)
        bad += found != code or factor >= 100
    return bad


def slow(port, connections):
    kept = []
    while True:
        while len(kept) < connections:
            connection = socket.create_connection(("127.0.0.1", port))
            connection.sendall(INFER + b"X: ")
            kept.append(connection)
        print("ready", flush=True)
        for connection in list(kept):
            time.sleep(1 / connections)
            try:
                connection.sendall(b"a")
            except OSError:
                kept.remove(connection)


def flood(port):
    requests = [request for _, request, _ in hostile()]
    print("ready", flush=True)
    while True:
        for request in requests:
            ask(port, request)
            time.sleep(0.05)


def main():
    port, pid, mode, *numbers = sys.argv[1:]
    if mode == "sizes":
        sys.exit(1 if sizes(int(port), pid) else 0)
    {"slow": slow, "flood": flood}[mode](int(port), *map(int, numbers))


main()
