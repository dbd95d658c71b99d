"""The hostile servers of the standard: each is another server or has another store, and the suite bears some."""

from __future__ import annotations

import re
from collections import Counter
from itertools import chain
from pathlib import Path

import pytest

from conformance.rfc5321.profile import PROFILE
from conformance.stores.opening import open_store
from proof.kind import Row, Trial
from proof.kinds.esmtp_hostile import EsmtpHostiles
from proof.kinds.hostile import LAUNCHED, Shown, meet
from proof.servers import hostile
from proof.servers.edit import SERVER, build, sources
from proof.servers.esmtp_hostile import BREAKS, SECTIONS
from proof.servers.hostile_stores import STORES

LEDGER = PROFILE.ledger(PROFILE.usual())
SERVERS = {one.name: one for one in chain(*SECTIONS.values())}
OTHERS = {one.name for one in chain(*hostile.SECTIONS.values())}
FEW = ("-n0", "rfc5321/test_starttls.py::test_220", "rfc5321/test_hello.py::test_name")


def test_each_is_another_server_or_has_a_store() -> None:
    right = {path.name: path.read_text() for path in SERVER.glob("*.py")}
    assert [one.name for one in SERVERS.values() if (sources(one) == right) != bool(one.store)] == []


def test_names_are_plain_and_unique_and_those_of_the_other_table_are_there() -> None:
    names = [one.name for one in chain(*SECTIONS.values())] + list(SECTIONS)
    assert [name for name, count in Counter(names).items() if count > 1] == []
    assert [name for name in names if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)] == []
    assert set(SERVERS) >= OTHERS >= set(BREAKS)


def test_they_break_musts_of_the_standard_only_and_say_what_they_do() -> None:
    assert [
        name for name, one in SERVERS.items() if any(LEDGER[rule].level != "MUST" for rule in one.breaks.split())
    ] == []
    assert [name for name, one in SERVERS.items() if not one.does or one.does.endswith(".")] == []


@pytest.mark.parametrize("name", [one.name for one in STORES if one.name not in ("store-many", "store-growing")])
def test_a_place_of_mail_can_be_named(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMTP_CONFORMANCE_STORE_PASSWORD", "secret")
    place = SERVERS[name].store
    assert place
    with place(tmp_path) as spec:
        open_store(spec).close()


@pytest.mark.parametrize("name", ["tls-begins-for-ever", "tls-chain", "store-fifo"])
def test_the_suite_bears_it(name: str, tmp_path: Path) -> None:
    server, kind = SERVERS[name], EsmtpHostiles()
    home = build(server, tmp_path)
    options = (*kind.options(server), *FEW)
    run = meet(home, tmp_path / "results", LAUNCHED, *options, placeholders=kind.placeholders, place=server.store)
    assert kind.wrong(server, Trial(1, 7, LAUNCHED), run) == []


def test_the_page_says_whom_it_does_not_tell_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proof.run.commit", lambda: "abc1234")
    kind, fine = EsmtpHostiles(), Shown(0, 40.0, True)
    rows = [Row(one, {Trial(1, 7, way): fine for way in kind.ways}) for one in SERVERS.values() if one.store]
    told = kind.below(rows)[-1]
    assert told.startswith("The suite is that of commit abc1234. Not met this time: silent, ")
    assert "store-fifo" not in told


def test_one_that_breaks_nothing_may_conform_and_one_that_breaks_something_may_not() -> None:
    kind, trial = EsmtpHostiles(), Trial(1, 7, LAUNCHED)
    fine = Shown(0, 40.0, True)
    assert kind.wrong(SERVERS["store-fifo"], trial, fine) == []
    assert kind.wrong(SERVERS["tls-stalls"], trial, fine) == ["exit status 0", "blamed nothing, not tls.220"]
    assert kind.wrong(SERVERS["silent"], trial, fine) == ["exit status 0"]
    left = Shown(1, 40.0, True, printed="INTERNALERROR> x", left=2)
    assert kind.wrong(SERVERS["store-fifo"], trial, left) == [
        "the suite itself went wrong",
        "2 processes are left behind",
    ]
