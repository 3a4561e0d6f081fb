"""HTTP by hand, over plain sockets: what no client library would send, and every byte that comes back."""

from __future__ import annotations

import contextlib
import re
import select
import socket
import struct
from collections.abc import Sequence
from types import TracebackType
from typing import NamedTuple, Self

PATIENCE_SECONDS = 10.0
# How long a packet may stay without an answer before the next one follows: long enough to be read apart.
GAP_SECONDS = 0.1
# A request id that the caller gave is no secret; the ones that the service makes are of this form.
_OWN = re.compile(rb'(?im)(?:(^date: )[^\r]*|(^x-request-id: |"request_id":")[0-9a-f]{16}(?=["\r]))')

_LENGTH = re.compile(rb"(?im)^content-length: (\d+)")


class Answer(NamedTuple):
    """One answer; header names are in lower case."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    def header(self, name: bytes) -> bytes:
        """Return the value of a header that must be there."""
        return dict(self.headers)[name]


def masked(answers: bytes) -> bytes:
    """Return answers without what differs from one to the next anyway: the date and the request id made here."""
    return _OWN.sub(rb"\1\2-", answers)


def request(
    target: str, *lines: str, method: str = "GET", version: str = "1.1", host: str | None = "registry.example"
) -> bytes:
    """Return the bytes of a request without a body."""
    head = [f"{method} {target} HTTP/{version}", *([f"Host: {host}"] if host else []), *lines]
    return "".join(f"{line}\r\n" for line in head).encode("latin-1") + b"\r\n"


def _is_whole(answers: bytes) -> bool:
    """Whether bytes end where an answer ends; one that says its length is taken to have a body."""
    while answers:
        head, end, answers = answers.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not end or (length and len(answers) < int(length[1])):
            return False
        answers = answers[int(length[1]) :] if length else answers
    return True


class Connection:
    """A connection to a port of this machine."""

    def __init__(self, port: int, *, receive_buffer_bytes: int | None = None) -> None:
        self._socket = socket.socket()
        if receive_buffer_bytes is not None:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
        self._socket.settimeout(PATIENCE_SECONDS)
        try:
            self._socket.connect(("127.0.0.1", port))
        except OSError:
            self._socket.close()
            raise
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._read = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def send(self, *packets: bytes, gap_seconds: float = GAP_SECONDS) -> None:
        """Send packets; each follows as soon as the one before has its answer, or seems to get none."""
        for number, packet in enumerate(packets):
            if number:
                self._await_whole_answers(gap_seconds)
            self._socket.sendall(packet)

    def ask(self, *packets: bytes, method: str = "GET", gap_seconds: float = GAP_SECONDS) -> Answer:
        """Send one request and read its answer."""
        self.send(*packets, gap_seconds=gap_seconds)
        return self.answer(method)

    def heat(self, data: bytes) -> Answer:
        """Ask until the request is one that is answered below ASGI; return the last answer."""
        return [self.ask(data) for _ in range(3)][-1]

    def answer(self, method: str = "GET") -> Answer:
        """Read one answer; raises EOFError when the other side closes before it is whole."""
        while b"\r\n\r\n" not in self._read:
            self._receive()
        head, _, self._read = self._read.partition(b"\r\n\r\n")
        status_line, *lines = head.split(b"\r\n")
        pairs = (line.partition(b": ") for line in lines)
        headers = tuple((name.lower(), value) for name, _, value in pairs)
        status = int(status_line.split(b" ")[1])
        length = 0 if method == "HEAD" or status in {204, 304} else int(dict(headers)[b"content-length"])
        parts, have = [self._read], len(self._read)
        while have < length:
            self._read = b""
            self._receive()
            parts.append(self._read)
            have += len(self._read)
        whole = b"".join(parts)
        self._read = whole[length:]
        return Answer(status, headers, whole[:length])

    def rest(self, patience_seconds: float = PATIENCE_SECONDS) -> tuple[bytes, bool]:
        """Read until the other side closes or says nothing for a while; returns what came and whether it closed."""
        self._socket.settimeout(patience_seconds)
        try:
            while True:
                self._receive()
        except EOFError:
            return self._read, True
        except TimeoutError:
            return self._read, False

    def is_closed_within(self, seconds: float) -> bool:
        """Whether the other side closes within a time, without a word."""
        came, is_closed = self.rest(seconds)
        assert not came, came
        return is_closed

    @property
    def has_part_of_an_answer(self) -> bool:
        """Whether something came that is not a whole answer."""
        return bool(self._read)

    def reset(self) -> None:
        """Go away without a word, and without reading what has come."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def _await_whole_answers(self, patience_seconds: float) -> None:
        """Take what comes until it is a whole number of answers, or nothing comes for a while."""
        while select.select([self._socket], [], [], patience_seconds)[0]:
            try:
                self._receive()
            except EOFError:
                return
            if _is_whole(self._read):
                return

    def _receive(self) -> None:
        try:
            came = self._socket.recv(1 << 20)
        except ConnectionResetError:
            came = b""
        if not came:
            raise EOFError(f"the other side closed after {len(self._read)} more bytes")
        self._read += came


def exchange(port: int, packets: Sequence[bytes], *, patience_seconds: float = 0.3) -> tuple[bytes, bool]:
    """Send packets on a new connection; return everything that came back, masked, and whether it was closed."""
    with Connection(port) as connection:
        # Closed before everything was sent: what it said still counts.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.send(*packets)
        came, is_closed = connection.rest(patience_seconds)
        return masked(came), is_closed
