"""Name and password in, identity out (access.md 5.1, 5.2)."""

from __future__ import annotations

from collections.abc import Collection
from typing import NoReturn

import sqlalchemy as sa

from opslib import passwords
from opslib.errors import UserError
from opslib.schema import admin, tfa
from opslib.signin import audit, throttle
from opslib.signin.accounts import DEFAULT_PASSWORD, PENDING_PASSWORD, Account, Identity, factors, find, normalised
from opslib.site import Site
from opslib.stores.database import read, write

CONSOLE_ROLES = ("admin", "domainadmin")
_LONGEST = 1024  # characters; some schemes take time that grows with the square of it
_SLOW = frozenset({"BLF-CRYPT", "ARGON2I", "ARGON2ID", "SHA256-CRYPT", "SHA512-CRYPT", "CRYPT"})


def authenticate(
    site: Site, username: str, password: str, remote: str, roles: Collection[str] = CONSOLE_ROLES
) -> Identity:
    """Identity of the first account whose password it is: administrator, domain administrator, mailbox.

    Takes the time of hashing a password, so call it from a worker thread.  `remote` comes from `client_address`.

    Raises
    ------
    UserError
        `login_failed` for a wrong name, a wrong password and an account that is switched off alike, `login_throttled`
        with the seconds to wait, `second_factor_needed` when the password alone is not enough.
    ServerError
        When the database cannot be reached.
    """
    name = normalised(username)
    number = throttle.attempt(site, name or "", remote)
    account = _matching(site, name, password, roles)
    if account is None:
        _fail(site, username, remote)
    throttle.forget(site, number)
    throttle.forgive(site, account.name, remote)
    _second_factor(site, account, remote)
    _renew_hash(site, account, password)
    identity = Identity(account.name, account.role, _pending(account, password))
    audit.succeeded(site, identity, remote)
    return identity


def _fail(site: Site, username: str, remote: str) -> NoReturn:
    audit.failed(site, username, remote)
    raise UserError("login_failed")


def _matching(site: Site, name: str | None, password: str, roles: Collection[str]) -> Account | None:
    """The account, when it is active and the password is its own.

    Every attempt costs at least one slow hash: time tells neither which names exist nor how they are stored.
    """
    with read(site.engine) as connection:
        accounts = list(find(connection, name or "", roles))
    password = password if len(password) <= _LONGEST else ""
    if not any(passwords.scheme_of(account.stored) in _SLOW for account in accounts):
        passwords.verify(password or "x", passwords.DUMMY)
    matching = [account for account in accounts if passwords.verify(password, account.stored)]
    return next((account for account in matching if account.active), None)


def _second_factor(site: Site, account: Account, remote: str) -> None:
    """Refuse accounts that need more than a password; end "second factor off for the next sign-in"."""
    with read(site.engine) as connection:
        found = factors(connection, account.name)
    if any(found):
        _refuse(site, account, remote, "second_factor_needed")
    if not found and account.flag("force_tfa"):
        _refuse(site, account, remote, "second_factor_setup_needed")
    if found:
        with write(site.engine) as connection:
            connection.execute(tfa.update().where(tfa.c.username == account.name).values(active=1))


def _refuse(site: Site, account: Account, remote: str, key: str) -> NoReturn:
    audit.note(site, "warning", key, ["check_login", account.name, "*"], remote)
    raise UserError(key)


def _pending(account: Account, password: str) -> str:
    known = account.role != "user" and password == DEFAULT_PASSWORD
    return PENDING_PASSWORD if known or account.flag("force_pw_update") else ""


def _renew_hash(site: Site, account: Account, password: str) -> None:
    """Store a weakly hashed password anew, now that it is known; a change made meanwhile wins."""
    if account.role == "user" or not passwords.is_weak(account.stored) or not passwords.fits(password):
        return
    same = sa.and_(admin.c.username == account.name, admin.c.password == account.stored)
    stored = passwords.make(password, site.password_scheme)
    with write(site.engine) as connection:
        connection.execute(admin.update().where(same).values(password=stored))
