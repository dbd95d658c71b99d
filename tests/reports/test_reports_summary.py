"""What is selected from a run: each broken requirement once, by the case that shows it best."""

from dataclasses import replace

from reports.results import Entry, Results
from reports.summary import Group, facts, few, hidden, summarize
from reports.transcript import lines


def test_a_requirement_is_shown_once_by_its_shortest_transcript(results: Results) -> None:
    """Seven cases fail for it; the one with eight entries is shown, the others are named."""
    breach = next(breach for breach in summarize(results).failed if breach.requirement.id == "mail.nested")
    assert breach.case is not None
    assert breach.case.id == "cs4410/test_mail.py::test_nested[plain]"
    assert len(breach.others) == 6
    assert breach.case.id not in breach.others


def test_an_empty_transcript_is_not_the_shortest(results: Results) -> None:
    """A case without a transcript is shown only where there is no other."""
    emptied = tuple(replace(case, transcript=()) if "[plain]" in case.id else case for case in results.cases)
    breach = next(
        one for one in summarize(replace(results, cases=emptied)).failed if one.requirement.id == "mail.nested"
    )
    assert breach.case is not None
    assert breach.case.id == "cs4410/test_mail.py::test_nested[bad|address]"


def test_a_failed_requirement_without_a_case_is_still_told(results: Results) -> None:
    """An inconsistent file hides no failure."""
    failed = summarize(replace(results, cases=())).failed
    assert [breach.requirement.id for breach in failed] == ["mail.nested", "mail.ok", "pool.32", "backup"]
    assert all(breach.case is None for breach in failed)


def test_every_case_is_counted_once(results: Results) -> None:
    """The rows add up to the total, and the total to the cases; sections without a case have a row."""
    told = summarize(results)
    for verdict in told.columns:
        assert sum(row.counts[verdict] for row in told.rows) == told.total.counts[verdict]
    assert sum(told.total.counts.values()) == len(results.cases)
    assert [row.section for row in told.rows] == ["Greeting and lines", "Commands", "Time", "Pool", "Mailbox | numbers"]


def test_notes_have_a_column_only_where_there_are_any(results: Results) -> None:
    """Without a note the table is narrower."""
    without = tuple(case for case in results.cases if case.verdict != "note")
    assert "note" in summarize(results).columns
    assert "note" not in summarize(replace(results, cases=without)).columns


def test_blocked_and_skipped_are_grouped_by_their_cause(results: Results) -> None:
    """Each cause is told once, with what it concerns."""
    told = summarize(results)
    assert [(group.cause, len(group.ids)) for group in told.blocked] == [
        ("by mail.ok", 2),
        ("because the server was gone", 1),
    ]
    assert told.without_case == (Group("--quick leaves clocks out", ("time.invalid", "time.start")),)


def test_few_names_five_and_counts_the_rest() -> None:
    """Five are listed whole; of seven, two are counted."""
    assert few(list("abcde"), str.upper) == "A, B, C, D, E"
    assert few(list("abcdefg"), str.upper) == "A, B, C, D, E, and 2 more"


def test_the_address_is_told_once_where_it_is_the_name(results: Results) -> None:
    """A target without a name of its own is its address."""
    target = replace(results.target, name=results.target.address, command=None)
    assert facts(replace(results, target=target))[0] == ("target", "127.0.0.1:2525")


def test_a_long_transcript_keeps_head_and_tail() -> None:
    """Of 1000 entries 40 lines are shown; 40 entries are shown whole."""
    entries = [Entry(number, "->", f"line {number}\r\n") for number in range(1000)]
    shown = lines(entries, 80)
    assert len(shown) == 40
    assert shown[0] == r"  0 ms  ->  line 0\r\n"
    assert shown[15] == "[... 961 entries ...]"
    assert shown[-1] == r"999 ms  ->  line 999\r\n"
    assert len(lines(entries[:40], 80)) == 40
    assert "[..." not in "".join(lines(entries[:40], 80))


def test_an_entry_is_one_line_that_fits() -> None:
    """However long and whatever it holds."""
    shown = lines([Entry(0, "->32", "\n" * 5000), Entry(123456, "<-", "x" * 5000)], 70)
    assert [len(line) <= 70 for line in shown] == [True, True]
    assert "bytes" in shown[0]


def test_what_hides_most_comes_first_and_says_what_it_hides(results: Results) -> None:
    """Two cases are blocked by `mail.ok`, which the ledger has after `mail.nested`."""
    first, *others = summarize(results).failed
    assert (first.requirement.id, first.hides) == ("mail.ok", 2)
    assert [breach.requirement.id for breach in others] == ["mail.nested", "pool.32", "backup"]
    assert hidden(first, str.upper).startswith("2 cases cannot be judged before this is mended")
    assert set(first.unjudged) == {rule.id for rule in results.requirements if rule.verdict == "blocked"} & {
        id for case in results.cases if case.blocked_by == "mail.ok" for id in case.requirements
    }
    assert all(hidden(breach, str) == "" for breach in others)
