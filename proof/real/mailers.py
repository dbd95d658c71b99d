"""Servers that are whole mail systems, as Debian sets them up: what mail on the Internet meets."""

from __future__ import annotations

from proof.real.box import Debian
from proof.real.recipe import DOMAIN, UNKNOWN, Recipe

OWNED_BY_MAIL = "chown mail:mail @MAIL@"
NO_DNS_AT_ONCE = "echo nameserver 255.255.255.255 >/etc/resolv.conf"
"""For a resolver that else waits for an answer: nothing may be sent there, which it is told at once."""

ALIASES = {"/etc/aliases": f"postmaster: postmaster@{DOMAIN}\n"}
"""The postmaster of the host itself is the one of the domain."""

POSTFIX_SAYS = """\
postfix postfix/main_mailer_type select Internet Site
postfix postfix/mailname string postfix.test"""
POSTFIX_PREPARE = f"""\
chown mail:mail @MAIL@
postconf -e maillog_file=/var/log/postfix.log inet_interfaces=127.0.0.1 inet_protocols=ipv4 \\
  virtual_mailbox_domains={DOMAIN} virtual_mailbox_base=@MAIL@ virtual_minimum_uid=1 \\
  'virtual_mailbox_maps=regexp:{{{{ !/^unknown@/ box/ }}}}' virtual_uid_maps=static:8 virtual_gid_maps=static:8 \\
  mynetworks= smtpd_client_connection_count_limit=0 disable_dns_lookups=yes \\
  'default_transport=error:no mail leaves' 'relay_transport=error:no mail leaves'
postconf -M -X smtp/inet
newaliases
postconf -M '127.0.0.1:@PORT@/inet=127.0.0.1:@PORT@ inet n - n - 1000 smtpd'
"""

EXIM_SAYS = f"""\
exim4-config exim4/dc_eximconfig_configtype select local delivery only; not on a network
exim4-config exim4/dc_other_hostnames string {DOMAIN}
exim4-config exim4/dc_local_interfaces string 127.0.0.1
exim4-config exim4/use_split_config boolean true
exim4-config exim4/mailname string exim.test"""
EXIM = {
    "/etc/exim4/conf.d/main/000_here": """\
MAIN_RELAY_NETS = 192.0.2.1
smtp_accept_max = 200
smtp_accept_queue = 1000
smtp_accept_queue_per_connection = 1000
rfc1413_hosts =
""",
    "/etc/exim4/conf.d/router/050_anyone": f"""\
anyone:
  driver = accept
  domains = {DOMAIN}
  local_parts = ! unknown
  transport = box
""",
    "/etc/exim4/conf.d/transport/05_box": """\
box:
  driver = appendfile
  directory = @MAIL@/box
  maildir_format
  create_directory
  delivery_date_add
  envelope_to_add
  return_path_add
  user = mail
  group = mail
""",
}

OPENSMTPD = {
    "/etc/smtpd.conf": f"""\
listen on 127.0.0.1 port @PORT@ hostname @HOST@
table unknown {{ "{UNKNOWN}" }}
action "box" maildir "@MAIL@/box" virtual {{ "@" = mail }}
match from any for domain "{DOMAIN}" rcpt-to <unknown> reject
match from any for domain "{DOMAIN}" action "box"
match from any for local action "box"
"""
}

SENDMAIL = {
    "/etc/mail/sendmail.mc": f"""\
define(`_USE_ETC_MAIL_')dnl
include(`/usr/share/sendmail/cf/m4/cf.m4')dnl
OSTYPE(`debian')dnl
DOMAIN(`debian-mta')dnl
undefine(`confHOST_STATUS_DIRECTORY')dnl
define(`confPRIVACY_FLAGS',
`needmailhelo,needexpnhelo,needvrfyhelo,restrictqrun,restrictexpand,nobodyreturn,authwarnings')dnl
define(`SMART_HOST', `error:5.7.1:550 no mail leaves')dnl
define(`confQUEUE_LA', `1000')dnl
define(`confREFUSE_LA', `1000')dnl
define(`confDELAY_LA', `1000')dnl
FEATURE(`no_default_msa')dnl
FEATURE(`accept_unresolvable_domains')dnl
FEATURE(`nocanonify')dnl
FEATURE(`local_procmail')dnl
FEATURE(`virtusertable')dnl
VIRTUSER_DOMAIN(`{DOMAIN}')dnl
DAEMON_OPTIONS(`Family=inet, Name=MTA, Addr=127.0.0.1, Port=@PORT@')dnl
MAILER(`local')dnl
MAILER(`smtp')dnl
""",
    "/etc/mail/virtusertable": f"{UNKNOWN}\terror:5.1.1:550 no such user\n@{DOMAIN}\tmail\n",
    "/etc/mail/service.switch": "hosts files\naliases files\n",
    "/etc/procmailrc": "DROPPRIVS=yes\nDEFAULT=@MAIL@/box/\nUMASK=077\n",
}
"""As Debian has it, but for limits, of the load too, and lists; without a name server no domain can be looked up."""
SENDMAIL_PREPARE = f"""\
{OWNED_BY_MAIL}
cd /etc/mail
m4 sendmail.mc >sendmail.cf
makemap hash virtusertable.db <virtusertable
newaliases >/dev/null
mkdir -p /run/sendmail/mta
chown -R smmta:smmsp /run/sendmail
cd /
"""

COURIER_SAYS = f"""\
courier-base courier-base/webadmin-configmode boolean false
courier-mta courier-mta/defaultdomain string {DOMAIN}
courier-mta courier-mta/dsnfrom string mailer@{DOMAIN}"""
COURIER = {
    "/etc/courier/me": "@HOST@\n",
    "/etc/courier/locals": "@HOST@\n",
    "/etc/courier/hosteddomains": f"{DOMAIN}\n",
    "/etc/courier/esmtpacceptmailfor.dir/here": f"{DOMAIN}\n",
    "/etc/courier/smtpaccess/default": "127.0.0.1\tallow\n",
    "/etc/courier/aliases/anyone": f"@{DOMAIN}: anyone\n",
    "/srv/anyone/.courier-default": "@MAIL@/box\n",
}
COURIER_PREPARE = f"""\
useradd --system --home-dir /srv/anyone anyone
mkdir @MAIL@/box @MAIL@/box/new @MAIL@/box/cur @MAIL@/box/tmp
chown -R anyone: @MAIL@ /srv/anyone
cd /etc/courier
sed -i 's/^MAX\\(DAEMONS\\|PERC\\|PERIP\\)=.*/MAX\\1=1000/; s/-noidentlookup/-noidentlookup -nodnslookup/' esmtpd
printf 'ADDRESS=127.0.0.1\\nPORT=@PORT@\\nBOFHCHECKDNS=0\\nTARPIT=0\\n' >>esmtpd
{NO_DNS_AT_ONCE}
cd /
mkdir -p /run/courier/authdaemon
chown -R courier:courier /run/courier
makehosteddomains
makeacceptmailfor
makesmtpaccess
makealiases
authdaemond start
courier start
esmtpd start
"""
"""As Debian has it, but for limits, lists, and the tarpit, in which a run would stay for half an hour."""

MAILERS = (
    Recipe(
        "postfix",
        Debian(["postfix"], POSTFIX_SAYS),
        ["/usr/lib/postfix/sbin/master", "-s", "-d"],
        "maildir:box",
        "C; the mail system of many Linux distributions, of providers and of firms.",
        files=ALIASES,
        prepare=POSTFIX_PREPARE,
        final=True,
        unknown=UNKNOWN,
    ),
    Recipe(
        "exim",
        Debian(["exim4-daemon-light"], EXIM_SAYS),
        ["exim4", "-bdf", "-q30m", "-oX", "127.0.0.1:@PORT@"],
        "maildir:box",
        "C; what Debian and cPanel install, so the most frequent server in surveys.",
        files=ALIASES | EXIM,
        prepare=f"{OWNED_BY_MAIL}\nmkdir -p /run/exim4\nchown Debian-exim: /run/exim4\nupdate-exim4.conf",
        final=True,
        unknown=UNKNOWN,
    ),
    Recipe(
        "opensmtpd",
        Debian(["opensmtpd"]),
        ["smtpd", "-d"],
        "maildir:box",
        "C; the mail system of OpenBSD, with a portable edition.",
        files=OPENSMTPD,
        prepare=f"{OWNED_BY_MAIL}\ninstall -d -m 711 /var/spool/smtpd",
        final=True,
        unknown=UNKNOWN,
    ),
    Recipe(
        "sendmail",
        Debian(["sendmail-bin", "sendmail", "procmail"]),
        ["sendmail", "-bD", "-q10m"],
        "maildir:box",
        "C; the oldest that is still in use, on Unix systems of all kinds.",
        files=ALIASES | SENDMAIL,
        prepare=SENDMAIL_PREPARE,
        final=True,
        unknown=UNKNOWN,
    ),
    Recipe(
        "courier",
        Debian(["courier-mta"], COURIER_SAYS),
        ["sleep", "infinity"],
        "maildir:box",
        "C++; a mail system whose IMAP server is the better known part.",
        files=COURIER,
        prepare=COURIER_PREPARE,
        final=True,
    ),
)
