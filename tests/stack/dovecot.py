"""Dovecot of the stack: IMAP, POP3, LMTP, ManageSieve, sign-in for Postfix (mailflow.md 13.2)."""

from __future__ import annotations

from pathlib import Path

from tests.stack.place import VMAIL, Place

LUA = Path(__file__).with_name("signin.lua")

_MAIN = """\
base_dir = {root}/dovecot/run
state_dir = {root}/dovecot/state
instance_name = mailops-stack
log_path = {root}/log/dovecot.log
protocols = imap pop3 lmtp sieve
listen = 127.0.0.1
ssl = yes
ssl_cert = <{root}/ssl/cert.pem
ssl_key = <{root}/ssl/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
auth_cache_size = 10M
auth_cache_ttl = 300s
auth_cache_negative_ttl = 60s
auth_cache_verify_password_with_worker = yes
mail_plugins = quota acl zlib notify mail_log
mail_fsync = never
recipient_delimiter = +
first_valid_uid = {vmail}
last_valid_uid = {vmail}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Junk {{
    auto = subscribe
    special_use = \\Junk
  }}
  mailbox Trash {{
    auto = subscribe
    special_use = \\Trash
  }}
}}
namespace shared {{
  type = shared
  separator = /
  prefix = Shared/%%u/
  location = maildir:%%h/Maildir:INDEX={root}/vmail_index/%u/shared/%%u
  list = children
  subscriptions = no
}}
passdb {{
  driver = lua
  args = file={root}/dovecot/signin.lua blocking=yes cache_key=%s:%u:%w
}}
userdb {{
  driver = sql
  args = {root}/dovecot/userdb.conf
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service pop3-login {{
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = 0
  }}
}}
service managesieve-login {{
  inet_listener sieve {{
    port = {sieve}
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    port = {lmtp}
  }}
  user = vmail
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service auth {{
  inet_listener auth-inet {{
    port = {sasl}
  }}
  unix_listener auth-master {{
    mode = 0600
    user = vmail
  }}
  unix_listener auth-userdb {{
    mode = 0600
    user = vmail
  }}
}}
service dict {{
  unix_listener dict {{
    mode = 0660
    user = vmail
    group = vmail
  }}
}}
service stats {{
  unix_listener stats-writer {{
    mode = 0660
    user = vmail
  }}
}}
protocol imap {{
  mail_plugins = $mail_plugins imap_quota imap_acl imap_zlib
}}
protocol lmtp {{
  mail_plugins = $mail_plugins sieve
  auth_socket_path = {root}/dovecot/run/auth-master
}}
dict {{
  sqlquota = mysql:{root}/dovecot/dict-quota.conf
  sieve_before = mysql:{root}/dovecot/dict-sieve_before.conf
  sieve_after = mysql:{root}/dovecot/dict-sieve_after.conf
}}
plugin {{
  quota = dict:Userquota::proxy::sqlquota
  quota_rule2 = Trash:storage=+100%%
  acl = vfile
  acl_user = %u
  acl_shared_dict = file:{root}/vmail/shared-mailboxes.db
  sieve = {root}/vmail/sieve/%u.sieve
  sieve_before = dict:proxy::sieve_before;name=active;bindir={root}/vmail/sieve_before_bindir
  sieve_after = dict:proxy::sieve_after;name=active;bindir={root}/vmail/sieve_after_bindir
}}
"""

_USERDB = """\
driver = mysql
connect = {connect}
user_query = SELECT CONCAT(JSON_UNQUOTE(JSON_EXTRACT(attributes, '$.mailbox_format')), '{root}/vmail/%d/%n/Maildir', \
':VOLATILEDIR={root}/volatile/%u:INDEX={root}/vmail_index/%u') AS mail, '{root}/vmail/%d/%n' AS home, \
{vmail} AS uid, {vmail} AS gid, CONCAT('*:bytes=', quota) AS quota_rule \
FROM mailbox WHERE username = '%u' AND active IN (1, 2)
iterate_query = SELECT username FROM mailbox WHERE active IN (1, 2)
"""

_QUOTA = """\
connect = {connect}
map {{
  pattern = priv/quota/storage
  table = quota2
  username_field = username
  value_field = bytes
}}
map {{
  pattern = priv/quota/messages
  table = quota2
  username_field = username
  value_field = messages
}}
"""

_SIEVE = """\
connect = {connect}
map {{
  pattern = priv/sieve/name/$script_name
  table = {table}
  username_field = username
  value_field = id
  fields {{
    script_name = $script_name
  }}
}}
map {{
  pattern = priv/sieve/data/$id
  table = {table}
  username_field = username
  value_field = script_data
  fields {{
    id = $id
  }}
}}
"""


def configure(place: Place) -> None:
    """Write the configuration; files with the database's password are for root, who reads them first."""
    url = place.database
    connect = f"host={url.host} port={url.port} dbname={url.database} user={url.username} password={url.password}"
    ports = {name: place.ports[name] for name in ("imap", "pop3", "sieve", "lmtp", "sasl")}
    place.write("dovecot/dovecot.conf", _MAIN.format(root=place.root, vmail=VMAIL, **ports))
    given = {"root": place.root, "connect": connect, "vmail": VMAIL}
    place.write("dovecot/userdb.conf", _USERDB.format(**given), group="dovecot")
    place.write("dovecot/dict-quota.conf", _QUOTA.format(**given), group="dovecot")
    for table in ("sieve_before", "sieve_after"):
        place.write(f"dovecot/dict-{table}.conf", _SIEVE.format(table=table, **given), group="dovecot")
    place.write("dovecot/signin.lua", LUA.read_text().replace("@PORT@", str(place.ports["auth"])))
    for name in ("sieve", "sieve_before_bindir", "sieve_after_bindir"):
        place.directory("vmail", name, owner=VMAIL)
    place.directory("dovecot", "state")


def command(place: Place) -> list[str]:
    """Dovecot in the foreground."""
    return ["/usr/sbin/dovecot", "-F", "-c", str(place.at("dovecot", "dovecot.conf"))]
