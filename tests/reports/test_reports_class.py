"""A class: the roster, runs side by side that hang, die and cannot be reached, going on, and the scores."""

import csv
import io
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from reports import class_command
from reports.__main__ import main
from reports.classroom import Classroom, Ended
from reports.engines import Engine, Here
from reports.isolation import Isolation
from reports.results import ResultsError
from reports.roster import Entry, Roster, load_roster

PROJECT = Path(__file__).parents[2]
# A suite that does to each server what its address says; `test_three_real_servers` holds the real one.
SUITE = """
import json, os, pathlib, signal, sys, time
words = sys.argv[1:]
folder = pathlib.Path(words[words.index("--report") + 1])
what = words[words.index("--target") + 1].removesuffix(":1") if "--target" in words else "launch"
(folder / "began").write_text(repr(time.monotonic()))
def finish(status):
    (folder / "ended").write_text(repr(time.monotonic()))
    sys.exit(status)
if what.startswith("hang"):
    signal.signal(signal.SIGINT, signal.SIG_IGN if what == "hang-on" else lambda *_: finish(2))
    time.sleep(600)
if what == "die":
    os.kill(os.getpid(), signal.SIGKILL)
if what == "none":
    print("conformance: nothing listens there\\x1b[2J <b>")
    finish(6)
if what == "broken":
    (folder / "results.json").write_text("{")
    finish(0)
document = json.loads(pathlib.Path(HOSTILE).read_text())
document["outcome"]["notes"] += ["confine: ended, for it used more than 5 MiB of disk"] if what == "greedy" else []
document["outcome"]["exit"] = 0 if what.startswith("good") else 1
(folder / "results.json").write_text(json.dumps(document))
(folder / "options").write_text(json.dumps(words))
time.sleep(0.3)
finish(document["outcome"]["exit"])
"""


class Class:
    """A roster in a folder, tested by the suite above."""

    def __init__(self, folder: Path, hostile: Path) -> None:
        self.folder = folder
        self.suite = folder / "suite.py"
        self.suite.write_text(SUITE.replace("HOSTILE", repr(str(hostile))))
        self.told: list[Ended] = []
        self.planned: list[str] = []

    def roster(self, text: str, **servers: str) -> Path:
        entries = [f'[[server]]\nname = "{name}"\ntarget = "{what}:1"\n' for name, what in servers.items()]
        path = self.folder / "roster.toml"
        path.write_text("\n".join([text, *entries]))
        return path

    def run(self, text: str = "", *, fresh: bool = False, again: bool = False, **servers: str) -> Classroom:
        roster = load_roster(self.roster(text, **servers))
        self.told = []
        engine = self.engine(roster)
        suite = (str(self.suite),)
        room = Classroom(roster, self.folder / "out", engine, self.told.append, plan=self.plan, suite=suite)
        room.run(fresh, again)
        return room

    def engine(self, roster: Roster) -> Engine:
        return Here(Isolation(), roster.at_once)

    def plan(self, waiting: Sequence[Entry]) -> None:
        assert not [ended for ended in self.told if not ended.again], "it is told before any is tested"
        self.planned = [entry.name for entry in waiting]

    def moment(self, name: str, what: str) -> float:
        return float((self.folder / "out" / name / what).read_text())


@pytest.fixture
def lesson(tmp_path: Path, hostile: Path) -> Class:
    return Class(tmp_path, hostile)


def test_whatever_one_does_the_others_are_tested(lesson: Class, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reports.trial.PATIENCE", 0.5)
    what = ("hang-on", "die", "none", "broken", "good", "bad", "hang")
    servers: dict[str, Any] = dict(zip("abcdefg", what, strict=True))
    room = lesson.run("at_once = 7\nminutes = 0.05", **servers)
    told = {name: (ended.status, ended.told) for name, ended in room.ended.items()}
    assert told["a"] == told["g"] == (2, "given up after 0.05 minutes")
    assert told["b"] == (-9, "the suite ended with status -9")
    assert told["c"] == (6, r"nothing listens there\x1b[2J <b>")
    assert told["d"][0] == 3 and "is no JSON" in told["d"][1]
    assert (told["e"][0], told["f"][0]) == (0, 1)
    assert [name for name in servers if room.results(load_entry(room, name))] == ["e", "f"]


def load_entry(room: Classroom, name: str) -> Any:
    return room.ended[name].entry


def test_what_it_was_ended_for_is_told_with_its_verdict(lesson: Class) -> None:
    room = lesson.run(a="greedy", b="bad")
    assert room.ended["a"].told.endswith("; confine: ended, for it used more than 5 MiB of disk")
    assert "confine" not in room.ended["b"].told
    assert "more than 5 MiB of disk" in (lesson.folder / "out" / "a" / "report.html").read_text()


def test_a_server_that_cannot_be_copied_costs_only_itself(lesson: Class, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reports.lodging.MOST_FILES", 1)
    for name in ("big", "small"):
        (lesson.folder / name).mkdir()
        (lesson.folder / name / "server.py").write_text("")
    (lesson.folder / "big" / "more").write_text("")
    room = lesson.run('submissions = "*/server.py"\nlaunch = "python3 server.py {port}"')
    assert (room.ended["big"].status, room.ended["small"].status) == (4, 1)
    assert "more than 1 files" in room.ended["big"].told
    assert "more than 1 files" in (lesson.folder / "out" / "big" / "log.txt").read_text()


def test_no_more_at_once_than_the_bound(lesson: Class) -> None:
    lesson.run("at_once = 2", a="good1", b="good2", c="good3")
    assert lesson.moment("c", "began") > min(lesson.moment("a", "ended"), lesson.moment("b", "ended"))


def test_one_address_is_tested_by_one_at_a_time(lesson: Class) -> None:
    lesson.run("at_once = 3", a="good", b="good")
    assert lesson.moment("b", "began") > lesson.moment("a", "ended")


def test_it_goes_on_where_it_was(lesson: Class) -> None:
    """What has ended is taken as it was; other options, --again and --fresh are reasons to test it again."""
    servers: dict[str, Any] = {"a": "good", "b": "none", "c": "bad"}

    def tested(**options: Any) -> list[str]:
        lesson.run(**options, **servers)
        found = sorted(ended.entry.name for ended in lesson.told if not ended.again)
        assert found == lesson.planned
        return found

    assert tested() == ["a", "b", "c"]
    assert tested() == []
    assert tested(again=True) == ["b"]
    (lesson.folder / "out" / "a" / "results.json").unlink()
    assert tested() == ["a"]
    assert tested(fresh=True) == ["a", "b", "c"]
    assert tested(text='options = ["--quick"]') == ["a", "b", "c"]
    assert "--quick" in json.loads((lesson.folder / "out" / "a" / "options").read_text())


def test_a_submission_that_changed_is_tested_again(lesson: Class) -> None:
    (lesson.folder / "ada").mkdir()
    (lesson.folder / "ada" / "server.py").write_text("")
    text = '[[server]]\nname = "Ada"\ndirectory = "ada"\nlaunch = "python3 server.py -p {port}"\n'
    for change in (True, False, True):
        if change:
            (lesson.folder / "ada" / "server.py").write_text(f"# {time.monotonic()}")
        lesson.run(text)
        assert lesson.told[0].again is not change
    words = json.loads((lesson.folder / "out" / "Ada" / "options").read_text())
    assert "/server.py" in words[words.index("--launch") + 1]
    assert str(lesson.folder) not in words[words.index("--launch") + 1]
    assert words[words.index("--shown-as") + 1] == "python3 server.py -p {port}"
    assert "confine.py" in words[words.index("--wrap") + 1]


def test_parts_are_put_together_wherever_they_were_tested(lesson: Class) -> None:
    """Each machine has a copy of the class; what they have written is in one folder at last, and nothing is tested."""
    names = ("ada", "ben", "dora", "eve", "finn")
    machines = [lesson.folder / name for name in ("one", "two", "last")]
    for machine in machines:
        for name in names:
            (machine / name).mkdir(parents=True)
            (machine / name / "server.py").write_text(f"# {name}")
            os.utime(machine / name / "server.py", (0, len(str(machine))))
        (machine / "class.toml").write_text('submissions = "*/server.py"\nlaunch = "python3 server.py {port}"')

    def tested(machine: Path, number: int, of: int) -> dict[str, bool]:
        whole = load_roster(machine / "class.toml")
        roster = whole.part(number, of)
        assert [roster.sees(entry) for entry in roster.entries] == [whole.sees(entry) for entry in roster.entries]
        room = Classroom(roster, machine / "out", Here(Isolation(), 2), suite=(str(lesson.suite),))
        room.run()
        return {name: ended.again for name, ended in room.ended.items()}

    assert tested(machines[0], 1, 2) == {"ada": False, "dora": False, "finn": False}
    assert tested(machines[1], 2, 2) == {"ben": False, "eve": False}
    for machine in machines[:2]:
        shutil.copytree(machine / "out", machines[2] / "out", dirs_exist_ok=True)
    (machines[2] / "eve" / "server.py").write_text("# of another mind")
    assert tested(machines[2], 1, 1) == dict.fromkeys(names, True) | {"eve": False}


@pytest.mark.parametrize("part", ["0/2", "3/2", "1", "1/0", "a/b"])
def test_a_part_that_there_is_not(part: str, lesson: Class, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["class", str(lesson.roster("", a="good")), "--part", part])
    assert ended.value.code == 4
    assert f"{part}: give a part and how many there are, 1/4 for example" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "server must have an entry"),
        ("[[server", "cannot read the roster"),
        ('[[server]]\nname = "a"', "needs a target or a launch"),
        ('[[server]]\nname = " "\ntarget = "a:1"', "needs a name"),
        ('[[server]]\nname = "a"\nlunch = "x"', "lunch is no key"),
        ('[[server]]\nname = "a"\nlaunch = "\'"', "launch: No closing quotation"),
        ('[[server]]\nname = "a"\nlaunch = "x"\ndirectory = "none"', "is no directory"),
        ('[[server]]\nname = "a"\ntarget = "a:1"\n' * 2, "the server a is there twice"),
        (
            '[[server]]\nname = "a"\nlaunch = "x -p={prt}"',
            "{prt} is no placeholder: {host}, {port} and {time_limit} are",
        ),
        ('[[server]]\nname = "a"\n[[server]]\nname = "b"\ntarget = "b"', "not both; the server b: target"),
        (
            '[[server]]\nname = "a"\nlaunch = "x {prt}"\ndirectory = "none"',
            "is no directory; the server a: launch: {prt} is no placeholder",
        ),
        ("at_once = 99\n" + '[[server]]\nname = "a"\ntarget = "a:1"', "at_once must be from 1 to 32"),
        ("[limits]\nmemroy = 1\n" + '[[server]]\nname = "a"\ntarget = "a:1"', "memroy is no key"),
        (
            'minuets = 1\n[limits]\ndisk = 0\n[[server]]\nname = "b"\ntarget = "b"',
            "limits.disk must be from 1 to 1073741824; the server b",
        ),
        (
            'minuets = 1\nminutes = 0\n[[server]]\nname = "b"\ntarget = "b:1"',
            "minuets is no key; there are at_once, minutes, ",
        ),
    ],
)
def test_a_wrong_roster_is_one_line(text: str, told: str, lesson: Class) -> None:
    with pytest.raises(ResultsError) as error:
        load_roster(lesson.roster(text))
    assert told in str(error.value) and "\n" not in str(error.value)


def test_folders_are_safe_and_different(lesson: Class) -> None:
    names = ["../../etc", "Ada", "ada", "Zo\u00eb", "\u674e", "\u738b", "a/b", "CON." + "x" * 300]
    entries = [f'[[server]]\nname = "{name}"\ntarget = "x:1"\n' for name in names]
    folders = [entry.folder for entry in load_roster(lesson.roster("\n".join(entries))).entries]
    assert len({folder.lower() for folder in folders}) == len(names)
    assert all(folder.replace("_", "").replace("-", "").isalnum() and len(folder) < 80 for folder in folders)


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder for temporary files through which every user can go."""
    with tempfile.TemporaryDirectory(prefix="class-test-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@pytest.mark.parametrize("way", ["the best", "user"])
def test_three_real_servers(
    way: str, place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The suite itself, confined servers, one of which eats memory; the matrix, the scores, and their points."""
    monkeypatch.setenv("TMPDIR", str(place))
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    if way == "user":
        if os.geteuid() != 0:
            pytest.skip("only root can become another user")
        monkeypatch.setattr(class_command, "choose", lambda: (Isolation(user=True), ""))
    shutil.copytree(PROJECT / "reference_server", tmp_path / "ada" / "reference_server")
    (tmp_path / "ada" / "server.py").write_text(
        'import runpy\nrunpy.run_module("reference_server", run_name="__main__")'
    )
    (tmp_path / "eve").mkdir()
    (tmp_path / "eve" / "server.py").write_text("x = bytearray(10 << 30)")
    entry = '[[server]]\nname = "{}"\ndirectory = "{}"\nlaunch = "python3 server.py --port {{port}}"\n'
    options = 'options = ["--quick", "-n0", "--seed", "7", "-k", "test_greeting or test_entry_of_handout"]\n'
    roster = tmp_path / "roster.toml"
    entries = [entry.format(name.title(), name) + f'email = "{name}@x.edu"\n' for name in ("ada", "eve", "dora")]
    roster.write_text("\n".join([options, "[limits]\ndisk = 5", *entries]))
    rubric = tmp_path / "rubric.toml"
    (tmp_path / "dora").mkdir()
    (tmp_path / "dora" / "server.py").write_text(
        "import time\nfor n in range(9): open(str(n), 'wb').write(b'x' * (1 << 20))\ntime.sleep(60)"
    )
    clocks = '[[item]]\nname = "Clocks"\npoints = 1\nsections = ["Time"]\n'
    rubric.write_text('[[item]]\nname = "x"\npoints = 9\nrequirements = ["greeting"]\n' + clocks)
    assert class_command.run(roster, tmp_path / "out", rubric) == 0
    out, err = capsys.readouterr()
    assert "testing 3 servers, " in err and ": about " in err
    assert "1 of 3 servers conform, 2 without a verdict" in out
    assert "MemoryError" in out
    heads, ada, eve, dora = csv.reader(io.StringIO((tmp_path / "out" / "scores.csv").read_text()))
    assert (ada[0], ada[2], ada[7], ada[8]) == ("Ada", "conforms", "9.0", "9.0")
    assert (eve[0], eve[2], eve[7], eve[8]) == ("Eve", "no verdict", "0.0", "9.0")
    assert heads[:3] == ["server", "e-mail", "verdict"] and heads[7:9] == ["points", "max"]
    assert (ada[1], dora[1]) == ("ada@x.edu", "dora@x.edu")
    assert (ada[-1], eve[-1]) == ("Clocks, 1 point (left out by --quick, or not asked for)", "")
    assert "left out of the points of 1 server: Clocks, 1 point (left out by --quick, or not asked for)" in out
    assert dora[-2].endswith("confine: ended, for it used more than 5 MiB of disk")
    given = {name: json.loads((tmp_path / "out" / name / "gradescope.json").read_text()) for name in ("Ada", "Eve")}
    assert (given["Ada"]["score"], given["Eve"]["score"]) == (9.0, 0.0)
    assert "MemoryError" in given["Eve"]["output"]
    results = (tmp_path / "out" / "Ada" / "results.json").read_text()
    assert "--launch 'python3 server.py --port {port}'" in results and "confine.py" not in results
    assert str(tmp_path) not in results and "submission-" not in results
    page = (tmp_path / "out" / "matrix.html").read_text()
    assert 'href="Ada/report.html"' in page and 'href="Eve/log.txt"' in page
    left = [path.name for path in place.iterdir() if "locks" not in path.name]
    assert not left, "neither copies nor mailboxes are left"
    assert "<bdi>Ada</bdi>" in (tmp_path / "out" / "Ada" / "report.html").read_text()
