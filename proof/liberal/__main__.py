"""`python -m proof.liberal`: the suite on every liberal server, in several rounds, and the table of it."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

from proof.liberal import table
from proof.liberal.catalogue import SERVERS
from proof.liberal.liberty import Liberal
from proof.liberal.serve import listening
from proof.mutants import run
from proof.mutants.patch import build

OK, ACCUSED, INTERRUPTED, USAGE = 0, 1, 2, 4
FEW = ("--examples", "60")
"""Random conversations of a run; slow servers have the usual ones, as far as the time for them goes."""
KNOWN = run.PROJECT / "reports" / "out" / "liberal.jsonl"
"""The runs so far, one a line: twenty rounds may take more than one sitting."""


def main(words: Sequence[str] | None = None) -> int:
    """Hold the suite on the servers and show what it says of them; returns the exit status."""
    options = _parser().parse_args(words)
    unknown = set(options.servers) - {server.name for server in SERVERS}
    if unknown:
        print(f"liberal: no server named {min(unknown)}", file=sys.stderr)
        return USAGE
    servers = [server for server in SERVERS if not options.servers or server.name in options.servers]
    if not options.resume:
        forget(servers)
    rows = {server.name: table.Row(server, known(server)) for server in SERVERS}
    missing = [
        (server, number * len(SERVERS) + SERVERS.index(server))
        for number in range(options.rounds)
        for server in servers
        if number >= len(rows[server.name].rounds)
    ]
    try:
        for done, (server, held) in enumerate(hold_all(missing, options.jobs), 1):
            rows[server.name].rounds.append(held)
            keep(server, held)
            _progress(rows[server.name], done, len(missing))
            _write(rows, options.output)  # after each run, for many rounds take hours
        _write(rows, options.output)
    except KeyboardInterrupt:
        print("liberal: interrupted", file=sys.stderr)
        return INTERRUPTED
    finally:
        print(table.plain(_held(rows)))
    return ACCUSED if any(row.accusations for row in rows.values()) else OK


def _write(rows: dict[str, table.Row], output: Path | None) -> None:
    if output:
        output.write_text(table.markdown(_held(rows)), encoding="utf-8")


def _held(rows: dict[str, table.Row]) -> list[table.Row]:
    return [row for row in rows.values() if row.rounds]


def known(server: Liberal) -> list[run.Held]:
    """The runs of a server that are known of earlier sittings."""
    return [run.Held(**one["held"]) for one in map(json.loads, _kept()) if one["server"] == server.name]


def forget(servers: Sequence[Liberal]) -> None:
    """Drop what is known of servers; the runs of all others stay."""
    names = {server.name for server in servers}
    lines = [line for line in _kept() if json.loads(line)["server"] not in names]
    if KNOWN.exists():
        KNOWN.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _kept() -> list[str]:
    return KNOWN.read_text(encoding="utf-8").splitlines() if KNOWN.exists() else []


def keep(server: Liberal, held: run.Held) -> None:
    """Add a run to those that are known."""
    KNOWN.parent.mkdir(parents=True, exist_ok=True)
    with KNOWN.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"server": server.name, "held": asdict(replace(held, printed=""))}) + "\n")


def hold_all(runs: Sequence[tuple[Liberal, int]], jobs: int) -> Iterator[tuple[Liberal, run.Held]]:
    """Hold the suite on servers, in the order in which the runs end.

    Args:
        runs: the server of each run, and its seed.
        jobs: how many are held at a time; servers that take no port are held alone.
    """
    plain = [one for one in runs if not one[0].host and "{port}" not in one[0].arguments]
    with tempfile.TemporaryDirectory(prefix="liberal-") as folder:
        for group, at_once in (([one for one in runs if one not in plain], jobs), (plain, 1)):
            with ThreadPoolExecutor(at_once) as executor:
                held = {
                    executor.submit(_hold, server, Path(folder) / str(seed), seed): server for server, seed in group
                }
                try:
                    for future in as_completed(held):
                        yield held[future], future.result()
                except BaseException:
                    for future in held:
                        future.cancel()
                    raise


def _hold(server: Liberal, folder: Path, seed: int) -> run.Held:
    home = build(server, folder)
    with _found(server, home) as where:
        options = (*server.options, *(() if server.workers else FEW))
        return run.hold(where, folder / "results", *options, seed=seed, workers=server.workers)


@contextmanager
def _found(server: Liberal, home: Path) -> Iterator[Sequence[str]]:
    """How the suite finds the server."""
    command = [sys.executable, str(home)]
    if not server.host:
        yield "--launch", f"{shlex.join(command)} {server.arguments}"
        return
    limit = ["--time-limit", f"{run.TIME_LIMIT:g}"]
    with listening([*command, "--host", server.host, "--port", "0", *limit], home) as address:
        yield "--target", address


def _progress(row: table.Row, done: int, of: int) -> None:
    if sys.stderr.isatty():
        said = ", ".join(row.rounds[-1].findings) or "conforms"
        print(f"{done:4} of {of}  {row.rounds[-1].seconds:4.0f} s  {row.server.name}: {said}", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m proof.liberal",
        description="Holds the suite on servers that take the freedoms that the assignment leaves. All conform.",
        epilog="Exit status: 0 nobody accused, 1 somebody was, 2 interrupted, 4 wrong usage.",
    )
    add = parser.add_argument
    add("servers", nargs="*", metavar="NAME", help="servers (default: all)")
    add("--rounds", type=int, default=1, metavar="N", help="how often each is held, with other seeds (%(default)s)")
    add("--jobs", type=int, default=3 * (os.cpu_count() or 2) // 2, metavar="N", help="runs at a time (%(default)s)")
    add("--resume", action="store_true", help="hold only the rounds that earlier sittings have left")
    add("-o", "--output", type=Path, metavar="FILE", help="write the table there too, as Markdown")
    return parser


if __name__ == "__main__":
    sys.exit(main())
