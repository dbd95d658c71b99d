"""The liberal servers can be made, take only what the rules leave free, and conform."""

from pathlib import Path

import pytest

from conformance.cs4410 import ledger
from proof.liberal import __main__ as command
from proof.liberal.__main__ import hold_all
from proof.liberal.catalogue import SERVERS
from proof.liberal.liberty import Liberal
from proof.liberal.table import Row
from proof.mutants.patch import build
from proof.mutants.run import Held

LEDGER = ledger.load()


def test_there_are_many_and_each_has_a_name_of_its_own() -> None:
    assert len({server.name for server in SERVERS}) == len(SERVERS) >= 25


@pytest.mark.parametrize("server", SERVERS, ids=lambda server: server.name)
def test_each_can_be_made_and_breaks_no_must(server: Liberal, tmp_path: Path) -> None:
    assert (build(server, tmp_path) / "__main__.py").is_file()
    assert all(LEDGER[name].level == "SHOULD" for name in server.warns.split())


def test_a_false_accusation_is_told() -> None:
    row = Row(Liberal("some", warns="mail.words"), [Held(1, 2.0, True, {"mail": ["a case"]})])
    assert row.accusations == [
        "round 1: accused of mail",
        "round 1: not warned of mail.words",
        "round 1: exit status 1 after 2 s",
    ]


def test_earlier_rounds_are_known_until_that_server_s_are_held_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "KNOWN", tmp_path / "out" / "liberal.jsonl")
    some, other = Liberal("some"), Liberal("other")
    held = Held(0, 2.0, True, {"mail.words": ["a case"]})
    command.forget([some])
    command.keep(some, held)
    command.keep(some, held)
    command.keep(other, held)
    assert (command.known(some), command.known(other)) == ([held, held], [held])
    command.forget([some])
    assert (command.known(some), command.known(other)) == ([], [held])


@pytest.mark.parametrize("name", ["listens-on-an-ipv6-address", "one-clock-for-data-and-body"])
def test_suite_leaves_it_in_peace(name: str) -> None:
    (server,) = [server for server in SERVERS if server.name == name]
    ((_, held),) = hold_all([(server, 7)], 1)
    assert Row(server, [held]).accusations == []
