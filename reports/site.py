"""A static site of many runs: the matrix by several groupings, a page for each server, and one for each requirement."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reports import grouping, template
from reports.conversation import Turn
from reports.escape import sentence, typed
from reports.matrix import LETTERS
from reports.page import LEGEND, CaseView, bars
from reports.reasons import KINDS
from reports.results import VERDICTS, Case, Requirement
from reports.servers import Server, Shown, address
from reports.summary import counted, few
from reports.views import View, page_of, views

LEVELS = {
    "MUST": "a breach fails.",
    "SHOULD": "a breach warns, and the server conforms all the same.",
    "NOTE": "what servers do is observed, and never judged.",
}
STRENGTHS = {
    "MUST": "The text itself says MUST, MUST NOT or REQUIRED.",
    "SHOULD": "The text itself says SHOULD or SHOULD NOT.",
    "MAY": "The text itself says MAY.",
    "grammar": "The text itself says so in plain words or by its grammar, without a word in capitals.",
    "silent": "The text itself says nothing of it.",
}
_STYLE = "style.css"


@dataclass(frozen=True)
class Site:
    """What all pages know.

    Attributes:
        servers: the servers, by name.
        ledger: all their requirements.
        rules: the address of each requirement's page.
        views: the groupings of the matrix.
        kinds: what the kinds of reasons mean, if there are any: then one that is missing is worth a word.
    """

    servers: Sequence[Server]
    ledger: Mapping[str, Requirement]
    rules: Mapping[str, str]
    views: Sequence[View]
    kinds: Mapping[str, str]

    legend = LEGEND
    letters = LETTERS

    @property
    def profile(self) -> str:
        """What all were judged by."""
        return self.servers[0].profile

    @property
    def days(self) -> str:
        """When they were judged."""
        days = sorted({server.day for server in self.servers})
        return " to ".join(sentence(day) for day in dict.fromkeys((days[0], days[-1])))

    @property
    def verdicts(self) -> list[str]:
        """Those that any requirement has."""
        return [word for word in VERDICTS if any(server.counts[word] for server in self.servers)]

    @property
    def sorted(self) -> list[Server]:
        """The servers in the order of the matrix: those with most broken first."""
        places = {column.page: place for place, column in enumerate(self.views[0].matrix.columns)}
        return sorted(self.servers, key=lambda server: places[page_of(server)])

    @staticmethod
    def sections(server: Server) -> dict[str, list[Requirement]]:
        """A server's requirements by the ledger's sections."""
        found: dict[str, list[Requirement]] = {}
        for rule in server.rules:
            found.setdefault(rule.section, []).append(rule)
        return found


def site(servers: Sequence[Server], *, reasoned: bool) -> Site:
    """Lay out a site.

    Args:
        servers: at least one.
        reasoned: whether a file of reasons was given.
    """
    ledger = {rule.id: rule for server in servers for rule in server.rules}
    taken: set[str] = set()
    rules = {id: f"rules/{address(id, taken)}.html" for id in ledger}
    return Site(servers, ledger, rules, tuple(views(servers, ledger, rules)), KINDS if reasoned else {})


def pages(told: Site) -> Iterator[tuple[str, str]]:
    """Write the files of a site, one at a time.

    Yields:
        The address of each within the site, and what it holds.
    """
    yield _STYLE, template.asset(_STYLE) + template.asset("site.css")
    for view in told.views:
        yield view.file, _page("matrix", told, view.file, script="matrix", view=view)
    for server in told.servers:
        yield page_of(server), _page("server", told, page_of(server), server=server)
    rules = list(told.ledger.values())
    for before, rule, after in zip([None, *rules], rules, [*rules[1:], None], strict=False):
        yield told.rules[rule.id], _rule_page(told, rule, before, after)


def write(told: Site, folder: Path) -> int:
    """Write a site into a folder, which is made if it is not there.

    Returns:
        How many files it has.

    Raises:
        OSError: it cannot be written.
    """
    count = 0
    for name, text in pages(told):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        count += 1
    return count


def _rule_page(told: Site, rule: Requirement, before: Requirement | None, after: Requirement | None) -> str:
    having = [(server, server.shown[rule.id]) for server in told.servers if rule.id in server.shown]
    by_verdict: dict[str, list[tuple[Server, Shown]]] = {word: [] for word in VERDICTS}
    for server, shown in having:
        by_verdict[shown.rule.verdict].append((server, shown))
    return _page(
        "rule",
        told,
        told.rules[rule.id],
        rule=rule,
        having=having,
        by_verdict={word: pairs for word, pairs in by_verdict.items() if pairs},
        broken=by_verdict["fail"] + by_verdict["warn"],
        others=[pair for word in ("note", "pass", "blocked", "skip") for pair in by_verdict[word]],
        cves=list(grouping.cves([rule])),
        before=before,
        after=after,
        levels=LEVELS,
        strengths=STRENGTHS,
    )


def _page(name: str, told: Site, file: str, *, script: str = "site", **values: object) -> str:
    root = "../" * file.count("/")
    return template.page(
        f"site_{name}",
        script=script,
        stylesheet=root + _STYLE,
        site=told,
        here=file,
        root=root,
        bars=bars,
        counted=counted,
        viewed=_viewed,
        sent=_sent,
        few=_few,
        **values,
    )


def _few(ids: Sequence[str]) -> str:
    return few(ids, lambda id: typed(id.partition("::")[2] or id))


def _viewed(case: Case | None) -> CaseView | None:
    return CaseView(case, ()) if case else None


def _sent(view: CaseView | None) -> Turn | None:
    """What was sent before the line that is wrong, if one is."""
    # What is wrong with a header that was delivered, say, is no answer to the client's farewell.
    return view.sent if view and any(turn.wrong and turn.stamp for turn in view.turns) else None
