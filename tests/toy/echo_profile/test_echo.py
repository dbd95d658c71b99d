"""Lines."""

import pytest

from echo_profile.profile import Case


@pytest.mark.judges("welcome")
def test_welcome(case: Case) -> None:
    """A client is greeted."""
    case.say("x")


@pytest.mark.judges("echo", "alive")
@pytest.mark.parametrize("count", [1, 20])
def test_lines(case: Case, count: int) -> None:
    """A line is said again."""
    for _ in range(count):
        word = case.words.token()
        case.expect(case.say(word), word, "echo")
