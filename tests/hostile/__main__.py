"""`python -m tests.hostile`: every hostile server before the suite and multiclient, and the table of docs/hostile.md.

`python -m tests.hostile NAME ...` does it for some and writes nothing; `python -m tests.hostile serve NAME` runs one,
with the reference server's options behind. Exit status: 0 all hold, 1 something does not, 4 wrong usage.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import product

from reference_server import __main__ as reference
from tests.hostile import trial
from tests.hostile.servers import SERVERS
from tests.hostile.trial import Trial

AT_ONCE = 3
"""Runs side by side: they wait more than they compute."""
DOCUMENT = trial.PROJECT / "docs" / "hostile.md"
HEAD = """# Hostile servers, and what the suite makes of them

Made by `tox -e hostile`. Everything that a server sends is bad input until it is read: each of these servers is held
once as `--launch`, once as `--target`, and once against `multiclient.py`. Whatever it does, a run with default options
ends within {bound:g} s, holds less than {memory:g} MiB (all processes of the suite, without the server), ends with
status 1 or 6, brings no control character but our own colours on the terminal and none into a report, and finds what
the server truly breaks and nothing else: the rest is `blocked`, and does not count against it again.

| server | what it does | broken | {ways} |
| --- | --- | --- | {rules} |
"""


def serve(words: list[str]) -> None:
    """Be a hostile server."""
    SERVERS[words[0]].install()
    sys.argv[1:] = words[1:]
    reference.main()


def hold_all(names: list[str]) -> list[Trial]:
    """Hold every server in every way, some at once, and say how each went."""

    def one(pair: tuple[str, str]) -> Trial:
        name, way = pair
        done = trial.hold(name, way, ("--duration", "13") if way == "multiclient" else ())
        print(f"{name:20} {way:12} {_cell(done)}  {', '.join(done.broken)}  {'; '.join(done.wrong)}", flush=True)
        return done

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(one, product(names, trial.WAYS)))


def _cell(done: Trial) -> str:
    measured = done.measured
    blocked = f", {done.blocked} blocked" if done.blocked else ""
    mark = "**does not hold**: " if done.wrong else ""
    return f"{mark}{measured.seconds:.0f} s, {measured.mebibytes:.0f} MiB, exit {measured.status}{blocked}"


def document(trials: list[Trial]) -> str:
    """The page with the table."""
    ways = " | ".join(
        {"multiclient": "multiclient"}.get(way, f"suite, --{way.removesuffix('ed')}") for way in trial.WAYS
    )
    head = HEAD.format(
        bound=trial.BOUND, memory=trial.MOST_MEMORY, ways=ways, rules=" | ".join("---" for _ in trial.WAYS)
    )
    rows = []
    for name in dict.fromkeys(done.server for done in trials):
        cells = [_cell(done) for done in trials if done.server == name]
        broken = ", ".join(f"`{rule}`" for rule in sorted(SERVERS[name].breaks)) or "only SHOULDs"
        rows.append(f"| {name} | {SERVERS[name].does} | {broken} | {' | '.join(cells)} |")
    return head + "\n".join(rows) + "\n"


def main(words: list[str]) -> int:
    """Run as the command line says; returns the exit status."""
    if words[:1] == ["serve"] and words[1:2] and words[1] in SERVERS:
        serve(words[1:])
        return 0
    if unknown := [word for word in words if word not in SERVERS]:
        print(f"hostile: {unknown[0]}: no such server; there are {', '.join(SERVERS)}", file=sys.stderr)
        return 4
    trials = hold_all(words or list(SERVERS))
    if not words:
        DOCUMENT.write_text(document(trials), encoding="utf-8")
    return int(any(done.wrong for done in trials))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
