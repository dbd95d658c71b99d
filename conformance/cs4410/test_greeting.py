"""The greeting, and the netid that it introduces."""

import pytest

from conformance.cs4410.case import Case


@pytest.mark.judges("greeting")
def test_greeting(case: Case) -> None:
    """A client connects and says nothing: 220, the netid and SMTP CS4410MP3, because the server speaks first."""
    client = case.unconnected_client()
    client.connect()
    client.expect_greeting()


@pytest.mark.judges("greeting")
def test_greeting_is_one_line(case: Case) -> None:
    """Nothing follows the greeting until the client speaks, because each line of the server answers something."""
    client = case.client()
    client.expect_silence()


@pytest.mark.judges("netid")
def test_netid_in_helo_reply(case: Case) -> None:
    """The reply to HELO names the netid of the greeting, because a server has one name."""
    case.client().ask("HELO client")
