"""The parts of the standard's load: messages, the register, what is right, and where mail is looked up."""

from __future__ import annotations

import json
import os
import ssl
import tempfile
from collections import Counter
from pathlib import Path

import pytest

from conformance.history import Fate, Seen, check
from conformance.load.options import Options
from conformance.load.profile import Move, Step
from conformance.load.secure import Secure
from conformance.rfc5321.load.dialogue import Dialogue, announced
from conformance.rfc5321.load.letters import Letters
from conformance.rfc5321.load.lines import END_LINE, LAST_LINE, LOOSE_END_LINE, Lines, fault
from conformance.rfc5321.load.register import Became, Record, Register
from conformance.rfc5321.load.session import Session
from conformance.rfc5321.load.standard import Standard, login
from conformance.rfc5321.load.store import SLOTS, Mail
from conformance.rfc5321.model import GREETED, Phase, State, States
from conformance.rfc5321.search.words import Book
from conformance.stores.files import Maildir
from conformance.stores.message import Stored, stored
from conformance.stores.store import MailStore, StoreError

TO = ("one@a.example", "two@a.example")
BOOK = Book("[127.0.0.1]", "me@a.example", TO, ("nobody@a.example",), frozenset({"PIPELINING", "SIZE", "8BITMIME"}))
READY: States = frozenset({State(Phase.READY, True)})
RECIPIENT: States = frozenset({State(Phase.RECIPIENT, True, "", ("",))})
TEXT: States = frozenset({State(Phase.TEXT, True, "", ("",))})
LETTERS = Letters(1, "run1")
LINES = Lines(BOOK)


def test_message_is_known_again_however_its_line_ends_are_stored() -> None:
    for body in (*LETTERS.bodies, *LETTERS.eight_bit, *LETTERS.large):
        letter = LETTERS.write(7, 3, b"me@a.example", body)
        for raw in (letter.content, letter.content + b"\r\n", b"Received: x\r\n" + letter.content):
            found = LETTERS.read(raw)
            assert found == (7, True, "me@a.example", letter.fingerprint)


def test_message_that_was_changed_or_cut_or_mixed_is_seen() -> None:
    first, second = (LETTERS.write(at, 0, b"", LETTERS.bodies[at]) for at in (1, 2))
    for raw in (
        first.content + b"more\r\n",
        first.head + second.body.text,
        first.content[: len(first.head) + 3] + b"\r\n",
        first.content.replace(b"e", b"E"),
    ):
        found = LETTERS.read(raw)
        assert found is None or found.fingerprint != first.fingerprint
    assert LETTERS.read(Letters(1, "run2").write(1, 0, b"", LETTERS.bodies[0]).content) is None


def test_message_that_is_left_says_so() -> None:
    found = LETTERS.read(LETTERS.write(5, 0, b"", LETTERS.bodies[0], ended=False).content)
    assert found and not found.ended


def test_register_remembers_on_the_disk() -> None:
    with tempfile.TemporaryFile() as file:
        register = Register(file)
        assert [register.number() for _ in range(20_000)][-1] == 20_000 and not register.any_taken
        register.keep(3, Became.TAKEN, 0b11, 77)
        register.keep(20_000, Became.TAKEN, 1, 2**32 - 1)
        register.keep(4, Became.REFUSED)
        assert register.get(3) == Record(77, 0b11, Became.TAKEN) and register.any_taken
        assert [register.get(number).became for number in (0, 4, 5, 20_001)] == [0, Became.REFUSED, 0, 0]
        assert [number for number, _ in register.taken()] == [3, 20_000]
        register.keep(10**12, Became.TAKEN, 1, 5)
        assert register.get(10**12) == Record(5, 1, Became.TAKEN) and register.get(10**12 + 1).became == 0
        assert [number for number, _ in register.taken()] == [3, 20_000, 10**12] and not register.take()
        assert os.fstat(file.fileno()).st_size < 2**20
    assert Register(None).get(1).became is Became.NOT_TOLD and list(Register(None).taken()) == []


def test_register_of_a_worker_is_told_to_another_process() -> None:
    workers = [Register(None, worker) for worker in (1, 2)]
    numbers = [worker.number() for worker in workers]
    assert numbers[0] != numbers[1]
    for worker, number in zip(workers, numbers, strict=True):
        worker.keep(number, Became.TAKEN, 1, number // 10**9)
    workers[0].keep(workers[0].number(), Became.REFUSED)
    with tempfile.TemporaryFile() as file:
        books = Register(file)
        for worker in workers:
            books.enter(json.loads(json.dumps(worker.take())))
            assert not worker.take()
        assert [(number, found.fingerprint) for number, found in books.taken()] == list(
            zip(numbers, (1, 2), strict=True)
        )
        assert books.get(numbers[0] + 1).became == Became.REFUSED


def test_message_whose_last_chunk_was_sent_may_arrive_whatever_is_heard_of_it() -> None:
    last = Step(LAST_LINE, b"BDAT 0 LAST\r\n", None, b"2 7", True)
    with tempfile.TemporaryFile() as file:
        register = Register(file)
        for number, move in ((1, Move((), ())), (2, Move((last,), (last.data,)))):
            session = Session(LINES, register, chunked=number)
            session.says(move)
            session.give_up()
        assert [register.get(number).became for number in (1, 2)] == [Became.GIVEN_UP, Became.NOT_TOLD]


@pytest.mark.parametrize(
    ("states", "line", "reply", "wrong"),
    [
        (GREETED, b"EHLO [127.0.0.1]", b"250-a.example\r\n250-SIZE 5\r\n250 HELP", ""),
        (GREETED, b"EHLO [127.0.0.1]", b"250-a.example\r\n251 HELP", "reply.multiline"),
        (READY, b"MAIL FROM:<me@a.example>", b"250 ok", ""),
        (READY, b"MAIL FROM:<me@a.example>", b"550 5.7.1 not you", ""),
        (READY, b"MAIL FROM:<me@a.example>", b"451 later", ""),
        (READY, b"MAIL FROM:<me@a.example>", b"503 no", "mail.250"),
        (READY, b"MAIL FROM:<me@a.example>", b"501 what", "mail.250"),
        (READY, b"RSET", b"530 5.7.0 TLS first", ""),
        (READY, b"DATA", b"354 go", ""),
        (READY, b"DATA", b"250 taken", "data.354"),
        (RECIPIENT, b"DATA", b"354 go", ""),
        (RECIPIENT, b"QUIT", b"221", ""),
        (RECIPIENT, b"QUIT", b"221 \xff", "reply.ascii"),
        (RECIPIENT, b"QUIT", b"2210 bye", "reply.form"),
        (RECIPIENT, b"QUIT", b"bye", "reply.form"),
        (TEXT, END_LINE, b"554 5.6.0 odd", "data.250"),
        (TEXT, END_LINE, b"554 5.7.1 spam", ""),
        (TEXT, LOOSE_END_LINE, b"554 odd", ""),
        (TEXT, END_LINE, b"421 leaving", ""),
    ],
)
def test_replies_are_judged_by_the_model(states: States, line: bytes, reply: bytes, wrong: str) -> None:
    known = [*LINES.hello, *LINES.mail, *LINES.rset, *LINES.data, *LINES.quit]
    step = next((one for one in known if one.line == line), LINES.starttls._replace(line=line))
    for _ in range(2):  # the second time from memory
        judged = LINES.judge(states, step, reply)
        assert (judged.verdict.rule if judged.verdict.wrong else "") == wrong
        assert judged.verdict.over == (reply[:3] in (b"421", b"221") and not wrong)
        assert judged.taken == (reply[:1] in b"23" and not wrong)


def test_deviations_are_refused_by_most_servers_and_right_lines_are_not() -> None:
    for phase in (Phase.START, Phase.READY, Phase.SENDER, Phase.RECIPIENT):
        assert len(LINES.wrong[phase]) > 5
    mail = {step.line for step in LINES.mail}
    assert b"MAIL FROM:<>" in mail and any(b" SIZE=9999" in line for line in mail)
    assert not mail & {step.line for step in LINES.wrong[Phase.READY]}
    assert mail & {step.line for step in LINES.wrong[Phase.RECIPIENT]}
    assert all(b"SUCCESS" not in step.line for some in LINES.rcpt for step in some)


def test_shape_of_a_reply() -> None:
    assert fault(b"250 ok") == fault(b"220-a\r\n220-b\r\n220 c") == ("", "")
    assert fault(b"650 ok")[0] == "reply.digit" and fault(b"")[0] == "reply.form"


def test_what_is_announced() -> None:
    reply = b"250-a.example says\r\n250-size 100000\r\n250-AUTH LOGIN PLAIN\r\n250-XODD\r\n250 pipelining"
    assert announced(reply) == {"SIZE", "small", "AUTH PLAIN", "PIPELINING"}
    assert announced(b"250-a\r\n250-SIZE\r\n250 AUTH LOGIN") == {"SIZE"}


def dialogues(seed: int) -> list[Dialogue]:
    profile = Standard(BOOK, Options(("127.0.0.1", 25), seed=seed), 30.0, None)
    return [profile.dialogue(at, True) for at in range(3)]


def conversation(dialogue: Dialogue) -> list[bytes]:
    """What a client says to a server that takes all that the model lets it, in the plainest words."""
    said = []
    dialogue.begin(b"220 a.example")
    for _ in range(300):
        move = dialogue.next()
        said.append(b"".join(move.pieces))
        for step in move.steps:
            due = (b"250-a.example\r\n250-PIPELINING\r\n250 CHUNKING", b"354 go", b"503 no", b"501 no", b"221 bye")
            codes = [code for code in due if not LINES.judge(dialogue.state, step, code).verdict.wrong]
            verdict = dialogue.judge(step, codes[0])
            assert not verdict.wrong
            if verdict.over:
                dialogue.begin(b"220 a.example")
    return said


def without_marks(said: list[bytes]) -> list[bytes]:
    return [line.partition(b"BDAT")[0] for line in said if not line.startswith(b"From:")]


def test_same_seed_same_conversation() -> None:
    first, again, other = (conversation(dialogues(seed)[1]) for seed in (1, 1, 2))
    assert without_marks(first) == without_marks(again) != without_marks(other)
    verbs = Counter(line[:4].upper() for line in first)
    assert verbs[b"MAIL"] > 20 < verbs[b"RCPT"] and verbs[b"DATA"] > 5
    assert any(line.count(b"\r\n") > 2 and line[:4] == b"MAIL" for line in first)  # in groups as well


def test_login_is_not_logged() -> None:
    step = login("me", "open-sesame")
    assert step.data == b"AUTH PLAIN AG1lAG9wZW4tc2VzYW1l\r\n" and b"AG1l" not in step.shown + step.line


class Shelf(MailStore):
    """A store of copies, each in somebody's mailbox."""

    def __init__(self, *copies: Stored) -> None:
        super().__init__(final=True)
        self.copies = copies

    def find(self, mark: bytes) -> list[Stored]:
        return [copy for copy in self.copies if mark in copy.raw]


def copy(number: int, *to: str, sender: str = "me@a.example", sent: bytes = b"", sink: bool = False) -> Stored:
    content = LETTERS.write(number, 0, b"me@a.example", LETTERS.bodies[number]).content + sent
    if sink:
        return Stored(content, content, sender, to)
    trace = f"Return-Path: <{sender}>\r\n" + "".join(f"Delivered-To: {one}\r\n" for one in to)
    return stored(trace.encode() + content)


def judged(*copies: Stored, taken: dict[int, int], refused: tuple[int, ...] = ()) -> Counter[str]:
    """What is said of copies, where messages were taken for recipients, a bit each, or refused."""
    with tempfile.TemporaryFile() as file:
        register = Register(file)
        for number, to in taken.items():
            letter = LETTERS.write(number, 0, b"me@a.example", LETTERS.bodies[number])
            register.keep(number, Became.TAKEN, to, letter.fingerprint)
        for number in refused:
            register.keep(number, Became.REFUSED)
        mail = Mail(Shelf(*copies), LETTERS, register, TO, 0.0)
        mail.settle()
        met = list(check(mail, mail.entries(), ordered=False))
        names = Counter(one.fate.name.lower() for one in met)
        names += Counter("sender" for one in met for _ in (one.entry.faults if one.entry else ()))
        lost = [mail.name(one.number) for one in met if one.fate is Fate.LOST]
        assert all("of run run1" in name for name in lost)
        return names


def test_each_recipient_has_a_copy() -> None:
    copies = [copy(1, TO[0]), copy(2, TO[1]), copy(3, TO[0]), copy(3, TO[1].upper())]
    assert judged(*copies, taken={1: 1, 2: 2, 3: 3}) == {"whole": 4}
    assert judged(*copies[:3], taken={1: 1, 2: 2, 3: 3}) == {"whole": 3, "lost": 1}
    assert judged(*copies, copy(2, TO[1]), taken={1: 1, 2: 2, 3: 3}) == {"whole": 4, "doubled": 1}
    assert judged(*copies, copy(2, TO[0]), taken={1: 1, 2: 2, 3: 3}) == {"whole": 4, "stray": 1}


def test_altered_refused_unended_and_of_another_sender() -> None:
    taken = {1: 1, 2: 2}
    assert judged(copy(1, TO[0], sent=b"more\r\n"), copy(2, TO[1]), taken=taken) == {"altered": 1, "whole": 1}
    assert judged(copy(1, TO[0]), copy(4, TO[0]), taken={1: 1}, refused=(4,)) == {"whole": 1, "refused": 1}
    assert judged(copy(1, TO[0], sender="x@y.example"), taken={1: 1}) == {"whole": 1, "sender": 1}
    assert judged(copy(1, TO[0]), copy(5, TO[0]), taken={1: 1}) == {"whole": 1, "unacknowledged": 1}
    left = LETTERS.write(6, 0, b"", LETTERS.bodies[0], ended=False).content
    assert judged(copy(1, TO[0]), stored(b"Delivered-To: x\r\n" + left), taken={1: 1}) == {"whole": 1, "unended": 1}


def test_recipients_may_share_a_mailbox() -> None:
    shared = "all@a.example"
    copies = [copy(1, shared), copy(2, shared), copy(3, shared)]
    assert judged(*copies, taken={1: 1, 2: 2, 3: 3}) == {"whole": 3}
    assert judged(*copies, copy(3, shared), taken={1: 1, 2: 2, 3: 3}) == {"whole": 3, "doubled": 1}


def test_store_that_does_not_tell_whose_a_copy_is() -> None:
    copies = [copy(1), copy(2), copy(3), copy(3)]
    assert judged(*copies, taken={1: 1, 2: 2, 3: 3}) == {"whole": 2, "foreign": 2}


def test_one_copy_may_say_that_it_is_for_several() -> None:
    both = stored(b"X-RcptTo: " + ", ".join(TO).encode() + b"\r\n" + copy(3).octets.partition(b"\r\n")[2])
    one = stored(b"X-RcptTo: " + TO[0].encode() + b"\r\n" + copy(1).octets.partition(b"\r\n")[2])
    assert judged(one, both, taken={1: 1, 3: 3}) == {"whole": 3}
    assert judged(one, taken={1: 1, 3: 3}) == {"whole": 1, "lost": 2}


def test_sink_has_one_copy_for_several() -> None:
    copies = [copy(1, TO[0], sink=True), copy(2, TO[1], sink=True), copy(3, *TO, sink=True)]
    assert judged(*copies, taken={1: 1, 2: 2, 3: 3}) == {"whole": 4}


def test_numbers_that_were_seen() -> None:
    seen = Seen()
    numbers = (0, 7, 8, 2**15 - 1, 2**15, 10**15, 5 * SLOTS)
    assert [seen.add(number) for number in (*numbers, *numbers)] == [False] * 7 + [True] * 7
    assert seen.count == 7 and 7 in seen and 9 not in seen and 10**9 not in seen


def test_every_message_of_a_maildir_is_read_however_many_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("conformance.stores.files.MOST_FILES", 3)
    (tmp_path / "new").mkdir()
    for number in range(10):
        (tmp_path / "new" / f"{number}").write_bytes(b"Subject: x\n\nmark\n" if number else b"Subject: x\n\n")
    store = Maildir(tmp_path)
    assert len(list(store.every(b"mark"))) == 9 and len(store.find(b"mark")) <= 3
    with pytest.raises(StoreError):
        list(Maildir(tmp_path / "none").every(b"mark"))


def test_tls_without_a_socket() -> None:
    client = Secure(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), "a.example")
    assert client.begin()[:1] == b"\x16" and not client.established
    with pytest.raises(ssl.SSLError):
        client.hear(b"220 no TLS here\r\n" * 3)
