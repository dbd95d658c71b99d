"""How workers get their cases: each once, one at a time in order, and what waits together in one hand."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from conformance.harness.run.scheduling import OneByOne

WAITING = [
    "cs4410/test_clock.py::test_nobody_for_longer_than_the_limit",
    "cs4410/test_clock.py::test_silent_client[connected]",
    "cs4410/test_clock.py::test_silent_client[greeted]",
]
PLAIN = [f"cs4410/test_commands.py::test_reply[{number}]" for number in range(8)]
ALONE = ["cs4410/test_backup.py::test_backup_of_32[1]", "cs4410/test_backup.py::test_mailbox_after_backup"]
CASES = [*WAITING, *PLAIN, *ALONE]


class Worker:
    """A worker as the scheduler sees it: it takes cases, and runs them when it is asked to.

    Args:
        name: its own.
        handed: what all workers were handed, in the order of that.
    """

    def __init__(self, name: str, handed: list[tuple[str, list[str]]]) -> None:
        self.gateway = SimpleNamespace(id=name)
        self.shutting_down = False
        self.to_do: list[int] = []
        self._name, self._handed = name, handed

    def send_runtest_some(self, indices: Sequence[int]) -> None:
        self.to_do += indices
        self._handed.append((self._name, [CASES[index] for index in indices]))

    def shutdown(self) -> None:
        self.shutting_down = True


def run(shared: bool, count: int) -> list[tuple[str, list[str]]]:
    """Run the cases on workers that are equally fast; returns which of them was handed what, in the order of that."""
    option = SimpleNamespace(tx=["popen"] * count, loadscopereorder=True)
    config: Any = SimpleNamespace(option=option, getvalue=lambda name: getattr(option, name))
    scheduler: Any = OneByOne(config, "conformance.cs4410", shared)
    handed: list[tuple[str, list[str]]] = []
    workers = [Worker(f"gw{number}", handed) for number in range(count)]
    for worker in workers:
        scheduler.add_node(worker)
        scheduler.add_node_collection(worker, [f"conformance/{id}" for id in CASES])
    scheduler.schedule()
    for _ in CASES:
        for worker in workers:
            if worker.to_do:
                scheduler.mark_test_complete(worker, worker.to_do.pop(0))
    assert not any(worker.to_do for worker in workers)
    return handed


@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("shared", [False, True])
def test_every_case_is_handed_out_once_and_in_order(shared: bool, count: int) -> None:
    assert [case for _, cases in run(shared, count) for case in cases] == CASES


@pytest.mark.parametrize(("shared", "together"), [(False, [WAITING]), (True, [WAITING, ALONE])])
def test_what_waits_is_handed_out_together_and_all_else_singly(shared: bool, together: list[list[str]]) -> None:
    assert [cases for _, cases in run(shared, 2) if len(cases) > 1] == together


def test_whoever_waits_leaves_the_others_to_the_others() -> None:
    handed = run(False, 2)
    waiting = handed[0][0]
    others = [cases for name, cases in handed if name != waiting]
    assert len(others) > len(handed) / 2
