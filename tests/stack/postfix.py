"""Postfix of the stack: main.cf, master.cf, queue directories."""

from __future__ import annotations

import os
import shutil
import time

from tests.stack import maps
from tests.stack.place import ADDRESS, HOSTNAME, Place

MASTER = "/usr/lib/postfix/sbin/master"
_QUEUES = "active bounce corrupt defer deferred flush hold incoming private saved trace"
_DROPS = {"maildrop": 0o730, "public": 0o710}
_LEARNERS = "inline:{ {spam@localhost = learn_spam:}, {ham@localhost = learn_ham:} }"
_STRANGERS = "127.255.255.254/32"  # every client of the tests is 127.0.0.1: port 25 must not trust it

_INTERNAL = """\
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
smtp_enforced_tls unix - - n - - smtp
  -o smtp_tls_security_level=encrypt
smtp_via_transport_maps unix - - n - - smtp
  -o smtp_sasl_password_maps={sasl_transport}
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
lmtp unix - - n - - lmtp
  flags=O
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
learn_spam unix - n n - - pipe
  user=nobody argv=/usr/bin/rspamc -h {rspamd} learn_spam
learn_ham unix - n n - - pipe
  user=nobody argv=/usr/bin/rspamc -h {rspamd} learn_ham
"""

_LISTENERS = """\
{smtp} inet n - n - - smtpd
  -o mynetworks={strangers}
{filtered} inet n - n - - smtpd
  -o mynetworks={strangers}
  -o smtpd_milters=inet:{milter}
  -o syslog_name=postfix/filtered
{submission} inet n - n - - smtpd
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_client_restrictions=permit_sasl_authenticated,reject
  -o smtpd_sender_restrictions=reject_authenticated_sender_login_mismatch
  -o syslog_name=postfix/submission
{reinject} inet n - n - - smtpd
  -o smtpd_milters=
  -o smtpd_client_restrictions=permit_mynetworks,reject
  -o syslog_name=postfix/quarantine
{bcc} inet n - n - - smtpd
  -o smtpd_milters=
  -o smtpd_client_restrictions=permit_mynetworks,reject
  -o syslog_name=postfix/bcc
"""


def main(place: Place) -> dict[str, str]:
    """main.cf.  No DNS: destinations outside come from transports and relay hosts only."""
    found = {
        "compatibility_level": "3.6",
        "myhostname": HOSTNAME,
        "mydestination": "localhost",
        "queue_directory": str(place.at("postfix", "spool")),
        "data_directory": str(place.at("postfix", "lib")),
        "inet_interfaces": ADDRESS,
        "inet_protocols": "ipv4",
        "mynetworks": "127.0.0.0/8",
        "alias_maps": "",
        "alias_database": "",
        "local_recipient_maps": "",
        "local_transport": "discard",
        "maillog_file": str(place.at("log", "postfix.log")),
        "maillog_file_prefixes": str(place.at("log")),
        "recipient_delimiter": "+",
        "smtpd_error_sleep_time": "0",
        "smtpd_tls_cert_file": str(place.at("ssl", "cert.pem")),
        "smtpd_tls_key_file": str(place.at("ssl", "key.pem")),
        "smtpd_tls_security_level": "may",
        "smtp_tls_security_level": "may",
        "smtp_dns_support_level": "disabled",
        "smtp_host_lookup": "native",
        "smtpd_sasl_type": "dovecot",
        "smtpd_sasl_path": f"inet:{place.inet('sasl')}",
        "smtp_sasl_auth_enable": "yes",
        "smtp_sasl_security_options": "",
        "smtp_sender_dependent_authentication": "yes",
        "virtual_transport": f"lmtp:inet:{place.inet('lmtp')}",
        "lmtp_destination_recipient_limit": "1",
        "recipient_canonical_classes": "envelope_recipient",
        "smtpd_relay_restrictions": "permit_mynetworks, permit_sasl_authenticated, defer_unauth_destination",
        "smtpd_recipient_restrictions": "permit_sasl_authenticated, permit_mynetworks, "
        f"check_recipient_access {maps.use(place, 'tls_enforce_in')}, reject_unauth_destination",
        "milter_default_action": "tempfail",
        "milter_mail_macros": "i {mail_addr} {client_addr} {client_name} {auth_authen}",
    }
    return found | lookups(place)


def lookups(place: Place) -> dict[str, str]:
    """Parameters that ask the database, and proxymap's leave to ask for each."""
    tables = {
        "virtual_mailbox_domains": ("virtual_mailbox_domains",),
        "virtual_mailbox_maps": ("virtual_mailbox_maps",),
        "virtual_alias_maps": (
            "virtual_alias_maps", "virtual_resource_maps", "virtual_spamalias_maps", "virtual_alias_domain_maps",
        ),
        "relay_domains": ("relay_domains",),
        "relay_recipient_maps": ("relay_recipient_maps",),
        "recipient_canonical_maps": ("recipient_canonical_maps",),
        "transport_maps": ("relay_unknown", "transport_maps"),
        "sender_dependent_default_transport_maps": ("sender_transport",),
        "smtp_sasl_password_maps": ("sasl_relayhost",),
        "smtp_tls_policy_maps": ("tls_policy",),
        "smtpd_sender_login_maps": ("sender_login_maps",),
    }  # fmt: skip
    found = {parameter: maps.use(place, *names) for parameter, names in tables.items()}
    found["transport_maps"] = f"{_LEARNERS}, {found['transport_maps']}"
    others = maps.use(place, "tls_enforce_in", "sasl_transport", "mx_transports")
    return {**found, "proxy_read_maps": " ".join(f"${parameter}" for parameter in tables) + " " + others}


def configure(place: Place) -> None:
    """Write the configuration and make the queue.  Files older than two seconds spare a pause at each start."""
    etc = place.at("postfix", "etc")
    shutil.copytree("/etc/postfix", etc, symlinks=True, ignore=shutil.ignore_patterns("main.cf*", "master.cf*"))
    maps.write(place)
    place.write("postfix/etc/main.cf", "".join(f"{name} = {value}\n" for name, value in main(place).items()))
    place.write("postfix/etc/master.cf", services(place))
    for name in ("main.cf", "master.cf"):
        os.utime(etc / name, (time.time() - 60,) * 2)
    _make_queue(place)


def services(place: Place) -> str:
    """master.cf."""
    inet = {
        name: place.inet(name) for name in ("smtp", "filtered", "milter", "submission", "reinject", "bcc", "rspamd")
    }
    text = _INTERNAL + _LISTENERS
    return text.format(sasl_transport=maps.use(place, "sasl_transport"), strangers=_STRANGERS, **inet)


def _make_queue(place: Place) -> None:
    place.directory("postfix", "lib", owner="postfix", mode=0o700)
    place.directory("postfix", "spool", owner="root")
    place.directory("postfix", "spool", "pid", owner="root")
    for name in _QUEUES.split():
        place.directory("postfix", "spool", name, owner="postfix", mode=0o700)
    for name, mode in _DROPS.items():
        place.directory("postfix", "spool", name, owner="postfix", group="postdrop", mode=mode)


def command(place: Place) -> list[str]:
    """Postfix in the foreground."""
    return [MASTER, "-c", str(place.at("postfix", "etc")), "-s"]
