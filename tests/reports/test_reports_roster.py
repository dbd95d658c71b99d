"""The roster by the hundred: submissions in folders, whose they are by a csv, what each sees, and how long it takes."""

import re
from pathlib import Path

import pytest

from reports.checked import WrongShape
from reports.engines import Capacity
from reports.estimate import duration, seconds_left
from reports.results import ResultsError
from reports.roster import Roster, load_roster
from reports.students import load_students, student_of

GRADESCOPE = "\ufeffFirst Name,Last Name,SID,Email,Role,Sections\r\n"
GRADES = "First Name,Last Name,SID,Email,Sections,Total Score,Max Points,Status,Submission ID\r\n"
CLASSROOM = '"identifier","github_username","github_id","name"\n'


def roster(folder: Path, text: str, *files: str, students: str = "") -> Roster:
    for name in files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    if students:
        (folder / "students.csv").write_text(students, encoding="utf-8")
        text = f'students = "students.csv"\n{text}'
    (folder / "class.toml").write_text(text)
    return load_roster(folder / "class.toml")


FOLDERS = 'submissions = "submissions/*/server.py"\n'


def test_each_folder_is_a_server(tmp_path: Path) -> None:
    files = [f"submissions/{name}/server.py" for name in ("zoe", "ada", "b b")]
    told = roster(tmp_path, FOLDERS, *files, "submissions/none/client.py", "submissions/loose.py")
    assert [entry.name for entry in told.entries] == ["ada", "b b", "zoe"]
    assert {entry.launch for entry in told.entries} == {"python3 server.py"}
    assert told.entries[0].directory == tmp_path / "submissions" / "ada"
    assert told.entries[0].command(told.entries[0].directory) == f"python3 {tmp_path}/submissions/ada/server.py"
    assert told.remarks == ()


def test_launch_is_for_all_that_have_no_other(tmp_path: Path) -> None:
    text = (
        FOLDERS
        + 'launch = "python2 server.py -p {port}"\n[[server]]\nname = "x"\n[[server]]\nname = "y"\ntarget = "y:1"'
    )
    told = roster(tmp_path, text, "submissions/ada/server.py")
    assert {entry.name: entry.launch for entry in told.entries} == {
        "x": "python2 server.py -p {port}",
        "y": None,
        "ada": "python2 server.py -p {port}",
    }


@pytest.mark.parametrize(
    ("pattern", "files", "names"),
    [
        ("*.py", ["ada.py", "ben.py"], ["ada", "ben"]),
        ("hand in/*/src/server.py", ["hand in/ada/src/server.py", "hand in/ben/src/server.py"], ["ada", "ben"]),
        ("*/*.py", ["ada/smtp.py", "ben/x'y.py"], ["ada", "ben"]),
        ("s/[ab]*/s.py", ["s/ada/s.py", "s/cy/s.py"], ["ada"]),
    ],
)
def test_a_submission_is_called_after_what_differs(
    pattern: str, files: list[str], names: list[str], tmp_path: Path
) -> None:
    told = roster(tmp_path, f'submissions = "{pattern}"', *files)
    assert [entry.name for entry in told.entries] == names
    assert all(len(entry.files) == 1 for entry in told.entries)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (FOLDERS, "there is no file submissions/*/server.py"),
        ('submissions = "ada/server.py"', "must be a pattern"),
        ('submissions = "/tmp/*"', "must be a pattern"),
        ('submissions = "../*/server.py"', "must be a pattern"),
        ('submissions = "x/*/*.py"', "ada has more than one file: x/ada/b.py"),
        ('submissions = "x/*/a.py"\nlaunch = " "', "launch is empty"),
        ('launch = "python3 {file}"\n[[server]]\nname = "x"', "only submissions have a {file}"),
        ('submissions = "x/*/a.py"\nstudents = "none.csv"', "students: cannot read"),
        ('submissions = "x/*/a.py"\nstudents = "x/ada/a.py"', "has none of the columns sid, email"),
        *(
            (f'[[server]]\nname = "a"\ntarget = "{target}"', "target .*: write host:port")
            for target in (
                "",
                "host",
                "host:",
                "host:0",
                "host:70000",
                "host:port",
                "http://host:25",
                "::1:25",
                "a b:1",
            )
        ),
    ],
)
def test_a_wrong_roster_is_refused(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match=said if ".*" in said else re.escape(said)) as error:
        roster(tmp_path, text, "x/ada/a.py", "x/ada/b.py")
    assert "\n" not in str(error.value)


def test_targets_that_are_right(tmp_path: Path) -> None:
    targets = ["host:1", "[::1]:65535", "127.0.0.1:8765", "a-b.example.org:25"]
    text = "".join(f'[[server]]\nname = "{target}"\ntarget = "{target}"\n' for target in targets)
    assert [entry.target for entry in roster(tmp_path, text).entries] == targets


def test_names_and_addresses_come_from_gradescope(tmp_path: Path) -> None:
    students = GRADESCOPE + (
        "Ada,Lovelace,100,ada@x.edu,Student,1\r\nWei,Li,101,wl1@x.edu,Student,1\r\nWei,Li,102,wl2@x.edu,Student,2\r\n"
        "Pro,Fessor,,prof@x.edu,Instructor,\r\nGus,Gone,103,gus@x.edu,Student,\r\n"
    )
    files = [f"submissions/{name}/server.py" for name in ("Ada_Lovelace", "wl1", "hw3-102", "prof", "stranger")]
    told = roster(tmp_path, FOLDERS, *files, students=students)
    assert [(entry.name, entry.email) for entry in told.entries] == [
        ("Ada Lovelace", "ada@x.edu"),
        ("Wei Li (hw3-102)", "wl2@x.edu"),
        ("prof", ""),
        ("stranger", ""),
        ("Wei Li (wl1)", "wl1@x.edu"),
    ]
    assert told.remarks == ("in no line of the students' csv: prof, stranger", "without a submission: Gus Gone")


def test_gradescopes_grades_know_the_submissions(tmp_path: Path) -> None:
    students = f"{GRADES}Ada,Lovelace,1,ada@x.edu,,,100,Graded,4711\r\nBen,B,2,ben@x.edu,,,100,Graded,711\r\n"
    files = ["submissions/submission_4711/server.py", "submissions/submission_711/server.py"]
    told = roster(tmp_path, FOLDERS, *files, students=students)
    assert [entry.email for entry in told.entries] == ["ada@x.edu", "ben@x.edu"]


def test_names_and_addresses_come_from_github_classroom(tmp_path: Path) -> None:
    students = (
        f'{CLASSROOM}"ada@x.edu","countess","1",""\n"ben b","ann-lee","2","Ben B."\n"cy","lee","3","Cy"\n"d","","",""\n'
    )
    files = [f"submissions/mp3-{name}/server.py" for name in ("Countess", "ann-lee", "lee")]
    told = roster(tmp_path, FOLDERS, *files, students=students)
    assert [(entry.name, entry.email) for entry in told.entries] == [
        ("ada@x.edu", "ada@x.edu"),
        ("Ben B.", ""),
        ("Cy", ""),
    ]
    assert told.remarks == ("without a submission: d",)


def test_whose_it_is_is_not_guessed(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text(f'{CLASSROOM}"a@x.edu","ada","1","A"\n"ada@y.edu","b","2","B"\n"","","",""\n')
    students = load_students(path)
    assert [student.name for student in students] == ["A", "B"]
    assert student_of("mp3-ada", students) is None
    assert student_of("granada", students) is None
    assert student_of("", students) is None
    told = student_of("MP3_B", students)
    assert told is not None and told.name == "B"


@pytest.mark.parametrize("text", ['sid,email\n"a', "sid\n\0\0,\xff"])
def test_a_csv_that_is_none_is_one_line(text: str, tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(WrongShape, match="cannot read .*s.csv: "):
        load_students(path)


def seen(told: Roster, name: str) -> list[str]:
    [entry] = [entry for entry in told.entries if entry.name == name]
    return [str(path.relative_to(told.private[0].parent)) for path in told.sees(entry)]


def test_no_server_sees_what_is_not_its_own(tmp_path: Path) -> None:
    """The whole of its folder, if only its own files are in it; else the files of its command."""
    told = roster(tmp_path, FOLDERS, "submissions/ada/server.py", "submissions/ben/server.py")
    assert seen(told, "ada") == ["submissions/ada"]
    (tmp_path / "submissions" / "ada" / "all.csv").write_text("sid\nada")
    told = roster(tmp_path, 'students = "submissions/ada/all.csv"\n' + FOLDERS)
    assert seen(told, "ada") == ["submissions/ada/server.py"]
    told = roster(tmp_path, 'submissions = "*.py"\nlaunch = "python3 {file}"', "ada.py", "ben.py")
    assert seen(told, "ada") == ["ada.py"]
    entry = '[[server]]\nname = "{0}"\nlaunch = "python3 submissions/{0}/server.py {{port}}"\n'
    told = roster(tmp_path, entry.format("ada") + entry.format("ben"))
    assert seen(told, "ada") == ["submissions/ada"]
    twice = '[[server]]\nname = "{}"\ndirectory = "submissions/ada"\nlaunch = "python3 server.py"\n'
    assert seen(roster(tmp_path, twice.format("a") + twice.format("b")), "a") == ["submissions/ada"]
    module = '[[server]]\nname = "m"\nlaunch = "python3 -m http.server {port}"\n'
    assert seen(roster(tmp_path, module), "m") == []
    outside = '[[server]]\nname = "o"\ndirectory = "submissions/ada"\nlaunch = "python3 ../ben/server.py"\n'
    assert seen(roster(tmp_path, outside + entry.format("ben")), "o") == ["submissions/ada"]


def test_files_of_the_directory_are_those_of_the_copy(tmp_path: Path) -> None:
    """Whether their paths are whole or not; others stay as they are."""
    launch = f"/bin/sh run.sh {tmp_path}/s/server.py ../s/server.py none.py"
    text = f'[[server]]\nname = "a"\ndirectory = "s"\nlaunch = "{launch}"\n'
    [entry] = roster(tmp_path, text, "s/server.py", "s/run.sh").entries
    assert entry.command(Path("/copy")) == "/bin/sh /copy/run.sh /copy/server.py ../s/server.py none.py"


def test_a_script_that_is_missing_is_missed_in_the_copy(tmp_path: Path) -> None:
    told = roster(tmp_path, '[[server]]\nname = "a"\nlaunch = "python3 none.py {port}"')
    assert told.entries[0].command(Path("/copy")) == "python3 /copy/none.py '{port}'"


def test_how_long_it_takes(tmp_path: Path) -> None:
    files = [f"submissions/{number}/server.py" for number in range(10)]
    told = roster(tmp_path, f'{FOLDERS}at_once = 4\nlaunch = "python3 server.py {{port}}"', *files)
    assert seconds_left(told, Capacity(4, 1), told.entries, ()) == 3 * 75
    assert seconds_left(told, Capacity(4, 1), told.entries, (10.0, 20.0, 900.0)) == 3 * 20
    assert seconds_left(told, Capacity(4, 1), told.entries[:4], (10.0,)) == 10
    assert seconds_left(told, Capacity(4, 1), (), (10.0,)) == 0
    quick = roster(tmp_path, f'{FOLDERS}at_once = 4\noptions = ["--quick"]', *files)
    assert seconds_left(quick, Capacity(4, 1), quick.entries, ()) == 10 * 15, "they take turns on port 8765"
    assert seconds_left(quick, Capacity(8, 4), quick.entries, ()) == 3 * 15, "each machine has one"
    slow = roster(tmp_path, f'{FOLDERS}at_once = 10\nlaunch = "x {{port}}"\noptions = ["--time-limit", "2"]', *files)
    assert seconds_left(slow, Capacity(10, 1), slow.entries, ()) == 35


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(3, "10 seconds"), (44, "40 seconds"), (200, "3 minutes"), (5400, "1.5 hours"), (7200, "2 hours")],
)
def test_durations_are_round(seconds: float, told: str) -> None:
    assert duration(seconds) == f"about {told}"
