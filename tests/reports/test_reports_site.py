"""The site: what its pages say, that every link in it leads somewhere, and that it is HTML whatever a server sent."""

import json
import re
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import html5lib
import pytest

from proof.kinds.real import LABEL
from proof.real.reasons import KINDS, REASONS
from reports import grouping, matrix, reasons, servers, site
from reports.__main__ import main
from reports.results import Entry, Finding, Requirement, Results
from tests.reports.attacks import attacked

REASON = (
    '[[reason]]\nserver = "ben"\nrequirement = "mail.nested"\nkind = "defended"\ntext = "Its manual <b>says</b> so."\n'
)
SAID = {
    "greeting": {"source": "RFC 5321 4.3.1, 3.1", "strength": "grammar"},
    "line.empty": {"source": "RFC 5321 appendix F.3", "strength": "SHOULD"},
    "mail.nested": {"source": "RFC 5321 4.1.4", "strength": "MUST", "cve": "CVE-2023-51764, CVE-2024-27305"},
    "mail.ok": {"source": "RFC 5321 4.1.1.2", "disputed": "Some `null` senders are refused."},
    "mail.bad": {"source": "RFC 1870 6.1", "cve": "CVE-2023-51764"},
}
SIXTEEN, REQUIREMENTS = 16, 300
LARGEST = 1_000_000
"""Octets of a page of a site of sixteen servers."""


@pytest.fixture
def standard(document: Any) -> Any:
    """A run whose ledger says where its rules stand."""
    for rule in document["requirements"]:
        rule.update(SAID.get(rule["id"], {}))
    return document


@pytest.fixture
def runs(standard: Any, tmp_path: Path) -> list[Path]:
    """Two servers: ben breaks four rules, Ada & co the last two of them; ben has a version."""
    for name, kept in (("ben", 0), ("Ada & co", 2)):
        run = deepcopy(standard)
        broken = [rule for rule in run["requirements"] if rule["verdict"] == "fail"]
        for rule in broken[:kept]:
            rule["verdict"] = "pass"
        folder = tmp_path / "runs" / name / "round-1"
        folder.mkdir(parents=True)
        (folder / "results.json").write_text(json.dumps(run))
    label = tmp_path / "runs" / "ben" / "round-1" / LABEL
    label.write_text('name = "ben"\nversion = "1.2-3"\nabout = "Written in C."\n')
    return sorted((tmp_path / "runs").glob("*/round-1"))


Build = Callable[..., Path]


@pytest.fixture
def build(runs: list[Path], tmp_path: Path) -> Build:
    """Write a site by the command, and give its folder."""

    def build_(*given: Path, options: tuple[str, ...] = ()) -> Path:
        folder = tmp_path / "site"
        assert main(["site", *map(str, given or runs), *options, "-o", str(folder)]) == 0
        return folder

    return build_


def text_of(page: Path) -> str:
    """What a reader reads there, with single spaces."""
    body = html5lib.parse(page.read_text(), namespaceHTMLElements=False).find("body")
    for script in body.findall("script"):
        body.remove(script)
    return re.sub(r" ([,.:])(?= |$)", r"\1", " ".join(" ".join(body.itertext()).split()))


def check(folder: Path) -> int:
    """Hold every page against the grammar of HTML, and follow every link; gives how many there were."""
    pages = {}
    for path in folder.rglob("*.html"):
        parser = html5lib.HTMLParser(namespaceHTMLElements=False)
        pages[path] = parser.parse(path.read_text())
        assert parser.errors == [], path
    ids = {path: [one.get("id") for one in tree.iter() if one.get("id")] for path, tree in pages.items()}
    assert [path for path, found in ids.items() if len(set(found)) < len(found)] == []
    links = [(path, one.get("href")) for path, tree in pages.items() for one in tree.iter() if one.get("href")]
    for path, link in links:
        parts = urlsplit(link)
        assert not parts.scheme and not parts.netloc, link
        target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
        assert target.is_relative_to(folder) and target.is_file(), f"{path}: {link}"
        assert not parts.fragment or unquote(parts.fragment) in ids[target], f"{path}: {link}"
    assert not any(one.get("src") for tree in pages.values() for one in tree.iter())
    return len(links)


# All pages


def test_every_link_leads_somewhere(build: Build, standard: Any) -> None:
    folder = build()
    assert check(folder) > 4 * len(standard["requirements"])
    assert {path.name for path in folder.iterdir()} == {
        "index.html", "subjects.html", "cve.html", "style.css", "servers", "rules",
    }  # fmt: skip
    assert {path.name for path in (folder / "servers").iterdir()} == {"ben.html", "Ada_co.html"}


def test_whatever_a_server_sent_and_is_called_it_is_html(build: Build, runs: list[Path], standard: Any) -> None:
    for rule in standard["requirements"]:
        rule.update(dict.fromkeys(("source", "strength", "disputed", "cve"), "RFC 1 <b>`</b>`</script> CVE-2020-1234"))
    for path in runs:
        (path / "results.json").write_text(json.dumps(attacked(standard)))
    name = json.dumps("../<script>main\u202e")
    (runs[1] / LABEL).write_text(f"name = {name}\nversion = {name}\nabout = {name}\n")
    folder = build()
    check(folder)
    whole = "".join(path.read_text() for path in folder.rglob("*.html"))
    assert "<script>document" not in whole and "<img" not in whole and "\u202e" not in whole


def test_pages_say_nothing_of_the_machine_that_the_runs_were_made_on(build: Build, standard: Any) -> None:
    command, address = standard["target"]["command"].partition(" ")[0], standard["target"]["address"]
    whole = "".join(path.read_text() for path in build().rglob("*.html"))
    assert "conformance --profile" in whole and command not in whole and address not in whole


def test_a_site_of_sixteen_servers_stays_small(results: Results, tmp_path: Path) -> None:
    rules = tuple(replace(results.requirements[at % 13], id=f"rule.{at}") for at in range(REQUIREMENTS))
    run = replace(results, requirements=rules)
    many = [servers.reduced(servers.Label(f"server {at}"), f"server-{at}", run, {}) for at in range(SIXTEEN)]
    told = site.site(many, reasoned=False)
    sizes = {name: len(text) for name, text in site.pages(told)}
    assert len(sizes) == 1 + 1 + SIXTEEN + REQUIREMENTS
    assert max(sizes.values()) < LARGEST


# The matrix


def test_the_entrance_has_servers_with_version_and_day_and_the_sections_of_the_rfcs(build: Build) -> None:
    folder = build()
    text = text_of(folder / "index.html")
    assert "Conformance of 2 servers" in text
    assert "ben 1.2-3 2026-01-31" in text and "round-1" not in text
    groups = re.findall(r'rowgroup">([^<]+)', (folder / "index.html").read_text())
    assert groups[:5] == ["RFC 5321 4.1", "RFC 5321 4.3", "RFC 5321 appendix F.3", "Greeting and lines", "RFC 1870 6.1"]
    subjects = re.findall(r'rowgroup">([^<]+)', (folder / "subjects.html").read_text())
    assert subjects[:2] == ["Greeting and lines", "Commands"]


def test_a_cell_leads_to_its_server_on_the_page_of_its_requirement(build: Build) -> None:
    index = (build() / "index.html").read_text()
    assert '<td class="fail"><a href="rules/mail.nested.html#ben" aria-label="fail">F</a>' in index
    assert '<td class="pass"><a href="rules/mail.nested.html#Ada_co" aria-label="pass">' in index


def test_without_rfcs_there_is_the_ledgers_grouping_alone(build: Build, hostile: Path) -> None:
    folder = build(hostile)
    assert check(folder) and not (folder / "subjects.html").exists() and not (folder / "cve.html").exists()
    assert "Matrix" in text_of(folder / "index.html")


def test_sections_are_in_the_order_of_numbers() -> None:
    sources = ["RFC 5321 4.10", "RFC 5321 4.9.1", "RFC 1 2", "", "RFC 5321 appendix B", "RFC 5321 4.9, 1"]
    rules = tuple(Requirement(f"r{at}", "MUST", "Own", "", "pass", "", source) for at, source in enumerate(sources))
    told = grouping.by_rfc(matrix.Column("one", "", rules=rules))
    assert [(rule.id, rule.section) for rule in told.rules] == [
        ("r1", "RFC 5321 4.9"), ("r5", "RFC 5321 4.9"), ("r0", "RFC 5321 4.10"), ("r4", "RFC 5321 appendix B"),
        ("r2", "RFC 1 2"), ("r3", "Own"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("verdicts", "told"),
    [
        (("pass", "fail"), "fail"),
        (("warn", "blocked"), "warn"),
        (("pass", "blocked"), "blocked"),
        (("skip", "pass"), "pass"),
        (("skip", "skip"), "skip"),
    ],
)
def test_a_vulnerability_has_the_worst_of_what_it_came_of(verdicts: tuple[str, ...], told: str) -> None:
    rules = tuple(Requirement(f"r{at}", "MUST", "S", "", one, "", cve="CVE-2020-1") for at, one in enumerate(verdicts))
    rules = tuple(replace(rule, cve="CVE-2020-12345, CVE-2020-1234") for rule in rules)
    cells = {rule.id: matrix.Cell(rule.verdict, rule.id) for rule in rules}
    found = grouping.by_cve(matrix.Column("one", "", rules=rules, cells=cells))
    assert [rule.id for rule in found.rules] == ["CVE-2020-1234", "CVE-2020-12345"]
    assert {cell.verdict for cell in found.cells.values()} == {told}
    assert rules[int(found.cells["CVE-2020-1234"].link[1:])].verdict == told


def test_a_vulnerability_is_told_with_what_it_came_of(build: Build) -> None:
    text = text_of(build() / "cve.html")
    assert "2 servers and 2 CVEs" in text
    assert "What they came of CVE-2023-51764 mail.nested, mail.bad CVE-2024-27305 mail.nested" in text


# A server


def test_a_servers_page_has_what_is_broken_first_and_why(build: Build, tmp_path: Path) -> None:
    (tmp_path / "reasons.toml").write_text(REASON)
    text = text_of(build(options=("--reasons", str(tmp_path / "reasons.toml"))) / "servers" / "ben.html")
    places = [text.index(word) for word in ("1.2-3 ben Written in C.", "Broken", "Warned", "All requirements")]
    assert places == sorted(places)
    broken, warned = text[places[1] : places[2]], text[places[2] : places[3]]
    assert "fail mail.nested MUST, RFC 5321 4.1.4" in broken and "warn line.empty SHOULD" in warned
    assert "defended Its manual <b>says</b> so." in broken
    assert "Nobody has looked at this yet." in warned
    assert "Why servers differ: Some null senders are refused." in broken
    assert "503 5.5.1 Error: nested MAIL command" in broken and "this is wrong" in broken
    assert "python -m conformance --profile cs4410 --target HOST:PORT --seed 7 'cs4410/" in broken


@pytest.mark.parametrize(("actual", "told"), [("221 bye", 1), ("no Return-Path", 0)])
def test_what_no_line_shows_was_not_sent_with_the_farewell(actual: str, told: int, results: Results) -> None:
    case = next(case for case in results.cases if case.verdict == "fail")
    bye = (Entry(1.0, "->", "QUIT\r\n"), Entry(2.0, "<-", "221 bye\r\n"))
    shown = replace(case, findings=(Finding("mail.nested", "fail", "", "one", actual),), transcript=bye)
    server = servers.reduced(servers.Label("x"), "x", replace(results, cases=(shown,)), {})
    pages = dict(site.pages(site.site([server], reasoned=False)))
    assert pages["rules/mail.nested.html"].count("<dt>sent") == told


def test_without_reasons_nobody_was_to_look(build: Build) -> None:
    assert "Nobody has looked" not in text_of(build() / "servers" / "ben.html")


# A requirement


def test_a_requirements_page_says_the_rule_where_it_stands_and_who_breaks_it(build: Build) -> None:
    folder = build()
    text = text_of(folder / "rules" / "mail.nested.html")
    told = "A second MAIL is answered with 503 5.5.1 Error: nested MAIL command, and the first sender stays."
    assert f"Commands mail.nested {told} where RFC 5321 4.1.4 level MUST: a breach fails." in text
    assert "The text itself says MUST, MUST NOT or REQUIRED." in text
    assert "CVE CVE-2023-51764, CVE-2024-27305" in text
    assert "1 of 2 servers breaks it fail ben pass Ada & co" in text
    assert text.index("this is wrong") < text.index("The others pass Ada & co")
    text = text_of(folder / "rules" / "mail.ok.html")
    assert "why servers differ Some null senders are refused." in text


def test_what_is_not_judged_has_its_reason(build: Build) -> None:
    text = text_of(build() / "rules" / "time.invalid.html")
    assert "No server breaks it skip Ada & co, ben" in text
    assert "skip ben 1.2-3 --quick leaves clocks out" in text


def test_neighbours_are_a_link_away(build: Build, standard: Any) -> None:
    first, second, third = (rule["id"] for rule in standard["requirements"][:3])
    page = (build() / "rules" / f"{second}.html").read_text()
    assert f'href="../rules/{first}.html" rel="prev"' in page and f'href="../rules/{third}.html" rel="next"' in page


# Runs and reasons


def test_the_newest_run_of_a_server_counts(runs: list[Path], standard: Any, tmp_path: Path) -> None:
    paths = []
    for day, folder in ((3, "a"), (5, "b"), (4, "c")):
        path = tmp_path / "rounds" / folder
        path.mkdir(parents=True)
        (path / "results.json").write_text(json.dumps({**standard, "started": f"2026-02-0{day}T12:00:00Z"}))
        (path / LABEL).write_text('name = "one"\n')
        paths.append(path)
    [server] = servers.read(paths, {})
    assert (server.day, server.file, server.label) == ("2026-02-05", "one", servers.Label("one"))


def test_runs_of_two_profiles_make_no_site(
    runs: list[Path], standard: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (runs[0] / "results.json").write_text(json.dumps({**standard, "profile": "rfc5321"}))
    assert main(["site", *map(str, runs), "-o", str(tmp_path / "site")]) == 4
    assert "several profiles (cs4410, rfc5321)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("file", "text", "why"),
    [
        (LABEL, "nam = 'x'", "nam is no key"),
        (LABEL, "version = 3", "version must be text"),
        ("reasons.toml", REASON + REASON, "there are two reasons for ben and mail.nested"),
        ("reasons.toml", REASON.replace("defended", "odd"), "kind must be one of breach, defended, false"),
        ("reasons.toml", "[[reason", "cannot read the reasons"),
    ],
)
def test_a_wrong_file_is_told_in_a_line(
    file: str, text: str, why: str, runs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (runs[0] / file).write_text(text)
    options = ("--reasons", str(runs[0] / file)) if file == "reasons.toml" else ()
    assert main(["site", str(runs[0]), *options, "-o", str(tmp_path / "site")]) == 4
    error = capsys.readouterr().err
    assert why in error and error.count("\n") == 1 and not (tmp_path / "site").exists()


def test_the_reasons_of_real_servers_can_be_read() -> None:
    told = reasons.load(REASONS)
    assert told["smtp-sink", "args.data"] == told["smtp-sink", "args.missing"]
    assert told["postfix", "line.bare-lf"].kind == "breach" and tuple(reasons.KINDS) == KINDS
    assert servers.LABEL == LABEL


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("postfix", "postfix-2"),
        ("../x", "x"),
        ("\u00e4", "unnamed"),
        ("Main", "Main-2"),
        ("a b", "a_b"),
        (".", "unnamed"),
    ],
)
def test_an_address_is_safe_and_nobody_elses(name: str, address: str) -> None:
    taken = {"postfix", "main"}
    assert servers.address(name, taken) == address
    assert servers.address(name, taken) != address
