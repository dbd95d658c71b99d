"""Servers that are libraries or tools of a language: what a developer meets, and tests with."""

from __future__ import annotations

import sys
from pathlib import Path

from proof.real.recipe import Recipe
from proof.real.sources import Npm, PyPI, Standard

SCRIPTS = Path(__file__).with_name("scripts")
HARAKA = {
    "config/me": "@HOST@\n",
    "config/host_list": "local.test\n",
    "config/smtp.ini": "listen=127.0.0.1:@PORT@\nnodes=0\n",
    "config/plugins": "rcpt_to.in_host_list\nqueue/test\n",
    "config/log.ini": "[main]\nlevel=warn\n",
}
"""The least that its manual asks for; `queue/test` writes each message into the folder for temporary files."""
HARAKA_PREPARE = 'cp "@HOME@/node_modules/Haraka/config/connection.ini" config/\nexport TMPDIR="@MAIL@"'
NODE_PATH = 'export NODE_PATH="@HOME@/node_modules"'


def _script(name: str) -> str:
    return (SCRIPTS / name).read_text(encoding="utf-8")


LIBRARIES = (
    Recipe(
        "smtpd",
        Standard("smtpd"),
        [sys.executable, "-W", "ignore", "server.py", "@PORT@", "@MAIL@"],
        "dir:",
        "Python; in the standard library until 3.11, and in no end of tests.",
        files={"server.py": _script("smtpd_server.py")},
    ),
    Recipe(
        "aiosmtpd",
        PyPI("aiosmtpd"),
        ["@HOME@/venv/bin/python", "server.py", "@PORT@", "@MAIL@"],
        "dir:",
        "Python; the successor of smtpd, in tests and in Mailman.",
        files={"server.py": _script("aiosmtpd_server.py")},
    ),
    Recipe(
        "smtp-server",
        Npm("smtp-server"),
        ["node", "server.js", "@PORT@", "@MAIL@"],
        "dir:",
        "JavaScript; the server's side of Nodemailer, in WildDuck and in most mail catchers for Node.",
        files={"server.js": _script("smtp_server.js")},
        prepare=NODE_PATH,
    ),
    Recipe(
        "haraka",
        Npm("Haraka"),
        ["@HOME@/node_modules/.bin/haraka", "-c", "."],
        "dir:",
        "JavaScript; a server of plugins, in front of large providers' mail.",
        files=HARAKA,
        prepare=HARAKA_PREPARE,
    ),
)
