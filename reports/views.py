"""The groupings of a site's matrix, each a page: by the sections of the RFCs, by subject, and by CVE."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from reports import grouping, template
from reports.escape import sentence
from reports.matrix import Cell, Column, Matrix, matrix
from reports.results import Requirement
from reports.servers import Server
from reports.summary import counted

_REQUIREMENTS = ("requirement", "requirements")
_VULNERABILITIES = ("vulnerability", "vulnerabilities")


@dataclass(frozen=True)
class View:
    """One grouping of the matrix.

    Attributes:
        file: its page.
        name: what the other pages call it.
        title, lead: the page's heading, and what stands below it.
        matrix: what it shows.
        nouns: what a row is, and what several are.
        links: the page, or the place in it, of each row.
        about: of rows that are no requirements, ids of requirements, and the rows that are made of just those.
    """

    file: str
    name: str
    title: str
    lead: str
    matrix: Matrix
    nouns: tuple[str, str]
    links: Mapping[str, str]
    about: Mapping[tuple[str, ...], Sequence[str]]


def page_of(server: Server) -> str:
    """The address of a server's page within the site."""
    return f"servers/{server.file}.html"


def views(servers: Sequence[Server], ledger: Mapping[str, Requirement], rules: Mapping[str, str]) -> Iterator[View]:
    """Group the matrix in every way that makes a difference; the first is the site's entrance.

    Args:
        servers: at least one.
        ledger: all their requirements.
        rules: the address of each requirement's page.
    """
    columns = [_column(server, rules) for server in servers]
    title = f"Conformance of {counted(len(servers), 'server')}"
    lead = (
        f"By the profile {sentence(servers[0].profile)}, in {counted(len(ledger), 'requirement')}. Each cell leads to "
        "the conversation that shows it."
    )
    view = partial(View, title=title, lead=lead, nouns=_REQUIREMENTS, links=rules, about={})
    if any(map(grouping.has_rfcs, columns)):
        yield view("index.html", "By RFC section", matrix=matrix(map(grouping.by_rfc, columns)))
        yield view("subjects.html", "By subject", matrix=matrix(columns))
    else:
        yield view("index.html", "Matrix", matrix=matrix(columns))
    if cves := grouping.cves(list(ledger.values())):
        about: dict[tuple[str, ...], list[str]] = {}
        for name, broken in cves.items():
            about.setdefault(tuple(rule.id for rule in broken), []).append(name)
        yield View(
            file="cve.html",
            name="By CVE",
            title=f"{counted(len(servers), 'server')} and {counted(len(cves), 'CVE')}",
            lead="Published vulnerabilities, each of which came of a breach of some requirement. A red cell says that "
            "the server breaks such a requirement, not that it is the one, or the version, that was reported.",
            matrix=matrix(map(grouping.by_cve, columns)),
            nouns=_VULNERABILITIES,
            links={name: template.link("about", name) for name in cves},
            about=about,
        )


def _column(server: Server, rules: Mapping[str, str]) -> Column:
    cells = {rule.id: Cell(rule.verdict, f"{rules[rule.id]}#{server.file}") for rule in server.rules}
    return Column(
        name=server.label.name,
        told=server.line,
        page=page_of(server),
        rules=tuple(server.rules),
        cells=cells,
        conforms=server.exit == 0,
        version=server.label.version,
    )
