"""How a conversation failed, what that is put down to, and what is reported of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from conformance.harness.wire.transcript import Transcript

Step = TypeVar("Step")
Script = Callable[[str, str], str]
"""Writes a program that runs a conversation again, given its file's name and one line that says what fails."""


@dataclass(frozen=True)
class Failure:
    """How a conversation failed.

    Attributes:
        requirement: the one that the model names for what is wrong.
        step: the place of the step at which it showed.
        what: the part of what the conversation left behind that is wrong, if one is.
        afterwards: whether what it left behind is wrong, rather than a reply.
        is_end: whether the server has ended.
        may_need_nothing: whether a server may fail in this way without any client.
        proved: whether what came proves it, however short a time replies are waited for.
    """

    requirement: str
    reason: str
    expected: str
    actual: str
    step: int
    what: str = ""
    afterwards: bool = False
    is_end: bool = False
    may_need_nothing: bool = False
    proved: bool = False

    @property
    def sign(self) -> tuple[str, str, str]:
        """What failures of one cause mostly have in common."""
        if self.is_end:
            return self.requirement, "", ""  # what it printed tells of ports and times
        return self.requirement, self.what or self.reason, self.actual[:3]


@dataclass(frozen=True)
class Cause:
    """What a failure is put down to.

    Attributes:
        requirement: the one that is broken.
        traits: the requirements of what is special in the conversation, weightiest first.
        suspects: all requirements that the conversation needs to be kept: where one of them is broken elsewhere
            already, this is no other fault.
    """

    requirement: str
    traits: tuple[str, ...]
    suspects: frozenset[str]

    def resembles(self, other: Cause) -> bool:
        """Whether two failures may well have one cause."""
        return self.requirement == other.requirement or bool(set(self.traits) & set(other.traits))


@dataclass(frozen=True)
class Found(Generic[Step]):
    """A failure as it is reported.

    Attributes:
        conversation: the shortest one that fails; empty if none is needed.
        failure: how it does.
        first: how it, or what it was shrunk from, failed the first time.
        times: how often it failed of three times.
        cause: which requirement is broken.
        script: tells how it was run the last time that it failed.
        transcript: the same as it went over the wire.
        shrunk: whether shrinking came to its end.
    """

    conversation: tuple[Step, ...]
    failure: Failure
    first: Failure
    times: int
    cause: Cause
    script: Script
    transcript: Transcript
    shrunk: bool

    @property
    def needs_nothing(self) -> bool:
        """Whether it fails again and again without any conversation."""
        return self.times > 1 and not self.conversation
