"""New passwords of administrators, by themselves or from the machine's own shell (access.md 4.2, 7, 8)."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from opslib import passwords
from opslib.errors import UserError
from opslib.passwords import Policy
from opslib.schema import admin, domain_admins, mailbox
from opslib.schema.console import ops_session
from opslib.signin import audit, throttle
from opslib.signin.accounts import DEFAULT_PASSWORD, Identity, attributes, normalised
from opslib.signin.sessions import Session, end_sessions_of
from opslib.site import Site
from opslib.stores.database import read, write


def policy(site: Site) -> Policy:
    """The site's rules for new passwords."""
    return Policy.from_mapping(site.keyvalue.hgetall("PASSWD_POLICY"))


def change_password(
    site: Site, session: Session, password: str, repeated: str, old: str | None = None, remote: str = "local"
) -> list[str]:
    """Change the own password and end the account's other sessions; gives the digests of those.

    The old password may be left out only when the change is pending.  Slow: call it from a worker thread.

    Raises
    ------
    UserError
        `password_wrong` at `old`, or what is wrong with the new password at `password`.
    """
    actor = session.actor
    row = _admin(site, actor.name)
    if row is None:
        raise UserError("access_denied")
    if not session.pending:
        _prove(site, row, old or "", remote)
    if passwords.verify(password, row["password"]):
        raise UserError("password_same", field="password")
    _store(site, actor.name, _hashed(site, password, repeated))
    ended = end_sessions_of(site, actor.name, but=session.digest)
    with write(site.engine) as connection:
        mine = ops_session.c.digest == session.digest
        connection.execute(ops_session.update().where(mine).values(pending=""))
    key = "admin_modified" if actor.is_admin else "domain_admin_modified"
    who = Identity(actor.name, actor.role)
    audit.note(site, "success", [key, actor.name], ["edit", "self", "*"], remote, who)
    return ended


def _prove(site: Site, row: Any, old: str, remote: str) -> None:
    number = throttle.attempt(site, row["username"], remote)
    if not passwords.verify(old, row["password"]):
        raise UserError("password_wrong", field="old")
    throttle.forget(site, number)


def set_admin_password(site: Site, username: str, password: str) -> None:
    """Set the password of an administrator or domain administrator and end all his sessions."""
    row = _admin(site, username.strip().lower())
    if row is None:
        raise UserError("not_found", username)
    _store(site, row["username"], _hashed(site, password, password))
    end_sessions_of(site, row["username"])


def create_admin(site: Site, username: str, password: str) -> None:
    """Add an administrator.

    Raises
    ------
    UserError
        `username_invalid`, `object_exists`, or what is wrong with the password.
    """
    name = normalised(username)
    if name is None or "@" in name or name == "api":
        raise UserError("username_invalid", username, field="username")
    with read(site.engine) as connection:
        taken = [(admin, "username"), (domain_admins, "username"), (mailbox, "username")]
        queries = (sa.select(sa.literal(1)).where(table.c[column] == name).limit(1) for table, column in taken)
        if any(connection.execute(query).first() for query in queries):
            raise UserError("object_exists", name, field="username")
    values = {"username": name, "password": _hashed(site, password, password), "superadmin": 1, "active": 1}
    values |= {"attributes": {"force_tfa": "0", "force_pw_update": "0"}, "created": site.wall()}
    with write(site.engine) as connection:
        connection.execute(admin.insert().values(values))


def _hashed(site: Site, password: str, repeated: str) -> str:
    if not password or not repeated:
        raise UserError("password_complexity", field="password")
    if password != repeated:
        raise UserError("password_mismatch", field="password")
    if password == DEFAULT_PASSWORD:
        raise UserError("password_complexity", field="password")
    try:
        policy(site).check(password, site.password_scheme)
        return passwords.make(password, site.password_scheme)
    except ValueError as error:
        raise UserError(str(error), field="password") from None


def _admin(site: Site, name: str) -> Any:
    with read(site.engine) as connection:
        return connection.execute(sa.select(admin).where(admin.c.username == name)).mappings().first()


def _store(site: Site, name: str, stored: str) -> None:
    mine = admin.c.username == name
    with write(site.engine) as connection:
        kept = attributes(connection.execute(sa.select(admin.c.attributes).where(mine).with_for_update()).scalar())
        values = {"password": stored, "attributes": {**kept, "force_pw_update": "0"}}
        connection.execute(admin.update().where(mine).values(values))
