"""Upper and lower case, and white space, around valid tokens."""

from collections.abc import Callable

import pytest

from conformance.cs4410.case import Case
from conformance.cs4410.lines import RIGHT

STATE_OF = {"HELO": "connected", "MAIL": "greeted", "RCPT": "sender", "DATA": "recipient"}
CASES = ("lower", "title", "mixed", "swapped")


def spell(case: Case, word: str, how: str) -> str:
    """A word in upper and lower case of some kind."""
    spellings: dict[str, Callable[[], str]] = {
        "lower": word.lower,
        "title": word.title,
        "upper": word.upper,
        "swapped": word.title().swapcase,
        "mixed": lambda: case.words.mixed_case(word),
    }
    return spellings[how]()


@pytest.mark.judges("case.verbs", control={"how": "upper"})
@pytest.mark.parametrize("how", CASES)
@pytest.mark.parametrize("verb", RIGHT)
def test_case_of_command(case: Case, verb: str, how: str) -> None:
    """HELO, helo and HeLO are the same command, because SMTP is not case sensitive."""
    words, _, arguments = case.words.fill(RIGHT[verb]).partition(":" if ":" in RIGHT[verb] else " ")
    glue = ":" if ":" in RIGHT[verb] else " " if arguments else ""
    case.client(STATE_OF[verb]).expect(spell(case, words, how) + glue + arguments)


@pytest.mark.judges("case.verbs", control={"word": "FROM", "verb": "MAIL"})
@pytest.mark.parametrize(("verb", "word"), [("MAIL", "from"), ("mail", "FROM"), ("Mail", "From"), ("MAIL", "fRoM")])
def test_case_of_verb_and_word(case: Case, verb: str, word: str) -> None:
    """The verb and the word after it may differ in their case, because each is free."""
    case.client("greeted").expect(f"{verb} {word}: {case.words.address()}")


@pytest.mark.judges("case.verbs", control={"verb": "HELO"})
@pytest.mark.parametrize("verb", ["helo", "Helo"])
def test_case_in_second_helo(case: Case, verb: str) -> None:
    """A second HELO in another case is still a second HELO."""
    case.client("greeted").expect(f"{verb} {case.words.host()}")


@pytest.mark.judges("case.verbs", control={"verb": "HELO"})
@pytest.mark.parametrize("verb", ["helo", "hELO"])
def test_case_in_wrong_syntax(case: Case, verb: str) -> None:
    """A lower-case command without its argument is still recognized, and gets the syntax error."""
    case.client().expect(verb)


@pytest.mark.judges("case.arguments", control={"address": "lower case"})
@pytest.mark.parametrize("address", ["Mixed Case", "UPPER CASE"])
def test_case_of_refused_address(case: Case, address: str) -> None:
    """The error for a bad address shows it as it was sent, because arguments keep their case."""
    reply = case.client("greeted").expect(f"MAIL FROM: {address}")
    case.expect(address in reply.text, "case.arguments", "the address was changed", address, reply.text)


SPACES = {
    "before-verb": "  {verb} {rest}",
    "many-before-verb": "{many}{verb} {rest}",
    "after-verb": "{verb}   {rest}",
    "many-after-verb": "{verb}{many}{rest}",
    "at-end": "{verb} {rest} ",
    "many-at-end": "{verb} {rest}{many}",
    "everywhere": "   {verb}    {rest}   ",
}


def spaced(case: Case, verb: str, pattern: str) -> str:
    """A right command with white space as a pattern has it."""
    rest = case.words.fill(RIGHT[verb]).partition(" ")[2]
    return pattern.format(verb=verb, rest=rest, many=" " * 40)


@pytest.mark.judges("space.spaces", control={"pattern": "{verb} {rest}"})
@pytest.mark.parametrize("pattern", SPACES.values(), ids=SPACES)
@pytest.mark.parametrize("verb", ["HELO", "MAIL", "RCPT"])
def test_spaces(case: Case, verb: str, pattern: str) -> None:
    """Spaces before the verb, between tokens and at the end are valid, because only tokens count."""
    case.client(STATE_OF[verb]).expect(spaced(case, verb, pattern))


@pytest.mark.judges("space.spaces", control={"line": "DATA"})
@pytest.mark.parametrize("line", ["  DATA", "DATA ", "DATA    ", "  DATA  "])
def test_spaces_around_data(case: Case, line: str) -> None:
    """Spaces around DATA are no argument."""
    case.client("recipient").expect(line)


@pytest.mark.judges("space.spaces", control={"colon": ": "})
@pytest.mark.parametrize("colon", [":  ", ":" + " " * 30], ids=["two", "many"])
@pytest.mark.parametrize("command", ["MAIL FROM", "RCPT TO"])
def test_spaces_after_colon(case: Case, command: str, colon: str) -> None:
    """Several spaces after the colon are as good as one, and no part of the address."""
    case.client("greeted" if command == "MAIL FROM" else "sender").expect(command + colon + case.words.address())


@pytest.mark.judges("space.spaces", control={"line": "mkdir"})
@pytest.mark.parametrize("line", ["  mkdir", "mkdir  "])
def test_spaces_around_unknown_command(case: Case, line: str) -> None:
    """An unknown command with spaces around it is still one unknown command."""
    client = case.client("greeted")
    client.expect(line)
    client.expect_silence()


@pytest.mark.judges("space.spaces", control={"spaces": ""})
@pytest.mark.parametrize("spaces", ["   "], ids=["spaces"])
@pytest.mark.parametrize("command", ["MAIL FROM:", "RCPT TO:"])
def test_only_spaces_after_colon(case: Case, command: str, spaces: str) -> None:
    """Spaces after the colon are no address: the syntax error is the same without them."""
    case.client("greeted" if command == "MAIL FROM:" else "sender").expect(command + spaces)


@pytest.mark.judges("space.spaces", control={"spaces": ""})
@pytest.mark.parametrize("spaces", ["   "], ids=["spaces"])
@pytest.mark.parametrize("command", ["MAIL FROM:", "RCPT TO:"])
def test_spaces_after_bad_address(case: Case, command: str, spaces: str) -> None:
    """Spaces at the end are no part of a bad address, and the reply does not show them."""
    client = case.client("greeted" if command == "MAIL FROM:" else "sender")
    reply = client.expect(f"{command} two words{spaces}")
    case.expect("words  " not in reply.text, "space.spaces", "spaces at the end are shown", "<two words>", reply.text)


TABS = {"after-verb": "{verb}\t{rest}", "before-verb": "\t{verb} {rest}", "at-end": "{verb} {rest}\t"}


@pytest.mark.judges("space.tabs", control={"pattern": "{verb} {rest}"})
@pytest.mark.parametrize("pattern", TABS.values(), ids=TABS)
@pytest.mark.parametrize("verb", ["HELO", "MAIL", "RCPT"])
def test_tabs(case: Case, verb: str, pattern: str) -> None:
    """A tab is white space like a space."""
    case.client(STATE_OF[verb]).expect(spaced(case, verb, pattern))


@pytest.mark.judges("space.after-colon", control={"colon": ": "})
@pytest.mark.parametrize("colon", [":"], ids=["none"])
@pytest.mark.parametrize("command", ["MAIL FROM", "RCPT TO"])
def test_no_space_after_colon(case: Case, command: str, colon: str) -> None:
    """The address may follow the colon at once, as in the standard."""
    case.client("greeted" if command == "MAIL FROM" else "sender").expect(command + colon + case.words.address())


@pytest.mark.judges("space.before-colon")
@pytest.mark.parametrize("command", ["MAIL FROM", "RCPT TO"])
def test_space_before_colon(case: Case, command: str) -> None:
    """Whether white space before the colon is accepted is observed: both are right."""
    client = case.client("greeted" if command == "MAIL FROM" else "sender")
    reply = client.expect(f"{command} : {case.words.address()}")
    if reply.code.startswith("2"):
        case.note(f"`{command} :` is accepted")
