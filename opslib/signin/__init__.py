"""Who may come in: passwords checked, guessing slowed down, sessions kept and ended (access.md 5, 9.3, 20)."""

from opslib.signin.accounts import PENDING_PASSWORD, Identity
from opslib.signin.address import client_address
from opslib.signin.bits import effective
from opslib.signin.change import change_password, create_admin, set_admin_password
from opslib.signin.check import authenticate
from opslib.signin.sessions import (
    Session,
    by_digest,
    digest,
    end_session,
    end_session_by,
    end_sessions_of,
    open_session,
    session,
    session_actor,
)

__all__ = [
    "PENDING_PASSWORD",
    "Identity",
    "Session",
    "authenticate",
    "by_digest",
    "change_password",
    "client_address",
    "create_admin",
    "digest",
    "effective",
    "end_session",
    "end_session_by",
    "end_sessions_of",
    "open_session",
    "session",
    "session_actor",
    "set_admin_password",
]
