"""The options of a run, and the addresses of servers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conformance.cs4410.profile import PROFILE
from conformance.harness.settings import UsageError, parse_address, resolve
from tests.harness.plain import PLAIN


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("127.0.0.1:8765", "127.0.0.1", 8765),
        ("localhost:1", "localhost", 1),
        ("mail.example.org:65535", "mail.example.org", 65535),
        ("[::1]:8765", "::1", 8765),
        ("[fe80::1%eth0]:25", "fe80::1%eth0", 25),
        ("[::ffff:127.0.0.1]:25", "::ffff:127.0.0.1", 25),
    ],
)
def test_an_address_is_split(text: str, host: str, port: int) -> None:
    assert parse_address(text) == (host, port)


@pytest.mark.parametrize(
    "text",
    ["", ":", "host", "host:", ":25", "host:0", "host:65536", "host:123456", "host:x", "host:-1", "host: 25"]
    + [
        "host:25 ",
        "::1:25",
        "[::1]",
        "[::1]:",
        "[::1]25",
        "[]:25",
        "two words:25",
        "host:25:26",
        "host:25\n",
        "smtp://host:25",
    ],
)
def test_what_is_no_address_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError, match=r"write host:port, for example 127\.0\.0\.1:8765 or \[::1\]:8765"):
        parse_address(text)


@pytest.mark.parametrize(("host", "numeric"), [("127.0.0.1", "127.0.0.1"), ("localhost", "127.0.0.1"), ("::1", "::1")])
def test_a_host_is_resolved_ipv4_first(host: str, numeric: str) -> None:
    assert resolve(host, 25) == (numeric, 25)


@pytest.mark.parametrize("host", ["no-such-host.invalid", "x" * 70, "a..b", "[", "no such host"])
def test_a_name_that_does_not_resolve_is_said_in_one_line(host: str) -> None:
    with pytest.raises(UsageError, match="does not resolve") as refused:
        resolve(host, 25)
    assert "\n" not in str(refused.value)


def test_plain_settings_are_right() -> None:
    PLAIN.check()
    replace(PLAIN, target="127.0.0.1:25", time_limit=0.2).check()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"target": "127.0.0.1:25", "launch": "x"}, "--target and --launch: give one of them"),
        ({"target": "127.0.0.1"}, "--target 127.0.0.1: write host:port"),
        ({"time_limit": 0.0}, "--time-limit 0: give seconds, from 0.2 to 3600"),
        ({"time_limit": -1.0}, "--time-limit -1"),
        ({"time_limit": float("nan")}, "--time-limit nan"),
        ({"time_limit": float("inf")}, "--time-limit inf"),
        ({"target": ""}, "--target : write host:port"),
        ({"launch": ""}, "--launch"),
    ],
)
def test_what_has_no_sense_is_refused(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as refused:
        replace(PLAIN, **changed).check()
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"mailbox": "/not/there"}, "--mailbox /not/there: no such directory"),
        ({"mailbox": __file__}, "no such directory"),
        ({"source": "/not/there"}, "--source /not/there: no such file or directory"),
        ({"dialect": "/not/there.toml"}, "/not/there.toml"),
    ],
)
def test_what_has_no_sense_to_the_profile_is_refused(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as refused:
        PROFILE.check(replace(PLAIN, own={**PLAIN.own, **changed}))
    assert said in str(refused.value)


@pytest.mark.parametrize("name", ["", "test_settings.py"])
def test_a_source_may_be_a_file_or_a_directory(name: str) -> None:
    PROFILE.check(replace(PLAIN, own={**PLAIN.own, "mailbox": "/", "source": str(Path(__file__).parent / name)}))
