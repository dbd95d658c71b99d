"""The standard's side: servers that keep each message in a Maildir, and loads that send them mail."""

from __future__ import annotations

import csv
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from benchmarks import plain
from conformance.harness.server import launch
from conformance.rfc5321.profile import PROFILE
from proof.real.__main__ import FOLDER
from proof.real.recipe import DOMAIN, RECIPIENT

PROJECT = Path(__file__).parent.parent
SENDER = f"sender@{DOMAIN}"
CROWDS = (1, 8, 32, 128, 512)
"""Connections, at each of which a server is measured."""
CONNECTIONS = 32
MESSAGES, FEW = 6_000, 1_920
"""Messages that smtp-source sends in a round, and the slower smtpbench: for about as long as multiclient runs, for a
disk is quicker at first."""
SECONDS = 4
"""How long multiclient runs."""

COMMANDS, ALL_COMMANDS = 4, 7
"""What a message takes over a connection that stays, and over one of its own: the greeting, EHLO and QUIT as well."""


CHECKED = ("--recipient", RECIPIENT, "--errors", "0", "--tls", "never")
"""What multiclient and Locust are told: nothing wrong on purpose, and in clear, as the others do."""
ENDS = ("message", "last chunk")
"""What Locust calls the phases in which a message is taken."""


class Rates(NamedTuple):
    """What a server took in a second; texts of messages count among the commands."""

    messages: float
    commands: float


Load = Callable[[int], Rates]


def servers() -> dict[str, str]:
    """The command lines of the servers that are installed; each takes mail for DOMAIN into a Maildir where it runs."""
    python = shlex.quote(sys.executable)
    served = f"--domain {DOMAIN} --tls none --threads {max(CROWDS)}"
    found = {"reference server": f"{python} -m reference_server --protocol rfc5321 --port {{port}} {served}"}
    if find_spec("aiosmtpd"):
        found["aiosmtpd"] = (
            f"{python} {shlex.quote(str(PROJECT / 'benchmarks' / 'aiosmtpd_server.py'))} {{port}} Maildir"
        )
    return found


def mailers() -> dict[str, str]:
    """The same of the real mail servers that are installed as `python -m proof.real` does it."""
    if (FOLDER / "servers" / "postfix").is_dir():
        here = f"env PYTHONPATH={shlex.quote(str(PROJECT))} {shlex.quote(sys.executable)}"
        return {"postfix": f"{here} -m proof.real postfix {{port}}"}
    print("left out: postfix is not installed; `python -m proof.real postfix` does it")
    return {}


def growth(command: str, connections: int, seconds: float) -> Sequence[float]:
    """Commands a second that a server answers over so many connections."""
    server = launch.Process(PROFILE.kind, command, PROFILE.time_limit)
    try:
        return (plain.commands_per_second((launch.HOST, server.port), seconds, connections),)
    finally:
        server.stop()


def loads() -> dict[str, Load]:
    """The ways to send a server mail that are installed, each told the server's port; the others are said."""
    found: dict[str, Load] = {}
    source = shutil.which("smtp-source", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if source:
        found["smtp-source -s 32 -d, unchecked"] = partial(_by_smtp_source, source)
    else:
        print("left out: smtp-source (Postfix) is not installed")
    if find_spec("smtpbench"):
        found["smtpbench, 32 threads"] = _by_smtpbench
    else:
        print("left out: smtpbench is not installed")
    found["multiclient --errors 0, checked"] = _by_multiclient
    if find_spec("locust"):
        found["Locust --errors 0, one process, checked"] = _by_locust
    else:
        print("left out: Locust is not installed")
    return found


def measure(load: Load, command: str) -> Rates:
    """What a server takes of a load for which it is started."""
    server = launch.Process(PROFILE.kind, command, PROFILE.time_limit)
    try:
        return load(server.port)
    finally:
        server.stop()


def _by_smtp_source(program: str, port: int) -> Rates:
    words = [program, "-s", str(CONNECTIONS), "-m", str(MESSAGES), "-d", "-f", SENDER, "-t", RECIPIENT]
    began = time.monotonic()
    _run([*words, f"{launch.HOST}:{port}"])
    messages = MESSAGES / (time.monotonic() - began)
    return Rates(messages, COMMANDS * messages)


def _by_smtpbench(port: int) -> Rates:
    with tempfile.TemporaryDirectory() as folder:
        words = [f"recipient={RECIPIENT}", f"lb_host={launch.HOST}", f"port={port}", f"threads={CONNECTIONS}"]
        words += [f"messages={FEW // CONNECTIONS}", f"from_address={SENDER}", f"logfile_output={folder}"]
        began = time.monotonic()
        _run([sys.executable, "-m", "smtpbench", *words, "tls_mode=none", "max_retries=0"])
        messages = FEW / (time.monotonic() - began)
        return Rates(messages, ALL_COMMANDS * messages)


def _by_multiclient(port: int) -> Rates:
    with tempfile.TemporaryDirectory() as folder:
        figures = Path(folder) / "figures.json"
        words = [sys.executable, str(PROJECT / "multiclient.py"), "--profile", "rfc5321", launch.HOST, str(port)]
        words += [*CHECKED, "--duration", str(SECONDS), "--json", str(figures)]
        _run(words)
        told = json.loads(figures.read_text())
        return Rates(told["messages"] / told["seconds"], told["operations"] / told["seconds"])


def _by_locust(port: int) -> Rates:
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, "-m", "conformance.locustfile", "--profile", "rfc5321", *CHECKED]
        words += ["--host", f"{launch.HOST}:{port}", "--headless", "-u", str(CONNECTIONS), "-r", str(CONNECTIONS)]
        _run([*words, "-t", f"{SECONDS}s", "--csv", f"{folder}/figures"])
        with open(f"{folder}/figures_stats.csv", newline="") as file:
            rates = {line["Name"]: float(line["Requests/s"]) for line in csv.DictReader(file)}
        return Rates(sum(rates.get(f"2yz {name}", 0.0) for name in ENDS), rates["Aggregated"] - rates["connect"])


def _run(words: list[str]) -> None:
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
