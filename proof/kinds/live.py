"""Looks for what a hostile server got into a report: control characters, and words of its own that a page would run."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

from proof.servers.hostile import MARK

NAMES = ("results.json", "report.md", "report.html")


def found(folder: Path) -> list[str]:
    """What is live in the reports of a folder, in words; a report that nobody wrote is not looked at."""
    wrong = []
    for path in (folder / name for name in NAMES if (folder / name).exists()):
        data = path.read_bytes()
        if controls := set(re.findall(rb"[^\n -~]" if path.suffix != ".html" else rb"[\x00-\x09\x0b-\x1f\x7f]", data)):
            wrong.append(f"{path.name} contains {sorted(controls)}")
        text = data.decode("utf-8", "replace")
        if (path.suffix == ".md" and _lives_in_markdown(text)) or (path.suffix == ".html" and _lives_in_html(text)):
            wrong.append(f"{path.name} contains a live {MARK}")
    return wrong


def _lives_in_markdown(text: str) -> bool:
    """Whether a tag or a link of the server's stands outside of code, where it is one."""
    prose = re.sub(r"^(`{3,})[^`\n]*\n.*?^\1`*$", "", text, flags=re.MULTILINE | re.DOTALL)
    prose = re.sub(r"(?<!\\)(`+)(?!`).+?(?<!`)\1(?!`)", "", prose)
    return re.search(rf"(?<!\\)<\w[^\n]*{MARK}|(?<!\\)\]\([^)\n]*{MARK}", prose) is not None


def _lives_in_html(text: str) -> bool:
    page = _Page()
    page.feed(text)
    return page.lives


class _Page(HTMLParser):
    """Looks at elements and attributes; what stands as text is harmless."""

    lives = False
    _script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._script = tag == "script"
        for name, value in attrs:
            runs = name.startswith("on") or (value or "").strip().lower().startswith("javascript:")
            self.lives = self.lives or (runs and MARK in (value or ""))

    def handle_endtag(self, tag: str) -> None:
        self._script = False

    def handle_data(self, data: str) -> None:
        self.lives = self.lives or (self._script and data.strip().startswith(MARK))
