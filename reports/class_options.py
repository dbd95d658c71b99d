"""The command line of `python -m reports class`, and the help that teaches the roster."""

import argparse
import re
from pathlib import Path
from typing import Any

ROSTER = """\
a roster, for submissions in a folder each:

  submissions = "submissions/*/server.py"
  launch = "python3 server.py -p {port}"   # in the folder of that file (default: python3 {file})
  students = "roster.csv"                  # names and e-mail, as Gradescope or GitHub Classroom exports them

and what else it may have:

  at_once = 2                       # servers tested side by side (default: half the cores)
  minutes = 15                      # for one server; then it is given up
  options = ["--quick"]             # the suite's, for everybody

  [limits]                          # of launched servers
  memory = 1024                     # MiB, of all its processes together
  file_size = 256                   # MiB, of each file
  disk = 512                        # MiB, of all its files together
  processes = 256                   # and threads
  seconds = 600                     # of processor time, for each process

  [[server]]
  name = "Ada Lovelace"
  email = "ada@example.org"
  directory = "submissions/ada"     # where its files are; default: the roster's
  launch = "python3 server.py -p {port}"

  [[server]]
  name = "Ben"
  target = "ben.example.org:8765"
  options = ["--dialect", "cs4410-2014"]

A student's submission is recognized by its name, or the name's end, such as mp3-ada or submission_1234: an address or
what is before its @, a SID, a GitHub name, a submission's id. A launched server gets a copy of its files, a directory
of its own, an environment that holds none of yours, and these limits. With bubblewrap it sees nothing else but programs
and Python; without it, and as root, it runs as a user of its own; else it is not started, unless with --unconfined. The
network it shares. Servers without {port} take turns on port 8765. Called again, the command goes on where it was: a
server is tested again only if its files or its options have changed.

Exit status: 0 when every server was tested, whatever came of it; 2 interrupted; 4 wrong usage, or no scheduler.
"""


def add(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add the command to those that there are."""
    class_ = commands.add_parser(
        "class",
        help="test every server of a roster, and write the matrix and the scores",
        description="Run the suite for every server of a roster, several side by side, and go on whatever one of them "
        "does. Each gets a folder with its report; matrix.html, .md and .csv and scores.csv are beside them.",
        epilog=ROSTER,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    class_.add_argument("roster", type=Path, metavar="ROSTER.toml", help="who is tested; see below")
    class_.add_argument(
        "-o", "--output", type=Path, metavar="DIR", help="where the reports go (default: reports/out/<roster>)"
    )
    class_.add_argument(
        "--rubric", type=Path, metavar="RUBRIC.toml", help="give points, and write each server's gradescope.json"
    )
    class_.add_argument("--again", action="store_true", help="test those again that got no verdict")
    class_.add_argument("--fresh", action="store_true", help="test all of them again")
    class_.add_argument(
        "--unconfined",
        action="store_true",
        help="start servers even where nothing keeps them from reading, changing and deleting what you can",
    )
    class_.add_argument(
        "--part",
        type=_part,
        default=(1, 1),
        metavar="K/N",
        help="test a part of them, the K-th of N; without it, the command puts together what the parts left in DIR",
    )
    class_.add_argument(
        "--engine",
        choices=("local", "dask"),
        default="local",
        help="test them on this machine (default), or on the workers of a Dask cluster",
    )
    class_.add_argument("--scheduler", metavar="tls://HOST:PORT", help="where the cluster's scheduler listens")


def _part(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,4})/(\d{1,4})", text, re.ASCII)
    if not match or not 1 <= int(match[1]) <= int(match[2]):
        raise argparse.ArgumentTypeError(f"{text}: give a part and how many there are, 1/4 for example")
    return int(match[1]), int(match[2])
