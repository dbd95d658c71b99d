"""`python -m proof.mutation`: every machine-made mutant of the reference server before the suite, until one case fails.

First the quick cases, then for what is left those that wait for a clock. It goes on where it was interrupted, and when
all are held writes docs/survivors.md: the mutants that nothing caught, each with what explained.toml says of it.
Exit status: 0 all survivors are explained, 1 some are not, 3 the reference server itself does not pass here.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

from conformance.harness.verdict.outcome import BROKEN, CONFORMS, UNREACHABLE
from proof.mutation.mutate import Mutant, mutants

PROJECT = Path(__file__).parent.parent.parent
SERVER = PROJECT / "reference_server"
MODULES = ("session", "channel", "mailbox", "pool", "__main__")
USAGE = frozenset({"_OneLineParser", "_checked", "_parser"})
"""The command line of the server, which its own tests judge."""
STAGES = (("--quick", "--time-limit", "4", "-k", "not test_random"), ("-m", "clock", "--time-limit", "2"))
"""What is held one after the other, without what is left to chance; a warning is enough."""
BOUND = 600.0
"""Seconds that a stage may take; a mutant that makes it last longer is caught by that."""
DOCUMENT, EXPLAINED = PROJECT / "docs" / "survivors.md", Path(__file__).with_name("explained.toml")
KNOWN = PROJECT / "reports" / "out" / "mutation.json"
HEAD = """# Machine-made mutants that the suite lets live

Made by `tox -e mutation` ([how](../proof/mutation/mutate.py)): {total} small changes of the reference server, one at
a time: a statement removed, a condition turned round, a number or a word changed, a `while` made an `if`. The suite
caught {caught} of them. These {left} it did not; what it could not see, or need not, is said above each group.
"""


def all_mutants() -> Iterator[tuple[str, Mutant]]:
    """Every mutant and its module; of those with one name each further one gets a number."""
    seen: dict[str, Iterator[int]] = {}
    for module in MODULES:
        for mutant in mutants(module, (SERVER / f"{module}.py").read_text(encoding="utf-8"), USAGE):
            number = next(seen.setdefault(mutant.name, count(1)))
            yield module, Mutant(mutant.name + (f" ({number})" if number > 1 else ""), mutant.source)


def caught_by(module: str, mutant: Mutant) -> str:
    """The first case that fails for a mutant, or in words what else gave it away; empty if nothing did."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as name:
        folder = Path(name)
        shutil.copytree(SERVER, folder / "mutant")
        (folder / "mutant" / f"{module}.py").write_text(mutant.source, encoding="utf-8")
        for stage in STAGES:
            if caught := _held(folder, stage):
                return caught
    return ""


def _held(folder: Path, stage: tuple[str, ...]) -> str:
    server = shlex.join(["env", f"PYTHONPATH={folder}", sys.executable, "-m", "mutant"])
    words = [sys.executable, "-m", "conformance", *stage, "-n0", "-x", "--fail-on-warn", "--seed", "7"]
    words += ["--report", "out", "--launch", f"{server} --port {{port}} --time-limit {{time_limit}}"]
    (folder / "temporary").mkdir(exist_ok=True)
    environment = {**os.environ, "PYTHONPATH": str(PROJECT), "TMPDIR": str(folder / "temporary")}
    try:
        run = subprocess.run(words, cwd=folder, env=environment, capture_output=True, timeout=BOUND, check=False)
    except subprocess.TimeoutExpired:
        return "it takes too long"
    if run.returncode == UNREACHABLE:
        return "it does not start"
    if run.returncode == CONFORMS:
        return ""
    if run.returncode != BROKEN:
        raise RuntimeError(run.stdout.decode()[-2000:] + run.stderr.decode()[-2000:])
    results = json.loads((folder / "out" / "results.json").read_text(encoding="utf-8"))
    caught = (str(case["id"]) for case in results["cases"] if case["verdict"] in ("fail", "warn"))
    return next(caught, "most is blocked")


def hold_all(wanted: list[tuple[str, Mutant]], jobs: int, resume: bool) -> dict[str, str]:
    """Hold mutants, some at once.

    Args:
        wanted: the mutants and their modules.
        jobs: how many are held at once.
        resume: those of them that are known from before are not held again.

    Returns:
        what caught each.
    """
    known: dict[str, str] = json.loads(KNOWN.read_text(encoding="utf-8")) if KNOWN.exists() else {}
    KNOWN.parent.mkdir(parents=True, exist_ok=True)
    for _, again in [] if resume else wanted:
        known.pop(again.name, None)

    def one(pair: tuple[str, Mutant]) -> None:
        module, mutant = pair
        if mutant.name not in known:
            began = time.monotonic()
            known[mutant.name] = caught_by(module, mutant)
            KNOWN.write_text(json.dumps(dict(known), indent=1), encoding="utf-8")
            print(f"{time.monotonic() - began:5.0f} s  {mutant.name}: {known[mutant.name] or 'SURVIVES'}", flush=True)

    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(one, wanted))
    return {mutant.name: known[mutant.name] for _, mutant in wanted}


def document(caught: dict[str, str], reasons: dict[str, list[str]]) -> str:
    """The page of the survivors, by the reason for which they live."""
    left = [name for name, case in caught.items() if not case]
    groups = {why: [name for name in names if name in left] for why, names in reasons.items()}
    groups["**Not explained.**"] = unexplained(caught, reasons)
    lines = [HEAD.format(total=len(caught), caught=len(caught) - len(left), left=len(left))]
    for why, names in groups.items():
        if names:
            lines += [f"{why}\n", *(f"- {name}" for name in names), ""]
    return "\n".join(lines)


def unexplained(caught: dict[str, str], reasons: dict[str, list[str]]) -> list[str]:
    """The survivors for which no reason is given."""
    explained = {name for names in reasons.values() for name in names}
    return [name for name, case in caught.items() if not case and name not in explained]


def main() -> int:
    """Run as the command line says; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m proof.mutation", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--jobs", type=int, default=3, metavar="N", help="mutants held at once (%(default)s)")
    parser.add_argument("--only", default="", metavar="TEXT", help="those with TEXT in their names; writes no page")
    parser.add_argument("--resume", action="store_true", help="hold only those that earlier sittings have left")
    options = parser.parse_args()
    if caught := caught_by("pool", Mutant("none", (SERVER / "pool.py").read_text(encoding="utf-8"))):
        print(f"mutation: the reference server itself fails: {caught}: is the machine too busy?", file=sys.stderr)
        return 3
    everything = list(all_mutants())
    caught_all = hold_all([pair for pair in everything if options.only in pair[1].name], options.jobs, options.resume)
    reasons: dict[str, list[str]] = tomllib.loads(EXPLAINED.read_text(encoding="utf-8"))
    if not options.only:
        DOCUMENT.write_text(document(caught_all, reasons), encoding="utf-8")
    lacking = unexplained(caught_all, reasons)
    alive = sum(not case for case in caught_all.values())
    print(f"{len(caught_all)} mutants, {alive} live, {len(lacking)} of them unexplained")
    return int(bool(lacking))


if __name__ == "__main__":
    sys.exit(main())
