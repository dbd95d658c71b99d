"""Real servers: their recipes are sane, one of them serves, and the page says what was found, and why."""

from __future__ import annotations

import smtplib
import sys
import time
import tomllib
from pathlib import Path

import pytest

from conformance.rfc5321.profile import PROFILE
from proof import __main__ as command
from proof.choice import ChoiceError
from proof.kind import Row, Trial
from proof.kinds.real import LABEL, Judged, Reals
from proof.real import SECTIONS, reasons, running
from proof.real.reasons import Reason, ReasonError
from proof.real.recipe import DOMAIN, RECIPIENT, Place, Recipe, version
from proof.real.roles import PASSWORD, SUBMISSION
from proof.real.sources import Standard
from proof.run import PROJECT
from proof.servers.edit import InstallError, build

RECIPES = {one.name: one for section in SECTIONS.values() for one in section}
FIRST, SECOND = Trial(1, 7), Trial(2, 8)
ARRIVES_WITHIN = 30.0
MESSAGE = "Subject: It arrives\r\n\r\nA marker.\r\n"
SCRIPT = """\
import socket, sys
with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as server:
    while True:
        client = server.accept()[0]
        client.sendall(b"554 not here\\r\\n")
        client.close()
"""


# Recipes


def test_each_has_a_name_of_its_own_that_is_a_host_name() -> None:
    servers = [one.name for section in SECTIONS.values() for one in section]
    assert len(set(servers)) == len(servers)
    assert [name for name in servers if not name.replace("-", "").isalnum() or name != name.lower()] == []


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_each_is_told_its_port_and_where_its_mail_goes(recipe: Recipe) -> None:
    said = " ".join([*recipe.words, recipe.prepare, *recipe.files.values()])
    assert "@PORT@" in said and "@MAIL@" in said
    assert recipe.store.partition(":")[0] in ("maildir", "mbox", "dir", "imap")
    assert recipe.about.endswith(".") and "\n" not in recipe.about


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_nothing_is_left_open_in_what_it_is_started_with(recipe: Recipe, tmp_path: Path) -> None:
    place = Place(recipe.name, tmp_path / "home", tmp_path / "folder", 2525)
    words = recipe.source.command(place, recipe.files, recipe.prepare, recipe.words)
    written = [path.read_text() for path in place.folder.rglob("*") if path.is_file()]
    assert [text for text in (*words, *written) if "@PORT@" in text or "@MAIL@" in text or "@HO" in text] == []


def test_the_suite_reads_the_password_that_the_servers_know() -> None:
    path = SUBMISSION[SUBMISSION.index("--password-file") + 1]
    assert (PROJECT / path).read_text().splitlines() == [PASSWORD]


# Reasons


def test_the_reasons_are_about_servers_and_requirements_that_there_are() -> None:
    ledger = PROFILE.ledger(PROFILE.usual())
    assert ledger
    assert [reason for reason in reasons.load().values() if reason.requirement not in ledger] == []
    assert [reason for reason in reasons.load().values() if reason.server not in RECIPES] == []


ONE = '[[reason]]\nserver = "a"\nrequirement = "b"\nkind = "breach"\ntext = "It does."\n'


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (ONE + ONE, "two reasons"),
        (ONE.replace("breach", "odd"), "one of breach"),
        (ONE.replace("It does.", " "), "one line"),
        (ONE.replace("text", "txt"), "reason 1"),
    ],
)
def test_a_wrong_file_of_reasons_is_refused(text: str, why: str, tmp_path: Path) -> None:
    path = tmp_path / "reasons.toml"
    path.write_text(text)
    with pytest.raises(ReasonError, match=why):
        reasons.load(path)


def test_a_reason_may_be_that_of_several_servers(tmp_path: Path) -> None:
    path = tmp_path / "reasons.toml"
    path.write_text(ONE.replace('"a"', '["a", "c"]'))
    assert list(reasons.load(path)) == [("a", "b"), ("c", "b")]


# What came of a run

KNOWN = {
    reason.about: reason
    for reason in (
        Reason("postfix", "line.cut", "defended", "Its manual says so."),
        Reason("postfix", "line.long", "false", "It keeps it."),
    )
}


def row(name: str, *rounds: dict[str, str]) -> Row[Recipe, Judged]:
    runs = [
        Judged(1, 9.6, True, {id: ["x"] for id, one in found.items() if one in ("fail", "warn")}, "", "1.0", found)
        for found in rounds
    ]
    return Row(RECIPES[name], dict(zip((FIRST, SECOND), runs, strict=False)))


def test_a_finding_with_a_reason_is_as_it_should_be() -> None:
    assert Reals(KNOWN).faults(row("postfix", {"line.cut": "fail", "line.fits": "pass"})) == []


@pytest.mark.parametrize(
    ("rounds", "faults"),
    [
        ([{"line.fits": "warn"}], ["line.fits: not looked at yet"]),
        ([{"line.long": "fail"}, {"line.long": "fail"}], ["line.long: a false accusation"]),
        ([{"line.cut": "fail"}, {"line.cut": "pass"}], ["line.cut: fail or pass"]),
        ([{"line.fits": "blocked"}, {"line.fits": "pass"}], ["line.fits: blocked or pass"]),
    ],
)
def test_what_is_not_as_it_should_be_is_said_once(rounds: list[dict[str, str]], faults: list[str]) -> None:
    assert Reals(KNOWN).faults(row("postfix", *rounds)) == faults


def test_a_server_without_a_verdict_is_said() -> None:
    silent = Row(RECIPES["exim"], {FIRST: Judged(6, 0.0, True, printed="exim does not greet", version="4.96")})
    assert Reals(KNOWN).faults(silent) == ["no verdict, exit status 6 after 0 s: exim does not greet"]
    assert "\nno verdict, exit status 6" in Reals(KNOWN).page([silent])


def test_the_page_has_the_requirements_that_any_of_them_broke_and_why() -> None:
    rows = [
        row("postfix", {"line.cut": "fail", "line.fits": "pass", "line.odd": "pass"}),
        row("exim", {"line.cut": "blocked", "line.fits": "warn", "line.odd": "note"}),
    ]
    page = Reals(KNOWN).page(rows)
    assert "| requirement | postfix 1.0 | exim 1.0 |\n" in page
    assert "| `line.cut` | fail | – |\n| `line.fits` |  | warn |\n\nNot judged this time: opensmtpd, sendmail, " in page
    assert page.index("Not judged this time") < page.index("## Smuggling") < page.index("## postfix")
    assert f"\n\n## postfix\n\n{RECIPES['postfix'].about} Judged in 3 of 3 requirements, once.\n" in page
    assert f"{RECIPES['exim'].about} Judged in 2 of 3 requirements, once.\n" in page
    assert "- `line.cut` (fail), defended: Its manual says so.\n" in page
    assert "- `line.fits` (warn), not looked at yet\n" in page
    assert "line.odd" not in page and "LMTP and submission" not in page
    assert "2 servers, 2 runs, 2 findings: 0 breach, 1 defended, 0 false, 1 not looked at yet." in page


def test_a_run_says_what_its_server_is(tmp_path: Path) -> None:
    Reals(KNOWN).label(RECIPES["postfix"], tmp_path, Judged(1, 9.6, True, version='3.7 "deb"'))
    told = tomllib.loads((tmp_path / LABEL).read_text())
    assert told == {"name": "postfix", "version": '3.7 "deb"', "about": RECIPES["postfix"].about}


def test_servers_in_other_roles_have_a_table_of_their_own() -> None:
    rows = [row("postfix", {"line.cut": "fail"}), row("dovecot-lmtp", {"line.cut": "pass", "line.odd": "warn"})]
    page = Reals(KNOWN).page(rows)
    assert "| requirement | postfix 1.0 |\n" in page and "| requirement | dovecot-lmtp 1.0 |\n" in page
    assert "| `line.odd` | warn |\n" in page and page.count("| `line.cut` |") == 1
    assert page.index("## LMTP and submission") < page.index("## Smuggling") < page.index("## dovecot-lmtp")


def test_without_names_those_are_meant_that_are_installed(tmp_path: Path) -> None:
    with pytest.raises(ChoiceError, match="no server is installed yet"):
        Reals().usual(tmp_path)
    folder = tmp_path / "servers" / "postfix"
    folder.mkdir(parents=True)
    (folder / "installed.toml").write_text(f'version = "3"\nsource = "{RECIPES["postfix"].source.origin}"\n')
    assert Reals().usual(tmp_path) == ["postfix"]


# Starting


def test_a_server_starts_takes_a_message_and_is_gone(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "reference_server", "--protocol", "rfc5321", "--port", "@PORT@", "--directory"]
    recipe = Recipe("reference", Standard("asyncio"), [*words, "@MAIL@", "--domain", DOMAIN], "maildir:", "Python.")
    home = build(recipe, tmp_path / "servers")
    assert version(home)
    with running.running(recipe, home, tmp_path / "run") as server:
        host, _, port = server.target.partition(":")
        with smtplib.SMTP(host, int(port), "client.test") as client:
            client.sendmail("probe@client.test", [RECIPIENT], MESSAGE)
        deadline = time.monotonic() + ARRIVES_WITHIN
        while not (kept := list(server.place.mail.glob("new/*"))):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert b"A marker." in kept[0].read_bytes()
        pid = server.pid
    assert pid and not Path(f"/proc/{pid}").exists()
    assert not running.greets(server.place.port)


def test_one_that_does_not_greet_is_ended_and_its_log_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "START_LIMIT", 1.0)
    recipe = own("refuses", SCRIPT)
    with (
        pytest.raises(running.StartError, match="refuses does not greet"),
        running.running(recipe, build(recipe, tmp_path), tmp_path / "run"),
    ):
        pass


def test_one_that_dies_is_said_at_once(tmp_path: Path) -> None:
    recipe = own("dies", "raise SystemExit('no luck today')")
    with (
        pytest.raises(running.StartError, match="no luck today"),
        running.running(recipe, build(recipe, tmp_path), tmp_path / "run"),
    ):
        pass


def test_what_python_does_not_have_cannot_be_installed(tmp_path: Path) -> None:
    with pytest.raises(InstallError, match="has no smtpd_of_tomorrow"):
        build(Recipe("tomorrow", Standard("smtpd_of_tomorrow"), [], "dir:", ""), tmp_path)


def test_packages_of_debian_take_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert command.main(["real", "postfix", "--results", str(tmp_path)]) == command.UNFIT
    assert "take root" in capsys.readouterr().err


def own(name: str, script: str) -> Recipe:
    """A server of Python's standard library alone."""
    words = [sys.executable, "-W", "ignore", "server.py", "@PORT@", "@MAIL@"]
    return Recipe(name, Standard("asyncio"), words, "dir:", "Python.", files={"server.py": script})
