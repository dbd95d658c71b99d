"""`python -m proof.hostile`: every hostile server before the suite and multiclient, and the table of docs/hostile.md.

`python -m proof.hostile NAME ...` does it again for some; `python -m proof.hostile serve NAME` runs one,
with the reference server's options behind. Exit status: 0 all hold, 1 something does not, 4 wrong usage.
"""

from __future__ import annotations

import argparse
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import product

from proof.hostile import trial
from proof.hostile.servers import SERVERS
from proof.hostile.trial import Trial
from reference_server import __main__ as reference

AT_ONCE = 3
"""Runs side by side: they wait more than they compute."""
DOCUMENT = trial.PROJECT / "docs" / "hostile.md"
KNOWN = trial.PROJECT / "reports" / "out" / "hostile.json"
"""The cells of the table, so that some servers can be held again without the others."""
HEAD = """# Hostile servers, and what the suite makes of them

Made by `tox -e hostile`. Everything that a server sends is bad input until it is read: each of these servers is held
once as `--launch`, once as `--target`, and once against `multiclient.py` for 13 seconds. Whatever it does, a run with
default options ends within {bound:g} s, holds less than {memory:g} MiB (all processes of the suite, without the
server), ends with status 1 or 6, brings no control character but our own colours on the terminal and none into a
report, and reports what the server truly breaks and nothing else: the rest is `blocked`, and does not count against it
again. What does not hold is said in bold.

| server | what it does | broken | {ways} |
| --- | --- | --- | --- | --- | --- |
"""


def serve(words: list[str]) -> None:
    """Be a hostile server."""
    SERVERS[words[0]].install()
    sys.argv[1:] = words[1:]
    reference.main()


def hold_all(names: list[str]) -> list[Trial]:
    """Hold servers in every way, some at once, and say how each went."""

    def one(pair: tuple[str, str]) -> Trial:
        name, way = pair
        done = trial.hold(name, way, ("--duration", "13") if way == "multiclient" else ())
        print(f"{name:20} {way:12} {cell(done)}  {'; '.join(done.wrong)}", flush=True)
        return done

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(one, product(names, trial.WAYS)))


def cell(done: Trial) -> str:
    """A run in few words, for the table."""
    measured = done.measured
    shown = f"{measured.seconds:.0f} s, {measured.mebibytes:.0f} MiB, exit {measured.status}"
    if done.blocked:
        shown += f", {done.blocked} blocked"
    if done.way == "multiclient" and done.broken:
        shown += ": " + (f"`{done.broken[0]}`" if len(done.broken) == 1 else f"{len(done.broken)} rules")
    return f"**{'; '.join(done.wrong)}**: {shown}".replace("|", "\\|") if done.wrong else shown


def document(cells: dict[str, dict[str, str]]) -> str:
    """The page with the table, from the cells of each server."""
    ways = ("suite, `--launch`", "suite, `--target`", "multiclient")
    head = HEAD.format(bound=trial.BOUND, memory=trial.MOST_MEMORY, ways=" | ".join(ways))
    rows = []
    for name, server in SERVERS.items():
        broken = ", ".join(f"`{rule}`" for rule in sorted(server.breaks)) or "only SHOULDs"
        rows.append(f"| {name} | {server.does} | {broken} | {' | '.join(cells[name][way] for way in trial.WAYS)} |")
    return head + "\n".join(rows) + "\n"


def keep(trials: list[Trial]) -> None:
    """Add runs to those that are known, and write the page once there are runs of every server."""
    known: dict[str, dict[str, str]] = json.loads(KNOWN.read_text(encoding="utf-8")) if KNOWN.exists() else {}
    for done in trials:
        known.setdefault(done.server, {})[done.way] = cell(done)
    KNOWN.parent.mkdir(parents=True, exist_ok=True)
    KNOWN.write_text(json.dumps(known, indent=1), encoding="utf-8")
    if SERVERS.keys() <= known.keys():
        DOCUMENT.write_text(document(known), encoding="utf-8")


def main(words: list[str]) -> int:
    """Run as the command line says; returns the exit status."""
    if words[:1] == ["serve"] and words[1:2] and words[1] in SERVERS:
        serve(words[1:])
        return 0
    parser = argparse.ArgumentParser(
        prog="python -m proof.hostile",
        description="Holds the suite and multiclient on servers that mean harm, and writes docs/hostile.md.",
        epilog="`serve NAME --port N` is one of them. Exit status: 0 all held, 1 something did not, 4 wrong usage.",
    )
    parser.add_argument("servers", nargs="*", metavar="NAME", help="servers; the rows of others stay (default: all)")
    names = parser.parse_args(words).servers
    if unknown := [name for name in names if name not in SERVERS]:
        print(f"hostile: {unknown[0]}: no such server; there are {', '.join(SERVERS)}", file=sys.stderr)
        return 4
    trials = hold_all(names or list(SERVERS))
    keep(trials)
    return int(any(done.wrong for done in trials))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
