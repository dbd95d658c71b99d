"""`python -m conformance …` is pytest on the installed suite, from anywhere."""

from __future__ import annotations

import sys
from itertools import chain, pairwise
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent


def arguments(given: list[str]) -> list[str]:
    """The arguments for pytest: words that begin with a path inside the package are made such paths.

    Args:
        given: as on the command line, `cs4410/test_commands.py::test_reply[sender-MAIL]` among them; `@FILE` stands for
            the lines of a file, as it does for pytest.
    """
    words = []
    chosen = False
    for before, word in pairwise(["", *chain.from_iterable(map(_lines_of, given))]):
        path = PACKAGE / word.split("::")[0]
        named = word and not word.startswith("-") and before != "--profile"  # a profile is called as its folder is
        if named and path.exists() and word[0] not in "./":
            word = str(PACKAGE / word)
            chosen = True
        chosen |= path.name.startswith("test_") and path.suffix == ".py"  # of a profile that another package brings
        words.append(word)
    if not chosen:
        words.append(str(PACKAGE))
    fixed = ["-p", "conformance.plugin", "-c", str(PACKAGE / "suite.ini"), f"--rootdir={PACKAGE.parent}"]
    return [*fixed, *words]


def _lines_of(word: str) -> list[str]:
    path = Path(word[1:])
    return path.read_text(encoding="utf-8").splitlines() if word.startswith("@") and path.is_file() else [word]


def _profile_in(given: list[str]) -> str:
    """The profile that the words name, if they name one that there is, else the usual one."""
    from conformance import profile

    told = [after for before, after in pairwise(given) if before == "--profile"]
    told += [word.partition("=")[2] for word in given if word.startswith("--profile=")]
    return next((name for name in told if name in profile.names()), profile.DEFAULT)


def main() -> int:
    """Run the suite, or say how that is done; returns the exit status."""
    given = sys.argv[1:]
    if {"-h", "--help"} & set(given):
        from conformance.options import manual  # not before pytest sees to it how its plugins are imported

        print(manual(_profile_in(given)), end="")
        return 0
    return int(pytest.main(arguments(["--help" if word == "--help-pytest" else word for word in given])))


if __name__ == "__main__":
    sys.exit(main())
