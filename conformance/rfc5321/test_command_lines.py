"""Command lines: where they end, how long they may be, how their words are spelled, and what is refused."""

from collections.abc import Callable

import pytest

from conformance.harness.server import proc
from conformance.harness.verdict.verdict import Skipped
from conformance.rfc5321 import codes
from conformance.rfc5321.case import Case
from conformance.rfc5321.counting import Counted, count
from conformance.rfc5321.link import bytewise, whole
from conformance.rfc5321.scene import shown
from conformance.rfc5321.session import judged_by

CUTS = {
    "not": whole,
    "in the verb": lambda line: [line[:2], line[2:]],
    "before CR LF": lambda line: [line[:-2], line[-2:]],
    "between CR and LF": lambda line: [line[:-1], line[-1:]],
    "after each byte": bytewise,
}
BEFORE = {
    "EHLO": "greeted",
    "HELO": "greeted",
    "MAIL": "ehlo",
    "RCPT": "mail",
    "DATA": "rcpt",
    "RSET": "mail",
    "NOOP": "ehlo",
    "QUIT": "ehlo",
    "VRFY": "ehlo",
}
"""The state in which a command is in its place."""


def miscounted(case: Case, reason: str, expected: str, replies: Counted) -> Exception:
    """What to raise where other replies came than should; `reply.one` judges whether there is one to a plain line."""
    return case.breach(case.main, reason, expected, replies.codes, "reply.one", case.clients)


@pytest.mark.judges("line.split", control={"cut": "not"})
@pytest.mark.parametrize("cut", [name for name in CUTS if name != "not"])
@pytest.mark.parametrize("verb", ["EHLO", "MAIL", "NOOP"])
def test_split(case: Case, verb: str, cut: str) -> None:
    """A command line that comes in several segments is one line, wherever it is cut."""
    client = case.client(BEFORE[verb])
    line = client.plain(verb)
    replies = count(client, *CUTS[cut](line.encode() + b"\r\n"), pause=0.005)
    if replies.before:
        rule = "line.waits" if cut == "before CR LF" else "line.bare-cr"
        raise client.breach("a line is answered before its end", "nothing yet", replies.codes, rule)
    if len(replies.all) != 1:
        raise miscounted(case, "a line in several segments", "one reply", replies)
    reply = replies.all[0]
    case.expect_accepted(reply, f"{line}, cut {cut}", [client], base=judged_by(verb, reply))


@pytest.mark.judges("line.waits", control={"pieces": [b"NOOP\r\n"]})
@pytest.mark.parametrize("pieces", [[b"NOOP", b"\r\n"]], ids=["apart"])
def test_waits(case: Case, pieces: list[bytes]) -> None:
    """NOOP is not answered before its CR LF has come, and then once."""
    client = case.client()
    replies = count(client, *pieces)
    if replies.before:
        raise client.breach("a command is answered before its line ends", "nothing yet", replies.codes)
    if len(replies.after) > 1:
        raise miscounted(case, "a command and its CR LF are answered one by one", "one reply", replies)


@pytest.mark.judges("line.bare-lf", control={"end": b" "})
@pytest.mark.parametrize("end", [b"\n"], ids=["LF"])
def test_bare_lf(case: Case, end: bytes) -> None:
    """NOOP with a bare LF is no command yet: no reply comes until a CR LF does, or a refusal, or a close."""
    client = case.client()
    replies = count(client, b"NOOP" + end, b"NOOP\r\n")
    early, accepted = ([reply for reply in some if reply.code == "250"] for some in (replies.before, replies.all))
    if early or len(accepted) > 1:
        raise miscounted(case, "NOOP with a bare LF is served", "no reply to it, or a 5yz", replies)


@pytest.mark.judges("line.bare-cr", control={"line": b"NOOP NOOP \r\n"})
@pytest.mark.parametrize("line", [b"NOOP\rNOOP\r\r\n"], ids=["two"])
def test_bare_cr(case: Case, line: bytes) -> None:
    """A bare CR ends no command: two NOOPs with a CR each, and then CR LF, get one reply at the most."""
    client = case.client()
    replies = count(client, line[:-2], line[-2:])
    if len(replies.all) > 1:
        raise miscounted(case, "a bare CR ends a command", "one reply at the most", replies)


@pytest.mark.judges("line.512", control={"octets": 40})
@pytest.mark.parametrize("octets", [512])
def test_512(case: Case, octets: int) -> None:
    """A line of 512 octets, its CR LF counted, is served as a short one is."""
    client = case.client()
    short, long = client.say("NOOP word"), client.say("NOOP ".ljust(octets - 2, "x"))
    if short.code != long.code and codes.refused(short):
        raise Skipped(f"NOOP with a word is refused: {shown(short)}")
    if short.code != long.code:
        case.expect_accepted(long, f"a line of {octets} octets", [client])


@pytest.mark.judges("line.longer")
@pytest.mark.parametrize("octets", [513, 1000, 2000])
def test_longer(case: Case, octets: int) -> None:
    """A longer line may be served or refused."""
    client = case.client()
    client.send(b"NOOP ".ljust(octets - 2, b"x") + b"\r\n")
    case.note(f"a line of {octets} octets: {codes.choice(client.hear_or_end())}", about=[client])


@pytest.mark.judges("line.long-tail", control={"octets": 72})
@pytest.mark.parametrize("octets", [2000])
def test_long_tail(case: Case, octets: int) -> None:
    """A line full of NOOPs is one line: it gets one reply, or a close, and its tail is never a command."""
    client = case.client()
    replies = count(client, b"NOOP " * ((octets - 2) // 5) + b"\r\n")
    if len(replies.all) > 1:
        raise miscounted(case, "a long line is answered more than once", "one reply, or a close", replies)


ENDLESS = 64 * 2**20
"""Octets of a line that does not end."""


@pytest.mark.judges("line.endless")
@pytest.mark.alone()
@pytest.mark.long
def test_endless(case: Case) -> None:
    """A line without end does not fill the server's memory, whatever else becomes of it."""
    if not case.tester.big or not case.server.processes():
        raise Skipped("not given: --big, and a server that the suite starts")
    case.server.restart({})  # what is measured is the highest since its start
    client = case.client()
    before = proc.memory(case.server.processes())
    client.send(b"NOOP ".ljust(ENDLESS, b"x"))
    grown = proc.memory(case.server.processes()) - before
    if grown > ENDLESS * 3 // 4:  # less may be what awaits a garbage collector
        raise client.breach("memory grows with a line that does not end", "as before", f"{grown >> 20} MiB more")


@pytest.mark.judges("cmd.required")
@pytest.mark.parametrize("verb", ["EHLO", "HELO", "MAIL", "RCPT", "DATA", "RSET", "NOOP", "QUIT"])
def test_required(case: Case, verb: str) -> None:
    """A command of the minimum, rightly used, is neither unknown nor unimplemented."""
    client = case.client(BEFORE[verb])
    known = case.learned  # of a server that lacks a command, the first look has not learned everything
    said = {
        "MAIL": f"MAIL FROM:<{known.get('sender', '')}>",
        "RCPT": f"RCPT TO:<{known.get('recipient', 'Postmaster')}>",
    }
    hails = verb in ("EHLO", "HELO")
    reply = client.say(client.hail(verb, case.client_name) if hails else said.get(verb, verb))
    if reply.code in ("500", "502"):
        raise client.breach(f"{verb} is not known", "any code but 500 and 502", reply.text)
    if reply.code == "354":
        client.content(client.message().data)


SPELLINGS: dict[str, Callable[[str], str]] = {
    "upper": str.upper,
    "lower": str.lower,
    "mixed": lambda words: "".join(word.upper() if at % 2 else word.lower() for at, word in enumerate(words)),
}


def spelled(line: str, spelling: str) -> str:
    """A line in another spelling, what it says of names and addresses left as it is."""
    head, mark, rest = line.partition("<" if "<" in line else " ")
    return SPELLINGS[spelling](head) + mark + rest


@pytest.mark.judges("cmd.case", control={"spelling": "upper"})
@pytest.mark.parametrize("spelling", ["lower", "mixed"])
@pytest.mark.parametrize("verb", ["EHLO", "HELO"])
def test_case(case: Case, verb: str, spelling: str) -> None:
    """Verbs, FROM: and TO: mean the same in upper and lower case."""
    client = case.client("greeted")
    reply = client.expect_accepted(spelled(client.plain(verb), spelling))
    if verb == "EHLO":
        client.hello = reply
        client.secure()
    for word in ("NOOP", "RSET", "MAIL", "RCPT", "DATA"):
        client.expect_accepted(spelled(client.plain(word), spelling))
    client.deliver_content(client.message())
    client.expect_accepted(spelled("QUIT", spelling))


@pytest.mark.judges("cmd.trailing-space", control={"spaces": 0})
@pytest.mark.parametrize("spaces", [2])
@pytest.mark.parametrize("verb", ["EHLO", "MAIL", "RCPT", "DATA", "RSET", "NOOP", "QUIT"])
def test_trailing_space(case: Case, verb: str, spaces: int) -> None:
    """Spaces before the CR LF change nothing."""
    client = case.client(BEFORE[verb])
    reply = client.say(client.plain(verb) + " " * spaces)
    case.expect_accepted(reply, f"{verb} with {spaces} spaces at its end", [client], base=judged_by(verb, reply))
    if reply.code == "354":
        client.content(client.message().data)


WHITE = {
    "a space before the verb": " NOOP",
    "a tab before the verb": "\tNOOP",
    "a tab after the verb": "NOOP\tword",
    "spaces after NOOP": "NOOP   word",
    "spaces after EHLO": "{hail}   name.example",
    "spaces after MAIL": "MAIL   FROM:<{}>",
    "a tab after MAIL": "MAIL\tFROM:<{}>",
}


@pytest.mark.judges("cmd.white")
@pytest.mark.parametrize("white", WHITE)
def test_white(case: Case, white: str) -> None:
    """White space before the verb, or more or other of it after the verb, may be taken or refused."""
    client = case.client("greeted" if "EHLO" in white else "ehlo")
    line = WHITE[white].replace("{}", case.sender if "{}" in WHITE[white] else "")
    client.send(line.replace("{hail}", client.hail("EHLO", "")).encode() + b"\r\n")
    case.note(f"{white}: {codes.choice(client.hear_or_end())}", about=[client])


@pytest.mark.judges("cmd.unknown")
@pytest.mark.parametrize("line", ["FROB", "FROB with words", "NOOPS", "FR", "CONFORMANCE TEST"])
def test_unknown(case: Case, line: str) -> None:
    """A verb that there is not is refused."""
    case.client().expect_refused(line)


@pytest.mark.judges("cmd.unknown-500")
@pytest.mark.parametrize("line", ["FROB", "XFROB", "FROB with words"])
def test_unknown_500(case: Case, line: str) -> None:
    """A verb that the server does not know is refused with 500."""
    client = case.client()
    reply = client.expect_refused(line, "cmd.unknown")
    if reply.code.startswith("50") and reply.code != "500":
        raise client.breach("not the code for an unknown verb", "500", reply.text)


@pytest.mark.judges("cmd.empty", control={"line": "XFROB"})
@pytest.mark.parametrize("line", [""], ids=["empty"])
def test_empty(case: Case, line: str) -> None:
    """An empty line is refused, and the session goes on."""
    client = case.client()
    replies = count(client, line.encode() + b"\r\n")
    wrong = {
        "an empty line is passed over": not replies.all,
        "an empty line is not refused": any(not codes.refused(reply) for reply in replies.all),
        "the server leaves after an empty line": not replies.goodbye,
    }
    if why := next((why for why, so in wrong.items() if so), ""):
        base = "cmd.unknown" if replies.goodbye else "close.error"
        raise case.breach(case.main, why, "5yz, and 221 to QUIT", replies.codes, base, [client])


BEYOND_ASCII = {
    "EHLO": "{hail} h\xe9llo.example",
    "MAIL": "MAIL FROM:<h\xe9llo@{domain}>",
    "RCPT": "RCPT TO:<h\xe9llo@{domain}>",
    "NOOP": "N\xd6\xd6P",
}


@pytest.mark.judges("cmd.8bit", control={"verb": "XFROB"})
@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
@pytest.mark.parametrize("verb", BEYOND_ASCII)
def test_8bit(case: Case, verb: str, encoding: str) -> None:
    """Octets above 127 in a verb, a name or an address are refused where SMTPUTF8 is not used."""
    client = case.client(BEFORE.get(verb, "ehlo"))
    domain = case.domain if verb in ("MAIL", "RCPT") else ""
    if domain and encoding == "utf-8" and "SMTPUTF8" in client.keywords:
        raise Skipped("announced: SMTPUTF8, and then utf8.without judges UTF-8 that did not ask for it")
    line = BEYOND_ASCII.get(verb, verb).replace("{domain}", domain).replace("{hail}", client.hail("EHLO", ""))
    client.send(line.encode(encoding) + b"\r\n")
    reply = client.hear_or_end()
    if reply is None:
        raise case.breach(case.main, "the server leaves", "a refusal", "a close", "close.error", [client])
    if not codes.refused(reply):
        raise case.breach(case.main, "octets above 127", "a refusal", reply.text, "cmd.unknown", [client])


CONTROLS = {"NUL": "\0", "SOH": "\x01", "BEL": "\a", "ESC": "\x1b", "DEL": "\x7f"}


@pytest.mark.judges("cmd.control")
@pytest.mark.parametrize("verb", ["MAIL", "RCPT"])
@pytest.mark.parametrize("control", CONTROLS)
def test_control(case: Case, verb: str, control: str) -> None:
    """A path with a control character in it is refused."""
    client = case.client(BEFORE[verb])
    client.send(client.plain(verb).replace("<", "<a" + CONTROLS[control]).encode() + b"\r\n")
    reply = client.hear_or_end()
    if reply and not codes.refused(reply):
        raise client.breach(f"{control} in a path", "refused", reply.text)


@pytest.mark.judges("args.missing")
@pytest.mark.parametrize(
    "line", ["EHLO", "HELO", "MAIL", "RCPT", "VRFY", "MAIL FROM:", "RCPT TO:", "MAIL TO:<{recipient}>"]
)
def test_missing(case: Case, line: str) -> None:
    """A command without the argument that it needs, or with another's, is refused."""
    client = case.client(BEFORE[line[:4]])
    line = client.hail(line, "") if line in ("EHLO", "HELO") else line
    client.expect_refused(line.replace("{recipient}", case.recipient) if "{" in line else line)


@pytest.mark.judges("args.data")
def test_data_with_an_argument(case: Case) -> None:
    """DATA with an argument is refused, and the next line is a command again."""
    client = case.client("rcpt")
    client.expect_refused("DATA x")
    client.send(b"NOOP\r\n")
    if client.hear_within(case.patient) is None and not client.ended:
        raise client.breach("DATA is refused, and the message is waited for", "a reply to NOOP", "none")


@pytest.mark.judges("args.surplus")
@pytest.mark.parametrize("verb", ["RSET", "QUIT"])
def test_surplus(case: Case, verb: str) -> None:
    """An argument of a command that has none is refused."""
    case.client(BEFORE[verb]).expect_refused(f"{verb} x")
