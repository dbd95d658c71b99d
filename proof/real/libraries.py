"""Servers that are libraries or tools of a language: what a developer meets, and tests with."""

from __future__ import annotations

import sys
from pathlib import Path

from proof.real.box import WORK, Debian
from proof.real.recipe import Recipe
from proof.real.sources import Npm, PyPI, Standard

SCRIPTS = Path(__file__).with_name("scripts")


def _script(name: str) -> str:
    return (SCRIPTS / name).read_text(encoding="utf-8")


GO = _script("go_smtp.go")
GO_BUILD = """\
export GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE=/tmp/go HOME=/root
go build -o /usr/local/bin/go-smtp /srv/server.go
rm -rf /tmp/go
"""
NAME = """\
require('os').hostname = () => '@HOST@'
require('module').syncBuiltinESMExports()
"""
"""Where there is no option for it, a server would call itself what this machine happens to be called."""
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


def _in_python(name: str, source: PyPI, about: str) -> Recipe:
    """A server that a script of ours makes of a package; the script is called as the server is."""
    files = {"server.py": _script(f"{name}_server.py")}
    return Recipe(name, source, ["@HOME@/venv/bin/python", "server.py", "@PORT@", "@MAIL@"], "dir:", about, files=files)


def _in_node(name: str, about: str) -> Recipe:
    """The same of a package of JavaScript."""
    files = {"server.js": _script(f"{name.replace('-', '_')}.js")}
    return Recipe(
        name, Npm(name), ["node", "server.js", "@PORT@", "@MAIL@"], "dir:", about, files=files, prepare=NODE_PATH
    )


LIBRARIES = (
    Recipe(
        "smtpd",
        Standard("smtpd"),
        [sys.executable, "-W", "ignore", "server.py", "@PORT@", "@MAIL@"],
        "dir:",
        "Python; in the standard library until 3.11, and in no end of tests.",
        files={"server.py": _script("smtpd_server.py")},
    ),
    _in_python("aiosmtpd", PyPI("aiosmtpd"), "Python; the successor of smtpd, in tests and in Mailman."),
    _in_node(
        "smtp-server", "JavaScript; the server's side of Nodemailer, in WildDuck and in most mail catchers for Node."
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
    Recipe(
        "maildev",
        Npm("maildev"),
        ["@HOME@/node_modules/.bin/maildev", "--ip=127.0.0.1", "--smtp=@PORT@", "--disable-web"],
        "dir:",
        "JavaScript; what web developers look at their mail with, made from smtp-server.",
        files={"name.js": NAME},
        prepare="export MAILDEV_MAIL_DIRECTORY=@MAIL@ NODE_OPTIONS=--require=$PWD/name.js",
    ),
    _in_node("simplesmtp", "JavaScript; what Nodemailer had before smtp-server, given up and still in old tests."),
    _in_python("twisted", PyPI("twisted"), "Python; part of a framework for network programs."),
    _in_python(
        "slimta", PyPI("python-slimta", ("setuptools>=75,<81",)), "Python; made for large amounts of mail, with gevent."
    ),
    _in_python("pymta", PyPI("pymta"), "Python; to build servers and to test with."),
    Recipe(
        "net-server-mail",
        Debian(["libnet-server-mail-perl"]),
        ["perl", f"{WORK}/server.pl", "@PORT@", "@MAIL@"],
        "dir:",
        "Perl; to build servers and to test with.",
        files={f"{WORK}/server.pl": _script("net_server_mail.pl")},
    ),
    Recipe(
        "go-smtp",
        Debian(
            ["golang-github-emersion-go-smtp-dev", "golang-github-emersion-go-sasl-dev", "golang-go"],
            build=GO_BUILD,
            given=(("/srv/server.go", GO),),
        ),
        ["/usr/local/bin/go-smtp", "@PORT@", "@MAIL@"],
        "dir:",
        "Go; in maddy, and in most Go programs that take mail.",
    ),
)
