"""`make bench`: how fast the server is on this machine, printed as tables. Nothing is judged."""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import labserver
from tests.bench import work
from tests.bench.growth import Size, compare, shown
from tests.bench.load import Load, Work, run
from tests.bench.server import Memory, Started, cpu_of, memory_of, prepared, serving
from tests.bench.signing import signing_rate
from tests.bench.table import table
from tests.bench.work import Target


@dataclass(frozen=True)
class Measure:
    """One thing that is measured; `signatures` are those that one exchange takes.

    `tokens` is for how long, in seconds for each one of measuring, tokens are made beforehand.
    """

    name: str
    work: Work
    signatures: int = 0
    tokens: float = 0


MEASURES = (
    Measure("discovery", work.discovery),
    Measure("keys", work.keys),
    Measure("client credentials", work.client_credentials, signatures=1),
    Measure("introspection", work.introspection, tokens=0.2),
    # Each token ends once, and ending one is quicker than making it.
    Measure("revocation", work.revocation, tokens=2),
    Measure("code + PKCE flow", work.code_flow, signatures=2),
)


@dataclass(frozen=True)
class Row:
    """A measure at a number of connections, what the clients saw, and what it took the server.

    `cpu` is the processor time of all its processes, in seconds an exchange; None if not known.
    """

    measure: Measure
    connections: int
    load: Load
    cpu: float | None


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what the options ask for, and print it."""
    options = _options(arguments)
    with tempfile.TemporaryDirectory(prefix="grantlab-bench-") as name:
        folder = Path(name)
        if options.growth:
            print(shown(tuple(compare(folder, Size(), options.seconds, options.only))))
            return
        with serving(folder) as server:
            # Keys are made at their first need, which is no part of a later start.
            prepared(server)
        starts = [_start(folder, options.workers) for _ in range(1 if options.quick else 3)]
        before = signing_rate(options.seconds)
        with serving(folder, options.workers) as server:
            at_first = memory_of(server.process_id)
            rows = tuple(_measured(server, prepared(server), options))
            at_last = memory_of(server.process_id)
        after = signing_rate(options.seconds)
    print(_machine(starts, before, after))
    print(_memory(at_first, at_last))
    print()
    print(_speed(rows, (before + after) / 2))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a first impression, 16 connections")
    parser.add_argument("--growth", action="store_true", help="a grown org beside a small one")
    parser.add_argument("--connections", type=_numbers, help="as 1,16,64, which is the default")
    parser.add_argument("--seconds", type=float, help="how long each measurement takes [3]")
    parser.add_argument("--workers", type=int, help="of the server [the server's own default]")
    parser.add_argument("--clients", type=int, default=1, help="processes that ask [1]")
    parser.add_argument("--only", default="", help="measures whose name holds this text")
    options = parser.parse_args(arguments)
    options.connections = options.connections or ([16] if options.quick else [1, 16, 64])
    options.seconds = options.seconds or (0.7 if options.quick else 3)
    return options


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


def _start(folder: Path, workers: int | None) -> float:
    with serving(folder, workers) as server:
        return server.first_answer


def _measured(server: Started, target: Target, options: argparse.Namespace) -> Iterator[Row]:
    for measure in MEASURES:
        if options.only not in measure.name:
            continue
        for connections in options.connections:
            arguments: list[object] = [target]
            if measure.tokens:
                arguments.append(_fresh_tokens(server, target, measure.tokens * options.seconds))
            before = cpu_of(server.process_id)
            load = run(
                measure.work,
                arguments,
                server.port,
                connections=connections,
                seconds=options.seconds,
                clients=options.clients,
            )
            after = cpu_of(server.process_id)
            spent = None if before is None or after is None else after - before
            yield Row(measure, connections, load, spent and spent / len(load.obtained))


def _fresh_tokens(server: Started, target: Target, seconds: float) -> list[str]:
    made = run(
        work.client_credentials,
        [target],
        server.port,
        connections=16,
        seconds=max(seconds, 0.5),
        warm_up=0,
    )
    return work.access_tokens(made.obtained)


def _machine(starts: Sequence[float], before: float, after: float) -> str:
    start = statistics.median(starts)
    return "\n".join((
        f"Grantlab {labserver.__version__}, Python {platform.python_version()}, "
        f"{os.cpu_count()} cores",
        f"RSA-2048 signatures of this machine: {before:,.0f} /s before, {after:,.0f} /s after",
        f"Cold start to the first metadata answer, existing database: {start:.2f} s "
        f"(median of {len(starts)})",
    ))  # fmt: skip


def _memory(at_first: Memory | None, at_last: Memory | None) -> str:
    if at_first is None or at_last is None:
        return "Memory: this system has no /proc that tells it"
    megabytes = [
        f"{memory.resident / 1e6:.0f} MB (shared pages once: {memory.proportional / 1e6:.0f} MB)"
        for memory in (at_first, at_last)
    ]
    return (
        f"Memory of all {at_first.processes} processes: {megabytes[0]} at the start, "
        f"{megabytes[1]} at the end"
    )


def _speed(rows: Sequence[Row], signatures: float) -> str:
    """The rates; those of what signs as a share of the machine's signatures, each one counted."""
    heads = (
        "",
        "connections",
        "per second",
        "p50 ms",
        "p99 ms",
        "of RSA rate",
        "server CPU ms",
        "client cores",
    )
    return table(heads, [
        (
            row.measure.name,
            str(row.connections),
            f"{row.load.rate:,.0f}",
            f"{row.load.latency(50):.2f}",
            f"{row.load.latency(99):.2f}",
            f"{row.load.rate * (row.measure.signatures or 1) / signatures:.0%}",
            "" if row.cpu is None else f"{row.cpu * 1000:.2f}",
            f"{row.load.cores:.2f}",
        )
        for row in rows
    ])  # fmt: skip


if __name__ == "__main__":
    main()
