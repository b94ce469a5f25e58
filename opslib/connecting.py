"""From settings to a site, and from a site to Ops."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

from opslib.actor import Actor, system
from opslib.host.absent import AbsentHost
from opslib.host.base import Host
from opslib.host.demo import DemoHost
from opslib.host.local import LocalHost
from opslib.host.mailstore import MailStore
from opslib.ops import Ops
from opslib.passwords import DEFAULT_SCHEME
from opslib.settings import Settings
from opslib.site import Site
from opslib.stores.database import engine_for
from opslib.stores.keyvalue import EmbeddedStore, KeyValue, RedisStore


def open_site(settings: Settings) -> Site:
    """The site the settings describe; nothing is connected yet."""
    engine = engine_for(settings.database_url)
    keyvalue: KeyValue = RedisStore(settings.redis_url) if settings.redis_url else EmbeddedStore(engine, _now)
    return Site(
        engine,
        keyvalue,
        _host(settings, keyvalue),
        name=settings.site_name,
        hostname=settings.server.hostname,
        zone=settings.timezone,
        sogo=not settings.server.skip_sogo,
        password_scheme=_scheme(settings.server.pass_scheme),
    )


def _now() -> datetime:
    return datetime.now(UTC)


def _scheme(named: str) -> str:
    """What the mail server would make of MAILCOW_PASS_SCHEME: anything it does not know is bcrypt (access.md 3.3)."""
    return named if named in ("SSHA", "SSHA256", "SSHA512") else DEFAULT_SCHEME


def _host(settings: Settings, keyvalue: KeyValue) -> Host:
    if settings.host_kind == "local":
        configs = {"MAIL_CONFIG": settings.postfix_config, "CONFIG_FILE": settings.dovecot_config}
        named = {name: str(path) for name, path in configs.items() if path}
        return LocalHost(MailStore(settings.mail_store, settings.mail_index, _now), named, settings.memcached)
    return DemoHost(keyvalue, _now) if settings.host_kind == "demo" else AbsentHost()


def connect(url: str | None = None, actor: Actor | None = None, settings: Settings | None = None) -> Ops:
    """Ops on the site of the settings (default: the environment's), or on the database at `url`.

    Without an actor it is the operator at the machine's own shell, an administrator.
    """
    settings = settings or Settings.load()
    if url is not None:
        settings = dataclasses.replace(settings, database_url=url)
    return Ops(open_site(settings), actor or system("notebook"))
