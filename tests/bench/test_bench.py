"""The bench counts right; how fast anything is, no test asks."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench.load import Exchange, Load, WrongAnswer, expect, parsed, percentile, run
from tests.bench.server import memory_of
from tests.bench.signing import signing_rate
from tests.bench.table import table

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


@pytest.mark.parametrize(
    ("percent", "expected"), [(50, 5), (51, 6), (90, 9), (99, 10), (100, 10), (1, 1)]
)
def test_a_percentile_is_a_value_that_was_seen(percent: float, expected: int) -> None:
    values = [10, 3, 1, 2, 9, 8, 4, 7, 6, 5]

    found = percentile(values, percent)

    assert found == expected


def test_the_percentile_of_one_value_is_that_value() -> None:
    assert percentile([7], 50) == percentile([7], 99) == 7


def test_a_load_tells_rate_latency_and_what_the_clients_took() -> None:
    load = Load(latencies=(0.001, 0.002, 0.004), seconds=2.0, cpu=0.5)

    assert (load.rate, load.cores) == (1.5, 0.25)
    assert load.latency(50) == pytest.approx(2.0)


def test_an_answer_is_taken_only_when_all_of_it_has_come() -> None:
    assert parsed(ANSWER[:20]) is None
    assert parsed(ANSWER[:-1]) is None
    assert parsed(ANSWER) == (200, ANSWER[:-9], b"hello")


def test_an_answer_of_unknown_length_or_of_another_status_stops_the_bench() -> None:
    with pytest.raises(WrongAnswer, match="length"):
        parsed(b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n")
    answer = parsed(ANSWER)
    assert answer is not None
    with pytest.raises(WrongAnswer, match="404 was due"):
        expect(answer, 404)


def test_clients_share_connections_and_work_and_hand_back_what_they_obtained() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_answer_all, args=(listener, 3), daemon=True).start()

        load = run(
            ten_requests,
            [],
            listener.getsockname()[1],
            connections=3,
            seconds=30,
            clients=2,
            warm_up=0,
        )

    assert sorted(load.obtained) == [b"hello"] * 10


def test_a_table_aligns_its_columns() -> None:
    text = table(("", "per second"), [("keys", "1,200"), ("revocation", "9")])

    assert text.splitlines() == [
        "            per second",
        "----------  ----------",
        "keys             1,200",
        "revocation           9",
    ]


def test_the_machine_signs() -> None:
    assert signing_rate(0.01) > 0


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="needs Linux")
def test_memory_counts_shared_pages_once_or_in_each_process() -> None:
    import os

    memory = memory_of(os.getpid())

    assert memory is not None
    assert memory.processes >= 1
    assert 0 < memory.proportional <= memory.resident


def ten_requests(part: int, parts: int) -> Iterator[Exchange]:
    """This part's share of ten exchanges."""
    for number in range(part, 10, parts):
        yield _request(number)


def _request(number: int) -> Exchange:
    answer = yield b"GET /%d HTTP/1.1\r\n\r\n" % number
    return expect(answer, 200).body


def _answer_all(listener: socket.socket, connections: int) -> None:
    for _ in range(connections):
        connection, _ = listener.accept()
        threading.Thread(target=_answer, args=(connection,), daemon=True).start()


def _answer(connection: socket.socket) -> None:
    with connection:
        while connection.recv(1000):
            connection.sendall(ANSWER)
