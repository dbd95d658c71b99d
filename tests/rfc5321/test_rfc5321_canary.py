"""What a hidden command would leave behind."""

import subprocess
from pathlib import Path

import pytest

from conformance.rfc5321.canary import HIDDEN, Canary, first_found, spellings


def test_nothing_is_found_where_nothing_ran(tmp_path: Path) -> None:
    assert Canary(tmp_path).found() is None


@pytest.mark.parametrize("place", ["server", "server/mail/new", "."])
def test_a_file_is_found_where_a_path_with_dots_would_make_it(tmp_path: Path, place: str) -> None:
    (tmp_path / "server" / "mail" / "new").mkdir(parents=True)
    canary = Canary(tmp_path / "server")
    file = tmp_path / place / canary.name
    file.touch()
    assert canary.found() == file
    assert not file.exists()


def test_a_mailbox_that_only_has_the_name_in_its_own_is_none(tmp_path: Path) -> None:
    canary = Canary(tmp_path)
    (tmp_path / f";touch {canary.name}").touch()
    assert canary.found() is None


def test_the_one_that_ran_is_named(tmp_path: Path) -> None:
    canaries = {"quiet": Canary(tmp_path), "loud": Canary(tmp_path)}
    canaries["loud"].path.touch()
    assert first_found(canaries, 5.0) == "loud"
    assert first_found(canaries, 0.0) == ""


def test_a_file_whose_name_goes_on_with_the_domain_is_found(tmp_path: Path) -> None:
    canary = Canary(tmp_path)
    file = canary.path.with_name(f"{canary.name}@b.example")
    file.touch()
    assert canary.found() == file
    assert canary.found() is None


@pytest.mark.parametrize("form", HIDDEN)
def test_a_local_part_is_short_enough_and_a_plain_one_has_no_space(tmp_path: Path, form: str) -> None:
    plain, quoted = spellings(form, Canary(tmp_path))
    assert len(plain) <= 64 and " " not in plain
    assert len(quoted) <= 64 and quoted[0] == quoted[-1] == '"'


def test_a_shell_that_is_given_one_makes_the_file(tmp_path: Path) -> None:
    for form in ("semicolon", "grave accents", "command substitution"):
        canary = Canary(tmp_path)
        subprocess.run(["sh", "-c", f"echo {spellings(form, canary)[0]}"], capture_output=True, check=False)
        assert canary.found() == canary.path
