"""The ledger and the cases belong together: every case names its rules, and every rule has its cases."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest

import conformance
from conformance import profile as profiles
from conformance.harness.run import planning
from conformance.harness.verdict.ledger import Ledger, Requirement
from conformance.harness.verdict.ledger import load as read_ledger
from conformance.harness.verdict.verdict import Record
from conformance.profile import Profile

PACKAGE = Path(conformance.__file__).parent
NAMES = [point.name for point in profiles.OWN]
FILES = sorted(path for name in NAMES for path in (PACKAGE / name).glob("test_*.py"))
LEDGERS = {name: profiles.find(name).ledger(profiles.find(name).usual()) for name in NAMES}
SOURCES = [(name, path) for name in NAMES for path in sorted((PACKAGE / name).rglob("*.py"))]
ENGINE = sorted(path for path in PACKAGE.rglob("*.py") if not {*path.parts} & {*NAMES})


class Gatherer:
    """A plugin that keeps what pytest collects."""

    items: list[pytest.Item]

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.items = list(session.items)


@pytest.fixture(scope="module", params=NAMES)
def profile(request: pytest.FixtureRequest) -> Profile:
    """Each profile of the suite."""
    return profiles.find(request.param)


@pytest.fixture
def rules(profile: Profile) -> Ledger:
    """Its requirements."""
    return LEDGERS[profile.name]


@pytest.fixture(scope="module")
def cases(profile: Profile) -> list[pytest.Function]:
    """Every case of a profile, collected as a run would."""
    gatherer = Gatherer()
    quiet = ["--collect-only", "-p", "no:terminal", "-p", "conformance.plugin", "-c", str(PACKAGE / "suite.ini")]
    status = pytest.main([*quiet, "--profile", profile.name, str(PACKAGE)], plugins=[gatherer])
    assert status == pytest.ExitCode.OK
    return [item for item in gatherer.items if isinstance(item, pytest.Function)]


def judged(item: pytest.Item) -> tuple[str, ...]:
    """The ids that a case judges."""
    marker = item.get_closest_marker("judges")
    return marker.args if marker else ()


# Cases


def test_every_case_judges_something(cases: list[pytest.Function]) -> None:
    assert [item.nodeid for item in cases if not judged(item)] == []


def test_every_case_names_only_known_requirements(cases: list[pytest.Function], rules: Ledger) -> None:
    unknown = {(item.nodeid, name) for item in cases for name in judged(item) if name not in rules}
    assert unknown == set()


def test_no_case_names_a_requirement_twice(cases: list[pytest.Function]) -> None:
    assert [item.nodeid for item in cases if len(set(judged(item))) != len(judged(item))] == []


def test_every_requirement_has_a_case(cases: list[pytest.Function], rules: Ledger) -> None:
    orphans = set(rules) - {name for item in cases for name in judged(item)}
    assert orphans == set(), f"no case judges {', '.join(sorted(orphans))}"


def test_every_must_and_should_is_the_main_requirement_of_a_case_or_found_beside_one(
    cases: list[pytest.Function], profile: Profile, rules: Ledger
) -> None:
    """A rule that is only ever second is judged only where the first one holds: then some code has to name it."""
    main = {judged(item)[0] for item in cases if judged(item)}
    own = [path for name, path in SOURCES if name == profile.name]
    named = {text for path in own for text in texts(ast.parse(path.read_text()))}
    assert set(rules) - main - named == set()


def test_every_case_has_a_docstring(cases: list[pytest.Function]) -> None:
    assert [item.nodeid for item in cases if not (item.function.__doc__ or "").strip().endswith(".")] == []


def test_no_two_cases_have_the_same_id(cases: list[pytest.Function]) -> None:
    doubled = [name for name, count in Counter(map(planning.case_id, cases)).items() if count > 1]
    assert doubled == []


def test_the_first_requirement_is_the_main_one(cases: list[pytest.Function], rules: Ledger) -> None:
    for item in cases:
        plan = planning.plan_of(item)
        assert plan.requirements == judged(item)
        record = Record(plan.id, plan.title, plan.requirements, rules).result("")
        main = rules[judged(item)[0]]
        assert (record.section, record.level) == (main.section, main.level)


def test_a_control_changes_only_parameters_of_its_case(cases: list[pytest.Function]) -> None:
    odd = []
    for item in cases:
        marker = item.get_closest_marker("judges")
        control = marker.kwargs.get("control") if marker else None
        parameters = item.callspec.params if hasattr(item, "callspec") else {}
        if control is not None and (not control or not set(control) <= set(parameters)):
            odd.append(item.nodeid)
    assert odd == []


def test_a_control_is_not_the_case_itself(cases: list[pytest.Function]) -> None:
    same = []
    for item in cases:
        marker = item.get_closest_marker("judges")
        control = marker.kwargs.get("control") if marker else None
        if control and all(item.callspec.params[name] == value for name, value in control.items()):
            same.append(item.nodeid)
    assert same == [], "a case that is its own control can never be broken"


def test_the_marks_of_cases_can_be_held(cases: list[pytest.Function], profile: Profile) -> None:
    for item in cases:
        clock, taken, alone = (item.get_closest_marker(name) for name in ("clock", "places", "alone"))
        assert not (clock and alone), f"{item.nodeid} can't wait beside others and hold the server alone"
        if clock:
            assert isinstance(clock.args[0], int | float) and clock.args[0] > 0, item.nodeid
        if taken:
            least = 0 if item.get_closest_marker("conversations") else 1  # a search may take them as it needs them
            assert least <= taken.args[0] <= profile.kind.places, f"{item.nodeid} asks for more places than there are"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_file_of_cases_says_what_it_is_about(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text()))


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_case_sleeps_or_opens_a_socket_or_reads_by_an_expression(path: Path) -> None:
    """That is the work of what a case has in hand; a case only says what is sent and what must come."""
    tree = ast.parse(path.read_text())
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    called = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert not imported & {"re", "socket", "subprocess"} and "sleep" not in called


# Requirements that the code names


def texts(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def named_requirements(tree: ast.AST) -> Iterator[tuple[str, int, str]]:
    """The calls whose argument is the id of a requirement: their name, line and that id."""
    first = ("breach", "beside", "find", "find_if_judged", "Blocked", "Broken", "doubt", "given_up", "record_setup")
    position = {"expect": 1, **dict.fromkeys(first, 0)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        given = node.args[position[name] :] if name in position else []
        text = given[0].value if given and isinstance(given[0], ast.Constant) else None
        # What has a space is a reason: there are methods of these names that know the requirement themselves.
        if isinstance(text, str) and text and " " not in text:
            yield name, node.lineno, text


@pytest.mark.parametrize(("name", "path"), SOURCES, ids=lambda one: str(one).removeprefix(f"{PACKAGE}/"))
def test_the_code_names_only_known_requirements(name: str, path: Path) -> None:
    found = list(named_requirements(ast.parse(path.read_text())))
    assert [(line, id) for _, line, id in found if id not in LEDGERS[name]] == []


@pytest.mark.parametrize("path", ENGINE, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_the_engine_names_none(path: Path) -> None:
    assert list(named_requirements(ast.parse(path.read_text()))) == []


def test_a_case_records_only_what_it_judges(cases: list[pytest.Function], profile: Profile) -> None:
    """`case.find` says nothing where the case does not judge the requirement: then it is a slip."""
    slips = set()
    for path in (path for path in FILES if path.parent.name == profile.name):
        for function in ast.walk(ast.parse(path.read_text())):
            if isinstance(function, ast.FunctionDef) and function.name.startswith("test_"):
                own = {
                    name
                    for item in cases
                    if item.path == path and item.originalname == function.name
                    for name in judged(item)
                }
                found = named_requirements(function)
                slips |= {(path.name, line, name) for call, line, name in found if call == "find" and name not in own}
    assert slips == set()


# The ledger


@pytest.mark.parametrize(
    "requirement", [pytest.param(rule, id=f"{name}:{id}") for name in NAMES for id, rule in LEDGERS[name].items()]
)
def test_a_requirement_is_complete(requirement: Requirement) -> None:
    assert requirement.level in ("MUST", "SHOULD", "NOTE")
    assert requirement.rule.endswith(".")
    assert "\n" not in requirement.rule


def test_what_rests_on_others_rests_on_what_is_there_as_grave_and_never_on_itself(rules: Ledger) -> None:
    weight = {"MUST": 2, "SHOULD": 1, "NOTE": 0}

    def bases(id: str, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
        for base in rules[id].rests_on.split():
            yield (*path, id, base)
            if base not in path:
                yield from bases(base, (*path, id))

    ways = [way for id in rules for way in bases(id)]
    assert [way for way in ways if way[-1] in way[:-1]] == []
    assert [way for way in ways if weight[rules[way[-1]].level] < weight[rules[way[-2]].level]] == []


def test_sections_stand_together(rules: Ledger) -> None:
    sections = [requirement.section for requirement in rules.values()]
    assert len([name for name, _ in groupby(sections)]) == len(set(sections))


def ledger_file(folder: Path, *rows: str, name: str = "ledger.toml") -> Path:
    path = folder / name
    path.write_text("".join(f"[[requirement]]\nsection = 'S'\nrule = 'R.'\n{row}\n" for row in rows))
    return path


def test_a_doubled_id_is_refused(tmp_path: Path) -> None:
    row = "id = 'twice'\nlevel = 'MUST'"
    with pytest.raises(ValueError, match="twice"):
        read_ledger(ledger_file(tmp_path, row, row))


def test_an_id_that_two_files_have_is_refused(tmp_path: Path) -> None:
    one, other = (
        ledger_file(tmp_path, "id = 'twice'\nlevel = 'MUST'", name=name) for name in ("one.toml", "other.toml")
    )
    with pytest.raises(ValueError, match=r"other\.toml: the id twice"):
        read_ledger(one, other)


@pytest.mark.parametrize("level", ["", "must", "MAY"])
def test_an_unknown_level_is_refused(tmp_path: Path, level: str) -> None:
    with pytest.raises(ValueError, match="odd"):
        read_ledger(ledger_file(tmp_path, f"id = 'odd'\nlevel = '{level}'"))


def test_the_ledger_keeps_its_order(tmp_path: Path) -> None:
    rows = [f"id = '{name}'\nlevel = 'NOTE'" for name in ("z", "a", "m")]
    assert list(read_ledger(ledger_file(tmp_path, *rows))) == ["z", "a", "m"]


def test_files_that_go_on_with_each_other_are_one_ledger(tmp_path: Path) -> None:
    files = [ledger_file(tmp_path, f"id = '{name}'\nlevel = 'NOTE'", name=f"{name}.toml") for name in ("z", "a")]
    assert list(read_ledger(*files)) == ["z", "a"]
