"""Views that Dovecot and SOGo read, and MariaDB's daily clean-up events (addresses.md 2.19, mailflow.md 2.1).

Text aggregates follow `group_concat_max_len`, which is 1 MiB on MariaDB since 10.2.4: no alias list comes near.
"""

from __future__ import annotations

from collections.abc import Mapping

_LISTED = "a.address <> a.goto AND a.active = 1 AND a.sogo_visible = 1 AND a.address NOT LIKE '@%'"


def _joined(value: str, order: str, mariadb: bool) -> str:
    return f"group_concat({value} ORDER BY {order} SEPARATOR ' ')" if mariadb else f"group_concat({value}, ' ')"


def _ordered(source: str, order: str, mariadb: bool) -> str:
    """SQLite has no order inside an aggregate before 3.44: it reads an ordered subquery instead."""
    return source if mariadb else f"(SELECT * FROM {source} ORDER BY {order})"


def view_queries(mariadb: bool) -> Mapping[str, str]:
    """SELECT of each view by name, for MariaDB or SQLite."""
    aliases, rights = _ordered("alias", "address", mariadb), _ordered("sender_acl", "send_as", mariadb)
    through = "concat(m.local_part, '@', ad.alias_domain)" if mariadb else "m.local_part || '@' || ad.alias_domain"
    reached = "mailbox m LEFT JOIN alias_domain ad ON ad.target_domain = m.domain"
    if not mariadb:
        reached = f"(SELECT m.username, {through} AS address FROM {reached} ORDER BY m.username, ad.alias_domain) m"
        through = "m.address"
    digest = "md5(script_data)" if mariadb else "hex(script_data)"
    queries = {
        "grouped_mail_aliases": (
            f"SELECT a.goto AS username, coalesce({_joined('a.address', 'a.address', mariadb)}, '') AS aliases "
            f"FROM {aliases} a WHERE {_LISTED} GROUP BY a.goto"
        ),
        "grouped_sender_acl": (
            f"SELECT s.logged_in_as AS username, coalesce({_joined('s.send_as', 's.send_as', mariadb)}, '') AS send_as_acl "
            f"FROM {rights} s WHERE s.send_as NOT LIKE '@%' GROUP BY s.logged_in_as"
        ),
        "grouped_sender_acl_external": (
            f"SELECT s.logged_in_as AS username, coalesce({_joined('s.send_as', 's.send_as', mariadb)}, '') AS send_as_acl "
            f"FROM {rights} s WHERE s.send_as NOT LIKE '@%' AND s.external = 1 GROUP BY s.logged_in_as"
        ),
        "grouped_domain_alias_address": (
            f"SELECT m.username AS username, coalesce({_joined(through, 'ad.alias_domain', mariadb)}, '') AS ad_alias "
            f"FROM {reached} GROUP BY m.username"
        ),
    }
    for name, kind in (("sieve_before", "prefilter"), ("sieve_after", "postfilter")):
        queries[name] = (
            f"SELECT {digest} AS id, username, script_name, script_data FROM sieve_filters WHERE filter_type = '{kind}'"
        )
    return queries


EVENTS: Mapping[str, tuple[str, ...]] = {
    "clean_spamalias": ("DELETE FROM spamalias WHERE validity < unix_timestamp() AND permanent = 0",),
    "clean_oauth2": tuple(
        f"DELETE FROM {table} WHERE expires < now()"
        for table in ("oauth_access_tokens", "oauth_refresh_tokens", "oauth_authorization_codes")
    ),
    "clean_sasl_log": (
        "DELETE old FROM sasl_log old JOIN (SELECT username, service, max(datetime) AS newest FROM sasl_log "
        "GROUP BY username, service) kept ON kept.username = old.username AND kept.service = old.service "
        "WHERE old.datetime < kept.newest AND old.datetime < now() - INTERVAL 31 DAY",
        "DELETE FROM sasl_log WHERE datetime < now() - INTERVAL 31 DAY "
        "AND username NOT IN (SELECT username FROM mailbox)",
    ),
}


def event_statement(name: str) -> str:
    """CREATE EVENT of a daily clean-up."""
    body = "; ".join(EVENTS[name])
    return f"CREATE EVENT IF NOT EXISTS {name} ON SCHEDULE EVERY 1 DAY DO BEGIN {body}; END"
