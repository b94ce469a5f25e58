"""SQL look-ups of Postfix on the contract's tables (mailflow.md 13.1, addresses.md 4.1).

`%s` is the whole key, `%u` its local part, `%d` its domain; a query with `%u` or `%d` is not asked for keys without.
"""

from __future__ import annotations

from tests.stack.place import ADDRESS, Place

# The mailbox that an alias row leads to alone, and rows for the address itself or its twin in the target domain.
_TARGET = "SELECT target_domain FROM alias_domain WHERE alias_domain = '%d'"
_TWIN = f"SELECT CONCAT('%u', '@', target_domain) FROM ({_TARGET}) twin"
_LEADS_HERE = (
    "FROM alias a JOIN mailbox m ON m.username = a.goto "
    f"WHERE a.address NOT LIKE '@%%' AND (a.address = '%s' OR a.address IN ({_TWIN})) AND m.active = 1"
)


def _attribute(name: str) -> str:
    return f"JSON_UNQUOTE(JSON_EXTRACT(m.attributes, '$.{name}'))"


_OWN_HOST = (
    f"SELECT r.{{0}} FROM relayhosts r WHERE r.active = 1 AND r.id = (SELECT {_attribute('relayhost')} "
    "FROM alias a JOIN mailbox m ON m.username = a.goto WHERE a.active = 1 AND a.address = '%s' "
    "AND a.address NOT LIKE '@%%' LIMIT 1)"
)
_DOMAIN_HOST = (
    "SELECT r.{0} FROM relayhosts r JOIN domain d ON d.relayhost = r.id "
    f"WHERE r.active = 1 AND (d.domain = '%d' OR d.domain IN ({_TARGET})) LIMIT 1"
)
_LOGIN = "CONCAT(r.username, ':', r.password)"

QUERIES = {
    "virtual_mailbox_domains": (
        "SELECT alias_domain FROM alias_domain WHERE alias_domain = '%s' AND active = 1 "
        "UNION SELECT domain FROM domain WHERE domain = '%s' AND active = 1 AND backupmx = 0"
    ),
    "virtual_mailbox_maps": (
        f"SELECT CONCAT({_attribute('mailbox_format')}, m.mailbox_path_prefix, m.domain, '/', m.local_part, '/') "
        "FROM mailbox m WHERE m.username = '%s' AND m.active IN (1, 2)"
    ),
    "relay_domains": "SELECT domain FROM domain WHERE domain = '%s' AND backupmx = 1 AND active = 1",
    "relay_recipient_maps": (
        "SELECT IF(EXISTS (SELECT 1 FROM domain WHERE domain = '%d' AND backupmx = 1 AND relay_all_recipients = 1), "
        "'%s', (SELECT goto FROM alias WHERE address = '%s' AND active = 1))"
    ),
    "virtual_alias_maps": "SELECT goto FROM alias WHERE address = '%s' AND active IN (1, 2)",
    "virtual_resource_maps": (
        "SELECT 'null@localhost' FROM mailbox WHERE username = '%s' AND kind REGEXP 'location|thing|group'"
    ),
    "virtual_spamalias_maps": (
        "SELECT goto FROM spamalias WHERE address = '%s' AND (validity >= UNIX_TIMESTAMP() OR permanent <> 0)"
    ),
    "virtual_alias_domain_maps": (
        f"SELECT username FROM mailbox WHERE active IN (1, 2) AND username IN ({_TWIN}) "
        "AND EXISTS (SELECT 1 FROM alias_domain WHERE alias_domain = '%d' AND active = 1)"
    ),
    "tls_enforce_in": f"SELECT DISTINCT 'reject_plaintext_session' {_LEADS_HERE} AND {_attribute('tls_enforce_in')} = '1'",
    "mx_transports": (
        "SELECT CONCAT('FILTER smtp_via_transport_maps:', nexthop) FROM transports "
        "WHERE active = 1 AND is_mx_based = 1 AND '%s' REGEXP destination"
    ),
    "transport_maps": (
        "SELECT CONCAT('smtp_via_transport_maps:', nexthop) FROM transports WHERE active = 1 AND destination = '%s'"
    ),
    "sender_transport": (
        f"SELECT CONCAT(IF(EXISTS (SELECT 1 {_LEADS_HERE} AND {_attribute('tls_enforce_out')} = '1'), "
        f"'smtp_enforced_tls:', 'smtp:'), COALESCE(({_OWN_HOST.format('hostname')}), ({_DOMAIN_HOST.format('hostname')}), ''))"
    ),
    "sasl_relayhost": (
        f"SELECT {_LOGIN} FROM relayhosts r WHERE r.username <> '' AND r.id = "
        f"COALESCE(({_DOMAIN_HOST.format('id')}), ({_OWN_HOST.format('id')}))"
    ),
    "sasl_transport": (
        "SELECT CONCAT(username, ':', password) FROM transports WHERE active = 1 AND nexthop = '%s' AND username <> '' LIMIT 1"
    ),
    "tls_policy": "SELECT CONCAT(policy, ' ', parameters) FROM tls_policy_override WHERE dest = '%s' AND active = 1",
    "recipient_canonical_maps": "SELECT new_dest FROM recipient_maps WHERE old_dest = '%s' AND active = 1",
    # Row of the address, else of the whole domain; then rights of their own; then the mailbox behind an alias domain.
    "sender_login_maps": (
        "SELECT goto FROM alias WHERE active = 1 AND id = (SELECT id FROM alias WHERE address IN ('%s', '@%d') "
        "AND active IN (1, 2) AND sender_allowed = 1 ORDER BY address = '@%d' LIMIT 1) AND domain IN "
        "(SELECT domain FROM domain WHERE domain = '%d' AND active = 1 "
        "UNION SELECT alias_domain FROM alias_domain WHERE alias_domain = '%d' AND active = 1) "
        "UNION SELECT logged_in_as FROM sender_acl WHERE send_as IN ('@%d', '%s', '*') "
        f"OR send_as IN (SELECT CONCAT('@', target_domain) FROM ({_TARGET}) twin) "
        f"OR (send_as IN ({_TWIN}) AND logged_in_as NOT IN (SELECT goto FROM alias WHERE address = '%s')) "
        f"UNION SELECT username FROM mailbox WHERE active IN (1, 2) AND username IN ({_TWIN}) "
        "AND EXISTS (SELECT 1 FROM alias_domain WHERE alias_domain = '%d' AND active = 1)"
    ),
}  # fmt: skip


def relay_unknown(place: Place) -> str:
    """Addresses known here, of domains whose other recipients are relayed, are delivered here."""
    return (
        f"SELECT 'lmtp:inet:{ADDRESS}:{place.ports['lmtp']}' FROM alias a JOIN domain d ON d.domain = a.domain "
        "WHERE a.address = '%s' AND d.backupmx = 1 AND d.relay_all_recipients = 1 AND d.relay_unknown_only = 1"
    )


def write(place: Place) -> None:
    """The look-ups as files below `postfix/etc/sql`, readable by Postfix only."""
    url = place.database
    login = f"hosts = inet:{url.host}:{url.port}\nuser = {url.username}\npassword = {url.password}\ndbname = {url.database}\n"
    for name, query in {**QUERIES, "relay_unknown": relay_unknown(place)}.items():
        place.write(f"postfix/etc/sql/{name}.cf", f"{login}query = {query}\n", group="postfix")


def use(place: Place, *names: str) -> str:
    """The look-ups as a value in main.cf."""
    return ", ".join(f"proxy:mysql:{place.at('postfix/etc/sql')}/{name}.cf" for name in names)
