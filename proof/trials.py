"""Tries servers, several at a time, and keeps what came of each for a later sitting."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from proof import run
from proof.kind import Kind, R, Row, S, Trial
from proof.servers.edit import build, folder_name

Progress = Callable[[str], None]


def try_all(
    kind: Kind[S, R], servers: Sequence[S], results: Path, rounds: int, jobs: int, resume: bool, progress: Progress
) -> list[Row[S, R]]:
    """Try each server in every way and round.

    Args:
        kind: theirs.
        servers: the servers.
        results: the directory that gets one for each server, and in it one for each of its runs.
        rounds: how often each is tried, with other seeds.
        jobs: how many runs there are at a time; servers that are tried beside no other are tried last.
        resume: whether a result that the same suite has of the same server is taken as it is.
        progress: is told what came of each run, once it has.

    Returns:
        A row for each server, in their order.
    """
    homes = {server.name: build(server, results / "servers") for server in servers}

    def try_once(server: S, trial: Trial) -> R:
        folder = results / folder_name(server) / str(trial)
        fingerprint = run.fingerprint(homes[server.name], *trial, *kind.options(server))
        came = run.kept(folder, fingerprint, kind.form, kind.verdicts) if resume else None
        if came is None:
            came = kind.run(server, homes[server.name], folder, trial)
            run.keep(came, folder, fingerprint)
        kind.label(server, folder, came)
        return came

    def trials(server: S) -> list[Trial]:
        return [Trial(one, kind.seed(server, one), way) for one in range(1, rounds + 1) for way in kind.ways]

    run.OVER.clear()
    done: dict[tuple[str, Trial], R] = {}
    of = len(servers) * len(kind.ways) * rounds
    slowest_first = sorted(servers, key=lambda server: -kind.slowness(server))
    for alone in (False, True):
        group = [server for server in slowest_first if kind.alone(server) == alone]
        # All servers' first rounds come first, for some servers can be started once at a time.
        pairs = sorted(((one, trial) for one in group for trial in trials(one)), key=lambda pair: pair[1].round)
        with ThreadPoolExecutor(1 if alone else jobs) as pool:
            try:
                futures = {pool.submit(try_once, *pair): pair for pair in pairs}
                for future in as_completed(futures):
                    server, trial = futures[future]
                    came = done[server.name, trial] = future.result()
                    said = "; ".join(kind.wrong(server, trial, came)) or "as it should be"
                    progress(f"{len(done):4} of {of}  {came.seconds:4.0f} s  {server.name} ({trial}): {said}")
            except BaseException:
                # Before the pool waits for its threads; an interrupt may come while they are being started.
                run.OVER.set()
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    return [Row(server, {trial: done[server.name, trial] for trial in trials(server)}) for server in servers]
