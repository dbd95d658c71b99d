"""Servers in other roles than that of the Internet's mail: LMTP, which ends in mailboxes, and submission by login."""

from __future__ import annotations

from urllib.parse import quote

from proof.real.box import Debian
from proof.real.libraries import SCRIPTS
from proof.real.mailers import ALIASES, OWNED_BY_MAIL, POSTFIX_PREPARE, POSTFIX_SAYS
from proof.real.recipe import DOMAIN, RECIPIENT, UNKNOWN, Recipe
from proof.real.sources import PyPI

OTHER = f"other@{DOMAIN}"
"""The second recipient, where a message for two is told apart from one for one."""
PASSWORD = "open sesame"
"""Of `RECIPIENT`, who logs in; the suite reads it from the file beside this one."""
LMTP = ("--role", "lmtp", "--recipient", OTHER)
SUBMISSION = (
    *("--role", "submission", "--tls", "starttls", "--recipient", OTHER),
    *("--user", RECIPIENT, "--password-file", "proof/real/password.txt"),
)
CERTIFICATE = """\
openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=@HOST@ -keyout {key} -out {pem} 2>/dev/null
chmod 600 {key}
"""

DOVECOT = """\
listen = 127.0.0.1
hostname = @HOST@
log_path = /dev/stderr
mail_location = maildir:@MAIL@/box
first_valid_uid = 8
auth_failure_delay = 0
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
"""
DOVECOT_USERS = "".join(f"{one}:{{PLAIN}}{PASSWORD}:8:8::@MAIL@::\n" for one in (RECIPIENT, OTHER))
DOVECOT_PREPARE = f"""\
{OWNED_BY_MAIL}
sed -i 's/^!include auth-system/!include auth-passwdfile/' /etc/dovecot/conf.d/10-auth.conf
{CERTIFICATE.format(key="/etc/dovecot/private/dovecot.key", pem="/etc/dovecot/private/dovecot.pem")}"""
"""As Debian has it, but for users of a file of its own, who share one mailbox, and the wait after failed logins."""
DOVECOT_LMTP = {
    "/etc/dovecot/users": DOVECOT_USERS,
    "/etc/dovecot/local.conf": f"""\
{DOVECOT}
protocols = lmtp imap
service imap-login {{
  inet_listener imap {{
    address = 127.0.0.2
    port = @PORT@
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = @PORT@
  }}
}}
""",
}
DOVECOT_SUBMISSION = {
    "/etc/postfix/main.cf": "compatibility_level = 3.6\nmyhostname = @HOST@\n",
    "/etc/dovecot/users": DOVECOT_USERS,
    "/etc/dovecot/local.conf": f"""\
{DOVECOT}
protocols = submission
ssl = required
submission_relay_host = 127.0.0.2
submission_relay_port = @PORT@
service submission-login {{
  inet_listener submission {{
    address = 127.0.0.1
    port = @PORT@
  }}
}}
""",
}
DOVECOT_SUBMISSION_PREPARE = f"""\
cp /usr/share/postfix/master.cf.dist /etc/postfix/master.cf
{POSTFIX_PREPARE.replace("127.0.0.1:", "127.0.0.2:").replace("mynetworks=", "mynetworks=127.0.0.0/8")}
{DOVECOT_PREPARE}
postfix start
"""

POSTFIX_SUBMISSION = {
    "/etc/postfix/sasl/smtpd.conf": "pwcheck_method: auxprop\nauxprop_plugin: sasldb\nmech_list: PLAIN LOGIN\n",
}
POSTFIX_SUBMISSION_PREPARE = f"""\
{POSTFIX_PREPARE}
{CERTIFICATE.format(key="/etc/postfix/here.key", pem="/etc/postfix/here.pem")}
echo '{PASSWORD}' | saslpasswd2 -c -p -u {DOMAIN} probe
chown postfix /etc/sasldb2
postconf -e smtpd_tls_cert_file=/etc/postfix/here.pem smtpd_tls_key_file=/etc/postfix/here.key
for option in smtpd_tls_security_level=encrypt smtpd_sasl_auth_enable=yes smtpd_tls_auth_only=yes \\
  smtpd_reject_unlisted_recipient=no smtpd_relay_restrictions=permit_sasl_authenticated,reject; do
    postconf -P "127.0.0.1:@PORT@/inet/$option"
done
"""
"""The options are those of the entry that Postfix brings for submission, which stands there as a comment."""

CYRUS = {
    "/etc/cyrus.conf": """\
START {
    recover cmd="/usr/sbin/cyrus ctl_cyrusdb -r"
}
SERVICES {
    lmtp cmd="lmtpd -a" listen="127.0.0.1:@PORT@" proto="tcp4" prefork=0 maxchild=100
}
""",
    "/etc/imapd.here": f"""\
servername: @HOST@
partition-default: @MAIL@/box
metapartition-default: /var/spool/cyrus/meta
metapartition_files: header index cache expunge squat annotations lock dav archivecache
virtdomains: userid
autocreate_users: {RECIPIENT} {OTHER}
autocreate_post: yes
""",
}
CYRUS_PREPARE = """\
mkdir @MAIL@/box /var/spool/cyrus/meta /run/cyrus
sed -i '/^partition-default/d' /etc/imapd.conf
cat /etc/imapd.here >>/etc/imapd.conf
chown -R cyrus:mail @MAIL@ /var/spool/cyrus /run/cyrus
"""

MAILUTILS = {
    "/etc/mailutils.conf": """\
mailbox {
    mailbox-type maildir;
    mailbox-pattern "maildir:@MAIL@/box/${user}";
};
deliver {
    domain @DOMAIN@;
};
mode daemon;
foreground yes;
max-children 1000;
server 127.0.0.1:@PORT@ {
};
""".replace("@DOMAIN@", DOMAIN)
}
MAILUTILS_PREPARE = """\
useradd --system probe
useradd --system other
install -d -m 1777 @MAIL@/box
chmod 755 @MAIL@
"""

ROLES = (
    Recipe(
        "dovecot-lmtp",
        Debian(["dovecot-lmtpd", "dovecot-imapd", "openssl"]),
        ["dovecot", "-F"],
        f"imap://{quote(RECIPIENT)}@127.0.0.2:@PORT@/INBOX",
        "C; brings mail into the mailboxes of the IMAP server that most sites have, by which it is read here.",
        files=DOVECOT_LMTP,
        prepare=DOVECOT_PREPARE,
        final=True,
        unknown=UNKNOWN,
        options=LMTP,
    ),
    Recipe(
        "cyrus-lmtp",
        Debian(["cyrus-common", "cyrus-imapd"]),
        ["/usr/lib/cyrus/bin/master"],
        "dir:box/uuid",
        "C; brings mail into the mailboxes of Cyrus IMAP, for universities and large providers.",
        files=CYRUS,
        prepare=CYRUS_PREPARE,
        final=True,
        unknown=UNKNOWN,
        options=LMTP,
    ),
    Recipe(
        "mailutils-lmtp",
        Debian(["mailutils-mda"]),
        ["lmtpd"],
        "maildir:box",
        "C; brings mail into the mailboxes of GNU's tools.",
        files=MAILUTILS,
        prepare=MAILUTILS_PREPARE,
        final=True,
        unknown=UNKNOWN,
        options=LMTP,
    ),
    Recipe(
        "aiosmtpd-lmtp",
        PyPI("aiosmtpd"),
        ["@HOME@/venv/bin/python", "server.py", "@PORT@", "@MAIL@"],
        "dir:",
        "Python; LMTP of aiosmtpd, in Mailman.",
        files={"server.py": (SCRIPTS / "aiosmtpd_lmtp_server.py").read_text(encoding="utf-8")},
        options=LMTP,
    ),
    Recipe(
        "lmtpd",
        PyPI("lmtpd"),
        ["@HOME@/venv/bin/python", "-W", "ignore", "server.py", "@PORT@", "@MAIL@"],
        "dir:",
        "Python; made from smtpd, in Salmon.",
        files={"server.py": (SCRIPTS / "lmtpd_server.py").read_text(encoding="utf-8")},
        options=LMTP,
    ),
    Recipe(
        "postfix-submission",
        Debian(["postfix", "sasl2-bin", "libsasl2-modules", "openssl"], POSTFIX_SAYS),
        ["/usr/lib/postfix/sbin/master", "-s", "-d"],
        "maildir:box",
        "C; Postfix's service for those who log in and send, with Cyrus SASL.",
        files=ALIASES | POSTFIX_SUBMISSION,
        prepare=POSTFIX_SUBMISSION_PREPARE,
        final=True,
        unknown=UNKNOWN,
        options=SUBMISSION,
    ),
    Recipe(
        "dovecot-submission",
        Debian(["dovecot-submissiond", "postfix", "openssl"], POSTFIX_SAYS),
        ["dovecot", "-F"],
        "maildir:box",
        "C; logs in whoever sends, and hands the session on to another server, here Postfix.",
        files=ALIASES | DOVECOT_SUBMISSION,
        prepare=DOVECOT_SUBMISSION_PREPARE,
        final=True,
        unknown=UNKNOWN,
        options=SUBMISSION,
    ),
)
