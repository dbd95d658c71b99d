"""Who is blamed for what a shrunk conversation shows, row by row, and what is wrong with mail that was delivered."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.harness.vocabulary import Vocabulary
from conformance.rfc5321 import model
from conformance.rfc5321.codes import Sense
from conformance.rfc5321.model import Phase, State
from conformance.rfc5321.profile import PROFILE
from conformance.rfc5321.saying import Said
from conformance.rfc5321.search.blame import BASE, LEFT, TAKEN, UNWANTED_BDAT, MailFailure, Told, at_once, cause_of
from conformance.rfc5321.search.conversation import Step
from conformance.rfc5321.search.player import JUDGED
from conformance.rfc5321.search.post import Draft, Post, chunk_begin, differs
from conformance.stores.message import stored
from tests.rfc5321.search.hunting import OWN

A, SYNTAX, ORDER, POLICY = Sense.ACCEPTED, Sense.SYNTAX, Sense.ORDER, Sense.POLICY
START, READY, SENDER, RECIPIENT, TEXT = Phase.START, Phase.READY, Phase.SENDER, Phase.RECIPIENT, Phase.TEXT
CHUNKS = Phase.CHUNKS
HELLO, MAIL, RCPT = (("EHLO", START, A), ("MAIL", READY, A), ("RCPT", SENDER, A))
END = ("end of data", TEXT, A)


def told(rows: tuple[tuple[str, Phase, Sense | None], ...]) -> tuple[Told, ...]:
    return tuple(
        Told(0, place, Said(verb), frozenset({phase}), sense) for place, (verb, phase, sense) in enumerate(rows)
    )


def blamed(said: tuple[Told, ...], what: str = "", leave: str = "", omitted: int = 0) -> str:
    requirement = LEFT[what] if what else at_once(said[-1])
    steps = tuple(Step(0) for _ in said) + ((Step(0, leave=leave, omitted=omitted),) if leave else ())
    step = len(said) - 1
    failure = MailFailure(requirement, "wrong", "right", "wrong", step, what, bool(what), told=said)
    return cause_of(steps, failure).requirement


def test_what_was_said_is_no_part_of_a_failures_sign() -> None:
    said = [
        Told(0, 1, Said("RCPT"), frozenset({SENDER}), None, together=size, text=text)
        for size, text in ((2, b"a"), (3, b"b"), (1, b"a"), (1, b"b"))
    ]
    signs = [MailFailure("reply.one", f"no reply to {one.text!r}", "one", "none", 1, told=(one,)).sign for one in said]
    assert signs[0] == signs[1] != signs[2] == signs[3]


REPLIES = {
    "RSET keeps the recipients": ("rset.clears", (HELLO, MAIL, RCPT, ("RSET", RECIPIENT, A), ("RCPT", READY, A))),
    "RSET keeps the sender": ("rset.clears", (HELLO, MAIL, ("RSET", SENDER, A), ("MAIL", READY, ORDER))),
    "RSET forgets EHLO": ("rset.keeps-ehlo", (HELLO, ("RSET", READY, A), ("MAIL", READY, ORDER))),
    "EHLO keeps the sender": ("ehlo.resets", (HELLO, MAIL, ("EHLO", SENDER, A), ("RCPT", READY, A))),
    "a refused EHLO resets": ("ehlo.refused-keeps", (HELLO, MAIL, ("EHLO", SENDER, SYNTAX), ("RCPT", SENDER, ORDER))),
    "a refused RCPT resets": ("rcpt.refused-keeps", (HELLO, MAIL, ("RCPT", SENDER, POLICY), ("RCPT", SENDER, ORDER))),
    "a nested MAIL resets": (
        "mail.nested",
        (HELLO, MAIL, ("MAIL", SENDER, ORDER), ("RCPT", SENDER, ORDER)),
    ),
    "an error resets": ("order.error-keeps", (HELLO, MAIL, ("unknown", SENDER, SYNTAX), ("RCPT", SENDER, ORDER))),
    "an error resets where chunks have come": (
        "order.error-keeps",
        (HELLO, MAIL, RCPT, ("BDAT", RECIPIENT, A), ("unknown", CHUNKS, SYNTAX), ("BDAT", CHUNKS, ORDER)),
    ),
    "a VRFY that is refused resets": (
        "order.neutral",
        (HELLO, MAIL, ("VRFY", SENDER, POLICY), ("RCPT", SENDER, ORDER)),
    ),
    "a message leaves its recipients": (
        "order.no-carry",
        (HELLO, MAIL, RCPT, END, ("DATA", READY, Sense.INTERMEDIATE)),
    ),
    "a message leaves its sender, who is given recipients": (
        "data.after",
        (HELLO, MAIL, RCPT, END, ("RCPT", READY, A)),
    ),
    "VRFY resets": ("order.neutral", (HELLO, MAIL, ("VRFY", SENDER, A), ("RCPT", SENDER, ORDER))),
    "VRFY forgets EHLO": (
        "order.neutral",
        (HELLO, MAIL, ("VRFY", SENDER, A), RCPT, END, ("MAIL", READY, ORDER)),
    ),
    "a message leaves its sender": ("data.after", (HELLO, MAIL, RCPT, END, ("MAIL", READY, ORDER))),
    "a chunk refused before MAIL": (
        "data.354",
        (HELLO, ("BDAT", READY, ORDER), MAIL, RCPT, ("DATA", RECIPIENT, ORDER)),
    ),
    "a chunk refused in a transaction": (
        "bdat.refused-eats",
        (HELLO, MAIL, ("BDAT", SENDER, ORDER), RCPT, ("DATA", RECIPIENT, ORDER)),
    ),
    "nothing special": ("rcpt.250", (HELLO, MAIL, ("RCPT", SENDER, SYNTAX))),
    "RCPT is taken first": ("rcpt.before-mail", (HELLO, ("RCPT", READY, A))),
    "an unknown verb is taken": ("cmd.unknown", (HELLO, ("unknown", READY, A))),
    "a refused chunk runs": ("bdat.refused-eats", (HELLO, MAIL, ("BDAT", SENDER, ORDER), ("unasked", SENDER, None))),
}


@pytest.mark.parametrize(("wanted", "rows"), REPLIES.values(), ids=REPLIES)
def test_a_wrong_answer_is_put_down_to_the_past_that_it_needs(
    wanted: str, rows: tuple[tuple[str, Phase, Sense | None], ...]
) -> None:
    assert blamed(told(rows)) == wanted


@pytest.mark.parametrize(
    ("last", "wanted"),
    [
        (Told(0, 0, Said("RCPT"), frozenset({SENDER}), None, cut="-1"), "line.split"),
        (Told(0, 0, Said("end of data"), frozenset({TEXT}), None, cut="CR"), "data.eod"),
        (Told(0, 0, Said("BDAT"), frozenset({RECIPIENT}), None, cut="half"), "bdat.split"),
        (Told(0, 0, Said("RCPT"), frozenset({SENDER}), ORDER, together=3), "pipe.group"),
        (Told(0, 0, Said("DATA"), frozenset({RECIPIENT}), ORDER, together=2), "pipe.data-iff"),
        (Told(0, 0, Said("RCPT", odd=("cmd.case",)), frozenset({SENDER}), SYNTAX), "cmd.case"),
        (Told(0, 0, Said("MAIL", parameters=("size.mail",)), frozenset({READY}), SYNTAX), "size.mail"),
    ],
)
def test_a_wrong_answer_is_put_down_to_how_its_line_was_sent(last: Told, wanted: str) -> None:
    assert blamed((last,)) == wanted


MAILS = {
    "dots": ("data.unstuff", "dots", (HELLO, MAIL, RCPT, END), ""),
    "a lost connection": ("close.lost-data", "unwanted", (HELLO, MAIL, RCPT), "close"),
    "no end before QUIT": ("quit.aborts", "unwanted", (HELLO, MAIL, RCPT), ""),
    "a refused text": ("data.refused-gone", "unwanted", (HELLO, MAIL, RCPT, ("end of data", TEXT, POLICY)), ""),
    "a nested sender": ("mail.nested", "sender", (HELLO, MAIL, RCPT, ("MAIL", RECIPIENT, ORDER), END), ""),
    "other recipients": ("order.no-carry", "more recipients", (HELLO, MAIL, RCPT, END), ""),
}


@pytest.mark.parametrize(("wanted", "what", "rows", "leave"), MAILS.values(), ids=MAILS)
def test_wrong_mail_is_put_down_to_what_led_to_it(
    wanted: str, what: str, rows: tuple[tuple[str, Phase, Sense | None], ...], leave: str
) -> None:
    assert blamed(told(rows), what, leave) == wanted


@pytest.mark.parametrize(("omitted", "wanted"), [(1, "close.lost-dot"), (2, "close.lost-dot"), (4, "close.lost-data")])
def test_an_end_cut_short_is_told_from_a_text_cut_short(omitted: int, wanted: str) -> None:
    assert blamed(told((HELLO, MAIL, RCPT)), "unwanted", "close", omitted) == wanted


def test_what_was_not_shrunk_is_put_down_to_nothing_special() -> None:
    said = told((HELLO, MAIL, RCPT, ("RSET", RECIPIENT, A), ("RCPT", READY, A)))
    failure = MailFailure(at_once(said[-1]), "wrong", "right", "wrong", 4, told=said)
    cause = cause_of(tuple(Step(0) for _ in said), failure, shrunk=False)
    assert cause.requirement == "rcpt.before-mail" and "rset.clears" in cause.suspects


TEXT_SENT = Told(0, 3, Said("end of data"), frozenset({TEXT}), None, size=90, text=b"t\r\n")


@pytest.mark.parametrize(
    ("end", "also", "explained"),
    [
        (TEXT_SENT, (), ()),
        (replace(TEXT_SENT, size=3, text=b""), (), ("data.eod-first",)),
        (replace(TEXT_SENT, text=b"ends in a dot.\r\n"), (), ("data.eod-only",)),
        (replace(TEXT_SENT, text=b"QUIT\r\nRSET\r\n"), (), ("data.not-commands",)),
        (TEXT_SENT, (RCPT,), ("data.partial",)),
        (TEXT_SENT, (RCPT,) * 5, ("data.partial", "rcpt.100", "rcpt.limit-order")),
    ],
)
def test_a_breach_elsewhere_explains_what_its_own_text_or_so_many_recipients_led_to_alone(
    end: Told, also: tuple[tuple[str, Phase, Sense | None], ...], explained: tuple[str, ...]
) -> None:
    of_texts = {"data.eod-first", "data.eod-only", "data.not-commands", "data.whole"}
    of_recipients = {"data.partial", "rcpt.100", "rcpt.limit-order"}
    before = told((HELLO, MAIL, RCPT, *also))
    said = (*before, replace(end, step=len(before)))
    failure = MailFailure("reply.one", "wrong", "right", "wrong", len(before), told=said)
    suspects = cause_of(tuple(Step(0) for _ in said), failure).suspects
    assert sorted(suspects & (of_texts | of_recipients)) == list(explained)


def test_only_requirements_of_the_ledger_are_named() -> None:
    ledger = PROFILE.ledger(OWN)
    names = {*JUDGED, *BASE.values(), *TAKEN.values(), *LEFT.values(), *UNWANTED_BDAT.values()}
    assert names <= set(ledger)
    assert set(BASE) <= set(model.TABLE)


def draft_in(post: Post, body: bytes = b"t\r\n.x\r\n", sender: str = "a@b.example") -> Draft:
    draft = post.begin(body, 2)
    post.hears_of(Said("MAIL", sender))
    post.hears_of(Said("RCPT", "u@d.example"))
    post.answered(draft, True, frozenset({State(TEXT, True, sender, ("u@d.example",))}))
    return draft


def copy_of(draft: Draft, body: bytes, sender: str = "a@b.example", recipient: str = "u@d.example") -> bytes:
    trace = f"Return-Path: <{sender}>\r\nDelivered-To: {recipient}\r\n".encode()
    return trace + chunk_begin(draft) + body


@pytest.mark.parametrize(
    ("body", "sender", "recipient", "what"),
    [
        (b"t\r\n.x\r\n", "a@b.example", "u@d.example", ""),
        (b"t\r\n.x\r\n", "rewritten@elsewhere.example", "u@d.example", ""),
        (b"t\r\n..x\r\n", "a@b.example", "u@d.example", "dots"),
        (b"u\r\n.x\r\n", "a@b.example", "u@d.example", "text"),
        (b"t\r\n.x\r\n", "c@b.example", "u@d.example", "sender"),
        (b"t\r\n.x\r\n", "a@b.example", "v@d.example", "more recipients"),
    ],
)
def test_a_copy_is_compared_with_what_was_sent(body: bytes, sender: str, recipient: str, what: str) -> None:
    post = Post(Vocabulary(1, "test"), "a@b.example")
    draft = draft_in(post)
    post.hears_of(Said("MAIL", "c@b.example"))
    post.hears_of(Said("RCPT", "v@d.example"))
    wrong = differs(draft, [stored(copy_of(draft, body, sender, recipient))], post, frozenset())
    assert (wrong.what if wrong else "") == what


@pytest.mark.parametrize(
    ("line", "stored_as", "what"),
    [
        (b"." * 998, b"." * 989 + b"\r\n" + b"." * 9, "long"),
        (b"." * 998, b"." * 997, "dots"),
        (b"." * 998, b"." * 999, "dots"),
        (b"." + b"x" * 997, b"x" * 997, "dots"),
        (b"." + b"x" * 997, b".." + b"x" * 997, "dots"),
        (b"." + b"x" * 997, b"." + b"x" * 989 + b"!\r\n" + b"x" * 8, "long"),
    ],
    ids=["dots-cut", "a-dot-too-few", "a-dot-too-many", "begin-lost", "begin-doubled", "cut"],
)
def test_a_long_line_that_begins_with_a_dot_is_told_by_where_it_differs(
    line: bytes, stored_as: bytes, what: str
) -> None:
    post = Post(Vocabulary(1, "test"), "a@b.example")
    draft = draft_in(post, line + b"\r\n")
    wrong = differs(draft, [stored(copy_of(draft, stored_as + b"\r\n"))], post, frozenset())
    assert wrong and wrong.what == what


def test_a_recipient_in_quotes_that_change_nothing_is_the_same_one() -> None:
    """As Postfix tells it: the copy for `"u"` says that it is for `u`, who was named in another transaction, too."""
    post = Post(Vocabulary(1, "test"), "a@b.example")
    draft = draft_in(post)
    draft.envelopes = frozenset({("a@b.example", ('"u"@D.example',))})
    copy = stored(copy_of(draft, draft.message.body))
    assert differs(draft, [copy], post, frozenset({"u@d.example"})) is None
    post.hears_of(Said("RCPT", '"v"@d.example'))
    wrong = differs(draft, [stored(copy_of(draft, draft.message.body, recipient="v@d.example"))], post, frozenset())
    assert wrong and wrong.what == "more recipients"


def test_fewer_recipients_are_a_fault_only_where_each_was_seen_to_have_a_copy() -> None:
    post = Post(Vocabulary(1, "test"), "a@b.example")
    draft = draft_in(post)
    draft.envelopes = frozenset({("a@b.example", ("u@d.example", "v@d.example"))})
    copies = [stored(copy_of(draft, draft.message.body))]
    assert differs(draft, copies, post, frozenset()) is None
    wrong = differs(draft, copies, post, frozenset({"u@d.example", "v@d.example"}))
    assert wrong and wrong.what == "fewer recipients"


def test_a_message_whose_parts_are_not_known_for_sure_is_not_judged() -> None:
    post = Post(Vocabulary(1, "test"), "a@b.example")
    vague, lost = post.begin(b"t\r\n", 0), post.begin(b"t\r\n", 0)
    vague.vague = True
    post.answered(vague, True, frozenset())
    assert post.taken == [] and post.unwanted == [lost]
    assert replace(vague).fate == "sent"
