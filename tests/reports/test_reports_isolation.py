"""What keeps servers from the rest of a class: the choice of it, what a harmful server can do, and what it leaves."""

import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from reports import class_command, confine, isolation, lodging
from reports.__main__ import main
from reports.classroom import Classroom
from reports.isolation import Isolation, choose, open_to_all
from reports.lodging import Lodging, LodgingError, User
from reports.roster import Limits
from reports.trial import wrapper

BOTH, BUBBLEWRAP, USER, NONE = Isolation(True, True), Isolation(True, False), Isolation(False, True), Isolation()
HARM = """
import os, pathlib, sys
for path in map(pathlib.Path, sys.argv[1:]):
    for what in (path.read_text, lambda: path.write_text("mine"), path.unlink, lambda: list(path.parent.iterdir())):
        try:
            what()
            print("DONE", path)
        except OSError:
            print("no")
print(open(__file__).read().count("HARM IS TRIED"), "of its own")  # HARM IS TRIED
pathlib.Path("mailbox").write_text("kept")
"""


@pytest.mark.parametrize(
    ("root", "installed", "working", "chosen"),
    [
        (True, True, {BOTH, BUBBLEWRAP, USER}, BOTH),
        (True, True, {BUBBLEWRAP, USER}, BUBBLEWRAP),
        (True, True, {USER}, USER),
        (True, False, {BOTH, BUBBLEWRAP, USER}, USER),
        (True, True, set(), NONE),
        (False, True, {BOTH, BUBBLEWRAP, USER}, BUBBLEWRAP),
        (False, False, {BOTH, BUBBLEWRAP, USER}, NONE),
        (False, True, {USER}, NONE),
    ],
)
def test_the_best_that_works_is_chosen(
    root: bool, installed: bool, working: set[Isolation], chosen: Isolation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def works(*options: str) -> str:
        return "" if Isolation("--bubblewrap" in options, "--user" in options) in working else f"no {options[0]}"

    monkeypatch.setattr(confine, "works", works)
    monkeypatch.setattr(shutil, "which", lambda _: "/usr/bin/bwrap" if installed else None)
    monkeypatch.setattr(os, "geteuid", lambda: 0 if root else 1000)
    monkeypatch.setattr(lodging.User, "close", lambda self: self._claim.close())
    found, why = choose()
    assert found == chosen
    assert bool(why) is (chosen == NONE)
    if why:
        assert "read, change and delete" in why and "\n" not in why
        assert ("no --bubblewrap" if installed else "apt-get install bubblewrap") in why
        assert ("no --user" if root else "be root") in why


def roster_of_one(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "server.py").write_text("raise SystemExit(9)")
    roster = folder / "roster.toml"
    roster.write_text('[[server]]\nname = "Eve"\nlaunch = "python3 server.py {port}"\n')
    return roster


def test_a_free_hand_has_to_be_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(class_command, "choose", lambda: (NONE, "servers could read, change and delete all"))
    words = ["class", str(roster_of_one(tmp_path / "eve")), "-o", str(tmp_path / "out")]
    assert main(words) == 4
    told = capsys.readouterr()
    assert told.err == "reports: servers could read, change and delete all, or accept that with --unconfined\n"
    assert not (tmp_path / "out").exists() and not told.out
    assert main([*words, "--unconfined"]) == 0
    told = capsys.readouterr()
    assert "reports: servers could read, change and delete all\n" in told.err
    assert "exit status 9" in told.out


def test_what_every_user_can_read_has_to_be_hidden(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only where servers are users of their own; the results are hidden by the command itself."""
    monkeypatch.setattr(class_command, "choose", lambda: (USER, ""))
    roster = roster_of_one(place)
    assert main(["class", str(roster), "-o", str(place / "out")]) == 4
    assert f"chmod o-rwx {roster} {place}/server.py`" in capsys.readouterr().err
    assert not (place / "out").exists()
    (place / "out").mkdir()
    assert main(["class", str(roster), "-o", str(place / "out")]) == 4
    assert f"chmod o-rwx {place}/out {roster} " in capsys.readouterr().err
    for name in ("server.py", "roster.toml"):
        (place / name).chmod(0o640)
    (place / "out").rmdir()
    monkeypatch.setattr(Classroom, "run", lambda *_: None)
    assert main(["class", str(roster), "-o", str(place / "out")]) == 0
    assert (place / "out").stat().st_mode & 0o777 == 0o700


def test_open_is_what_a_way_leads_to(place: Path) -> None:
    submissions = place / "submissions"
    for name in ("ada", "ben"):
        (submissions / name).mkdir(parents=True)
    paths = [submissions / "ada", submissions / "ben"]
    assert open_to_all(paths, place).count("chmod o-rwx") == 1
    assert open_to_all(paths, place).endswith(f"`chmod o-rwx {submissions}`")
    assert open_to_all(paths, place / "elsewhere").endswith(f"`chmod o-rwx {paths[0]} {paths[1]}`")
    submissions.chmod(0o750)
    assert open_to_all(paths, place) == ""
    submissions.chmod(0o755)
    place.chmod(0o700)
    assert open_to_all(paths, place) == ""


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that every user can read."""
    folder = Path(tempfile.mkdtemp(prefix="class-test-")).resolve()
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def works_here(way: Isolation) -> str:
    if way.user and os.geteuid() != 0:
        return "only root can become another user"
    return isolation._failure(way)


@pytest.mark.parametrize("way", [BUBBLEWRAP, USER, BOTH], ids=["bubblewrap", "user", "both"])
def test_a_server_can_do_nothing_to_its_neighbours(way: Isolation, place: Path) -> None:
    """It neither reads, nor changes, nor deletes a submission, a report or the server of somebody else."""
    if trouble := works_here(way):
        assert way != USER or os.geteuid() != 0, trouble
        assert not os.environ.get("CI") or way == BOTH, trouble
        pytest.skip(trouble)
    files = {}
    for name in ("eve", "ada", "out"):
        files[name] = place / name / "server.py"
        files[name].parent.mkdir()
        files[name].write_text(HARM)
        files[name].parent.chmod(0o750)
    users = [User() if way.user else None for _ in range(2)]
    with (
        Lodging(place / "ada", [place / "ada"], users[0]) as neighbour,
        Lodging(place / "eve", [place / "eve"], users[1]) as own,
        tempfile.TemporaryDirectory(prefix="class-test-") as here,
        tempfile.TemporaryDirectory(prefix="class-test-") as other,
    ):
        mailbox = Path(other, "mailbox")
        mailbox.write_text("of Ada")
        targets = [files["ada"], files["eve"], files["out"], neighbour.folder / "server.py", mailbox]
        command = [*wrapper(Limits(), way, own), "python3", str(own.folder / "server.py"), *map(str, targets)]
        done = subprocess.run(command, cwd=here, capture_output=True, text=True, timeout=60, check=False)
        assert done.stderr == ""
        assert done.stdout.splitlines() == ["no"] * 20 + ["2 of its own"]
        assert (Path(here, "mailbox").read_text(), mailbox.read_text()) == ("kept", "of Ada")
        assert {path.read_text() for path in (*files.values(), neighbour.folder / "server.py")} == {HARM}
    assert not own.folder.exists() and not neighbour.folder.exists()


def test_a_copy_holds_what_a_server_may_see(place: Path) -> None:
    """Regular files as they are, links within the submission as what they lead to, no link out of it."""
    (place / "secret").write_text("secret")
    home = place / "eve"
    (home / "lib").mkdir(parents=True)
    (home / "server.py").write_text("x")
    (home / "server.py").chmod(0o755)
    (home / "lib" / "words").write_bytes(b"\xff")
    (home / "inside").symlink_to("lib/words")
    (home / "outside").symlink_to(place / "secret")
    (home / "lib" / "up").symlink_to("../../secret")
    (home / "folder").symlink_to(place)
    os.mkfifo(home / "pipe")
    with Lodging(home, [home], None) as own:
        found = sorted(str(path.relative_to(own.folder)) for path in own.folder.rglob("*"))
        assert found == ["inside", "lib", "lib/words", "server.py"]
        assert (own.folder / "inside").read_bytes() == b"\xff"
        assert not (own.folder / "inside").is_symlink()
        modes = [(own.folder / name).stat().st_mode & 0o777 for name in ("server.py", "lib/words", "lib")]
        assert modes == [0o550, 0o440, 0o750]
    with Lodging(home, [home / "server.py", home / "outside"], None) as own:
        assert [path.name for path in own.folder.rglob("*")] == ["server.py"]


def test_too_much_to_copy_is_refused_in_one_line(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lodging, "MOST_FILES", 2)
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    home = place / "eve"
    home.mkdir()
    for name in "abc":
        (home / name).write_text("x")
    with pytest.raises(LodgingError, match="more than 2 files .*: name the directory of the server alone"):
        Lodging(home, [home], None)
    assert [path.name for path in place.iterdir()] == ["eve"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_nothing_is_left_of_a_user(place: Path) -> None:
    """Neither processes, wherever they have gone, nor files where every user may write."""
    user = User()
    assert User().id != user.id
    left = f"/tmp/class-test-left-{user.id}"
    code = f"mkdir -p {left}/below; echo > {left}/below/file; echo > /dev/shm/left-{user.id}; echo; exec sleep 600"
    process = subprocess.Popen(
        ["setsid", "sh", "-c", code], user=user.id, group=user.id, extra_groups=(), stdout=subprocess.PIPE
    )
    assert process.stdout and process.stdout.readline()
    user.close()
    assert process.wait(60) == -9
    assert not os.path.exists(left) and not os.path.exists(f"/dev/shm/left-{user.id}")
    assert not any(path.stat().st_uid == user.id for path in Path("/tmp").iterdir() if path.exists())


def test_a_wrapper_is_a_command_that_a_shell_understands(place: Path) -> None:
    with Lodging(place, [], None) as own:
        words = wrapper(Limits(disk=7), BUBBLEWRAP, own)
    assert shlex.split(shlex.join(words)) == words
    assert words[words.index("--disk") + 1] == "7" and words[words.index("--see") + 1] == str(own.folder)
    assert "--user" not in words and words[-1] == "--"
