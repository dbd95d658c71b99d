"""`python -m proof.real NAME PORT`: a real server to try by hand, until Ctrl-C."""

from __future__ import annotations

import argparse
import shlex
import signal
import sys
import threading
from collections.abc import Sequence

from conformance.stores import imap
from proof.choice import ChoiceError, chosen
from proof.real import SECTIONS, roles
from proof.real.recipe import RECIPIENT
from proof.real.running import StartError, running
from proof.run import PROJECT
from proof.servers.edit import InstallError

FOLDER = PROJECT / "reports" / "out" / "real"


def main(words: Sequence[str] | None = None) -> int:
    """Install a server if it isn't, start it, and say what the suite has to know; returns the exit status."""
    parser = argparse.ArgumentParser("python -m proof.real", description="Starts a real mail server on loopback.")
    parser.add_argument("name", metavar="NAME", help="the server")
    parser.add_argument("port", metavar="PORT", nargs="?", type=int, default=0, help="to listen on (a free one)")
    options = parser.parse_args(words)
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    try:
        (recipe, *_) = chosen(SECTIONS, [options.name], None)
        home = FOLDER / "servers" / recipe.name
        recipe.install(home)
        with running(recipe, home, FOLDER / recipe.name / "by-hand", options.port) as server:
            bad = ("--bad-recipient", recipe.unknown) if recipe.unknown else ()
            final = ("--final",) if recipe.final else ()
            known = ("--recipient", RECIPIENT, *bad, *final, *recipe.options)
            if server.store.startswith("imap:"):
                print(f"with {imap.PASSWORD}={shlex.quote(roles.PASSWORD)} in the environment:", file=sys.stderr)
            print(shlex.join(("--target", server.target, "--store", server.store, *known)), flush=True)
            over.wait()
    except (ChoiceError, InstallError, StartError) as error:
        print(f"proof.real: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
