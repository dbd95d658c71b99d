"""Servers that are one daemon: filters in front of a mail system, small ones, and those that only catch."""

from __future__ import annotations

from proof.real.box import WORK, Debian
from proof.real.mailers import OWNED_BY_MAIL
from proof.real.recipe import DOMAIN, Recipe

KEEP = """\
#!/bin/sh
# Keeps what it reads as a file of its own.
set -e
name=$(date +%s%N)-$$
cat >"@MAIL@/.$name"
mv "@MAIL@/.$name" "@MAIL@/$name.eml"
"""
KEEPER = {f"{WORK}/keep": KEEP}
MAY_KEEP = f"{OWNED_BY_MAIL}\nchmod 755 @HOME@ @HOME@/keep"

CHASQUID = {
    "/etc/chasquid/chasquid.conf": """\
hostname: "@HOST@"
smtp_address: "127.0.0.1:@PORT@"
mail_delivery_agent_bin: "@HOME@/keep"
mail_delivery_agent_args: "%to%"
mail_log_path: "<stdout>"
""",
    f"/etc/chasquid/domains/{DOMAIN}/aliases": f"*: probe@{DOMAIN}\n",
}
CHASQUID_PREPARE = f"""\
{MAY_KEEP}
mkdir -p /etc/chasquid/certs/@HOST@
cd /etc/chasquid/certs/@HOST@
openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=@HOST@ -keyout privkey.pem -out fullchain.pem 2>/dev/null
cd /
chasquid-util user-add probe@{DOMAIN} --password=unused
chown -R mail:mail /etc/chasquid /var/lib/chasquid @HOME@
"""

MAILFRONT = {
    f"{WORK}/keep": KEEP,
    "/var/lib/qmail/control/rcpthosts": f"{DOMAIN}\n",
    "/var/lib/qmail/control/me": "@HOST@\n",
}
NULLMAILER_KEEP = """\
#!/bin/sh
# Queues a message, and keeps what is queued as a file of its own, without the envelope that stands above it.
/usr/sbin/nullmailer-queue.own || exit
for queued in /var/spool/nullmailer/queue/*; do
    mv "$queued" "@HOME@/$$" 2>/dev/null || continue
    sed '1,/^$/d' "@HOME@/$$" | @HOME@/keep
done
"""
NULLMAILER_PREPARE = f"""\
{MAY_KEEP}
mv /usr/sbin/nullmailer-queue /usr/sbin/nullmailer-queue.own
install -m 755 @HOME@/queue /usr/sbin/nullmailer-queue
"""

LOCAL = ("--role", "submission")
"""Those that talk to programs of their own machine alone."""

DAEMONS = (
    Recipe(
        "chasquid",
        Debian(["chasquid", "openssl"]),
        ["setpriv", "--reuid=mail", "--regid=mail", "--clear-groups", "chasquid"],
        "dir:",
        "Go; for small sites that want to set up little.",
        files=CHASQUID | KEEPER,
        prepare=CHASQUID_PREPARE,
    ),
    Recipe(
        "mailfront",
        Debian(["mailfront", "ucspi-tcp"]),
        ["tcpserver", "-c", "1000", "-H", "-R", "-l", "@HOST@", "127.0.0.1", "@PORT@", "smtpfront-qmail"],
        "dir:",
        "C; in front of qmail, instead of its own server. What it hands to qmail-queue is kept.",
        files=MAILFRONT,
        prepare=f"{MAY_KEEP}\nexport QMAILQUEUE=@HOME@/keep",
    ),
    Recipe(
        "nullmailer",
        Debian(["nullmailer", "ucspi-tcp"]),
        ["tcpserver", "-c", "1000", "-H", "-R", "-l", "@HOST@", "127.0.0.1", "@PORT@", "nullmailer-smtpd"],
        "dir:",
        "C++; hands a machine's own mail on to a hub, and talks SMTP to programs on that machine only.",
        files=KEEPER | {f"{WORK}/queue": NULLMAILER_KEEP},
        prepare=NULLMAILER_PREPARE,
        options=LOCAL,
    ),
    Recipe(
        "msmtpd",
        Debian(["msmtp-mta"]),
        ["msmtpd", "--port=@PORT@", "--log=/var/log/msmtpd", "--command=@HOME@/keep -f %F --"],
        "dir:",
        "C; lets programs that want a server on their machine use msmtp.",
        files=KEEPER,
        prepare=MAY_KEEP,
        options=LOCAL,
    ),
    Recipe(
        "smtp-sink",
        Debian(["postfix"], "postfix postfix/main_mailer_type select No configuration"),
        ["smtp-sink", "-c", "-u", "mail", "-R", "@MAIL@", "-h", "@HOST@", "-d", "%M.eml.", "127.0.0.1:@PORT@", "1000"],
        "dir:",
        "C; comes with Postfix, to measure and to test clients with.",
        prepare=OWNED_BY_MAIL,
    ),
)
