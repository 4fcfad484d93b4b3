"""A light HTTP client that keeps many connections busy, in processes of its own."""

from __future__ import annotations

import multiprocessing
import re
import selectors
import socket
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

WARM_UP = 0.3
"""Seconds before anything counts."""

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class Answer(NamedTuple):
    """One HTTP response: `head` is everything before the body."""

    status: int
    head: bytes
    body: bytes


Exchange = Generator[bytes, Answer, bytes]
"""What is timed as one: yields requests, is sent their answers, returns what it obtained."""

Work = Callable[..., Iterator[Exchange]]
"""A module's function that makes exchanges, from arguments that other processes can be given."""


class WrongAnswer(Exception):
    """The server answered something else than it must, so its speed means nothing."""


@dataclass(frozen=True)
class Load:
    """What one run of clients saw: `latencies` and `seconds` in seconds, `cpu` the clients' own.

    `obtained` is what the exchanges returned, those of the warm-up too.
    """

    latencies: tuple[float, ...]
    seconds: float
    cpu: float
    obtained: tuple[bytes, ...] = ()

    @property
    def rate(self) -> float:
        """Exchanges a second."""
        return len(self.latencies) / self.seconds

    @property
    def cores(self) -> float:
        """How many cores the clients took."""
        return self.cpu / self.seconds

    def latency(self, percent: float) -> float:
        """The latency, in milliseconds, that so many percent of the exchanges kept within."""
        return percentile(self.latencies, percent) * 1000


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least so many percent of the values don't exceed."""
    ordered = sorted(values)
    rank = -(-len(ordered) * percent // 100)
    return ordered[max(int(rank), 1) - 1]


def expect(answer: Answer, status: int) -> Answer:
    """The answer, if it has this status; raises `WrongAnswer` otherwise."""
    if answer.status != status:
        text = (answer.head + b" " + answer.body[:300]).decode("latin-1")
        raise WrongAnswer(f"A {status} was due, and this came: {text}")
    return answer


def run(
    work: Work, arguments: Sequence[object], port: int, *, connections: int, seconds: float,
    clients: int = 1, warm_up: float = WARM_UP,
) -> Load:  # fmt: skip
    """Drive the exchanges of `work(*arguments, part, parts)` from so many client processes.

    Each process holds its part of the connections and gets its part of the work.
    Raises `WrongAnswer`.
    """
    clients = min(clients, connections)
    shares = [len(range(part, connections, clients)) for part in range(clients)]
    jobs = [
        (work, (*arguments, part, clients), port, share, seconds, warm_up)
        for part, share in enumerate(shares)
    ]
    with multiprocessing.get_context("spawn").Pool(clients) as pool:
        return _together(pool.starmap(_drive, jobs, chunksize=1))


def _together(loads: Sequence[Load]) -> Load:
    return Load(
        latencies=tuple(each for load in loads for each in load.latencies),
        seconds=max(load.seconds for load in loads),
        cpu=sum(load.cpu for load in loads),
        obtained=tuple(each for load in loads for each in load.obtained),
    )


def _drive(
    work: Work, arguments: Sequence[object], port: int, connections: int, seconds: float,
    warm_up: float,
) -> Load:  # fmt: skip
    exchanges = work(*arguments)
    selector = selectors.DefaultSelector()
    begun = [_Connection(port, exchange) for exchange in islice(exchanges, connections)]
    for connection in begun:
        selector.register(connection.socket, selectors.EVENT_READ, connection)
    obtained: list[bytes] = []
    latencies: list[float] = []
    start = time.perf_counter() + warm_up
    end = start + seconds
    cpu = 0.0
    while selector.get_map() and (now := time.perf_counter()) < end:
        if not cpu and now >= start:
            cpu = time.process_time()
        for key, _ in selector.select(end - now):
            connection = key.data
            if not connection.receive():
                continue
            finished = time.perf_counter()
            obtained.append(connection.obtained)
            if connection.started >= start:
                latencies.append(finished - connection.started)
            following = next(exchanges, None)
            if following is None:
                selector.unregister(connection.socket)
            else:
                connection.begin(following)
    lasted = min(time.perf_counter(), end) - start
    spent = time.process_time() - cpu
    for connection in begun:
        connection.socket.close()
    if not latencies:
        raise WrongAnswer("Nothing was begun and finished while it counted.")
    return Load(tuple(latencies), lasted, spent, tuple(obtained))


class _Connection:
    """A kept connection with the exchange that runs on it."""

    def __init__(self, port: int, exchange: Exchange) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.obtained = b""
        self.begin(exchange)

    def begin(self, exchange: Exchange) -> None:
        """The exchange's first request is on its way."""
        self.exchange = exchange
        self.started = time.perf_counter()
        self.socket.sendall(next(exchange))

    def receive(self) -> bool:
        """Whether the exchange has ended with what has just come in."""
        received = self.socket.recv(1 << 16)
        if not received:
            raise WrongAnswer("The server closed a connection.")
        self.buffer += received
        answer = parsed(self.buffer)
        if answer is None:
            return False
        self.buffer = b""
        try:
            self.socket.sendall(self.exchange.send(answer))
        except StopIteration as end:
            self.obtained = end.value
            return True
        return False


def parsed(received: bytes) -> Answer | None:
    """The response, once all of it has come; raises `WrongAnswer` for one of unknown length."""
    head, gap, body = received.partition(b"\r\n\r\n")
    if not gap:
        return None
    length = _LENGTH.search(head)
    if length is None:
        raise WrongAnswer(f"An answer doesn't tell its length: {head!r}")
    if len(body) < int(length[1]):
        return None
    return Answer(int(head[9:12]), head, body)
