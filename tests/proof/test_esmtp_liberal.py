"""The liberal servers of the standard: each is another server, names what it may be warned of, and is left in peace."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from conformance.rfc5321.profile import PROFILE
from proof.choice import chosen
from proof.kind import Row, Trial
from proof.kinds.esmtp_liberal import EsmtpLiberals
from proof.run import Run
from proof.servers import liberal
from proof.servers.edit import SERVER, sources
from proof.servers.esmtp_liberal import SECTIONS
from proof.servers.esmtp_liberal.liberty import EsmtpLiberal
from proof.trials import try_all

LEDGER = PROFILE.ledger(PROFILE.usual())
SERVERS = [server for section in SECTIONS.values() for server in section]


@pytest.mark.parametrize("section", SECTIONS)
def test_each_edit_fits_and_makes_another_server(section: str) -> None:
    right = {path.name: path.read_text() for path in SERVER.glob("*.py")}
    assert [one.name for one in SECTIONS[section] if one.edits and sources(one) == right] == []


def test_names_are_plain_and_unique() -> None:
    names = [*(one.name for one in SERVERS), *SECTIONS]
    assert [name for name, count in Counter(names).items() if count > 1] == []
    assert [name for name in names if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)] == []
    assert len(SERVERS) >= 50 and set(SECTIONS) != set(liberal.SECTIONS)


def test_what_is_warned_of_is_known_and_named_once_and_has_a_reason() -> None:
    ids = {one.name: f"{one.warns} {one.may} {one.fails}".split() for one in SERVERS}
    assert [name for name, own in ids.items() if set(own) - set(LEDGER) or len(set(own)) < len(own)] == []
    assert [one.name for one in SERVERS[1:] if not one.why or one.why.endswith(".")] == []


def test_only_a_server_that_breaks_a_must_does_not_conform() -> None:
    assert [one.name for one in SERVERS if bool(one.fails) != bool(one.status)] == []


def test_what_it_is_not_warned_of_by_the_page_is_an_accusation() -> None:
    kind, first = EsmtpLiberals(), Trial(1, 7)
    server = EsmtpLiberal("some", warns="rcpt.100", may="conn.parallel")
    right = Run(0, 2.0, True, {"rcpt.100": ["a case"], "conn.parallel": ["another"]})
    wrong = Run(1, 4.0, True, {"mail.250": ["a case"]})
    assert kind.wrong(server, first, right) == []
    told = ["accused of mail.250", "not warned of rcpt.100", "exit status 1 after 4 s"]
    assert kind.wrong(server, first, wrong) == told
    cells = kind.cells(Row(server, {first: right, Trial(2, 8): wrong}))
    assert cells[:4] == ("some", "2", "1", "rcpt.100, conn.parallel, mail.250")


def test_a_server_is_met_with_its_own_recipients_and_options() -> None:
    options = EsmtpLiberals().options(EsmtpLiberal("some", recipients=("a@b.example",), options=("--tls", "starttls")))
    assert options[:4] == ("--profile", "rfc5321", "--recipient", "a@b.example")
    assert options[-2:] == ("--tls", "starttls")


@pytest.mark.parametrize("name", ["421-to-everyone", "554-to-everyone-and-a-close"])
def test_suite_leaves_it_in_peace(name: str, tmp_path: Path) -> None:
    kind = EsmtpLiberals()
    servers = chosen(kind.sections(), [name], None)
    (row,) = try_all(kind, servers, tmp_path, rounds=1, jobs=1, resume=False, progress=lambda said: None)
    assert kind.faults(row) == []
