"""Configuration: environment variables `MAILOPS_*`, and an existing mail server's own `mailcow.conf`.

Every setting is declared once, as a field of `Settings`; reader, default, help text and README's table come from there.
"""

from __future__ import annotations

import dataclasses
import difflib
import ipaddress
import os
import secrets
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from opslib import conffile
from opslib.errors import UserError
from opslib.server import Server, port_number, zone

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

PREFIX = "MAILOPS_"
_FOREIGN = (PREFIX + "TEST_",)
_SECRET_BYTES = 32


class SettingsError(UserError):
    """A setting that cannot be used: names it and says what to do.  Never repeats a value that may be secret."""

    def __init__(self, setting: str, message: str) -> None:
        self.setting = setting
        self.message = message
        super().__init__("setting_invalid", setting, message, field=setting)


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable.  `read` raises ValueError with what to do; `shown` is the default in words."""

    read: Callable[[str], Any]
    shown: str
    doc: str
    default: str = ""


def _text(raw: str) -> str:
    return raw


def _path(raw: str) -> Path | None:
    try:
        return Path(raw).expanduser() if raw else None
    except RuntimeError as error:
        raise ValueError("give a path; the home directory it names is not known.") from error


def _zone(raw: str) -> ZoneInfo | None:
    return zone(raw) if raw else None


def _host(raw: str) -> str:
    if raw not in ("auto", "demo", "local", "absent"):
        raise ValueError("give one of auto, demo, local, absent.")
    return raw


def _place(raw: str) -> tuple[str, int] | None:
    host, colon, port = raw.rpartition(":")
    if raw and not (host and colon):
        raise ValueError("give host:port, for example 127.0.0.1:11211.")
    return (host.strip("[]"), port_number(port)) if raw else None


def _networks(raw: str) -> tuple[Network, ...]:
    parts = [part.strip() for part in raw.split(",") if part.strip()]
    try:
        return tuple(ipaddress.ip_network(part, strict=False) for part in parts)
    except ValueError as error:
        raise ValueError("give addresses or networks, separated by commas: 127.0.0.1, 10.0.0.0/8.") from error


def _database(raw: str) -> str:
    try:
        dialect = sa.make_url(raw).get_backend_name() if raw else "sqlite"
    except (sa.exc.ArgumentError, ValueError):
        dialect = ""
    if dialect not in ("sqlite", "mysql", "mariadb"):
        raise ValueError("give mysql+pymysql://user:password@host:port/database or sqlite:///path.")
    return raw


def _redis(raw: str) -> str | None:
    if raw and not raw.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("give redis://:password@host:port/0.")
    return raw or None


def _declare(read: Callable[[str], Any], shown: str, doc: str, default: str = "") -> dict[str, Setting]:
    return {"setting": Setting(read, shown, doc, default)}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What this process runs with.  Made by `Settings.load`; secrets are left out of its repr."""

    mailcow_conf: Path | None = field(
        metadata=_declare(_path, "none", "Configuration file of the mail server to manage. It is read, never executed.")
    )
    database_url: str = field(
        repr=False,
        metadata=_declare(
            _database,
            "from `mailcow.conf`, else `site.sqlite` in the data directory",
            "Database: `mysql+pymysql://user:password@host:port/database` or `sqlite:///path`.",
        ),
    )
    redis_url: str | None = field(
        repr=False,
        metadata=_declare(
            _redis,
            "from `mailcow.conf`, else tables in the database",
            "Key-value store: `redis://:password@host:port/0`.",
        ),
    )
    host: str = field(
        metadata=_declare(
            _host,
            "`auto`",
            "Where host commands go: `local` carries them out on this machine, `demo` makes them up, `absent` lets them "
            "wait visibly in the outbox, `auto` is `demo` for the embedded site and `absent` otherwise.",
            "auto",
        )
    )
    mail_store: Path = field(
        metadata=_declare(_path, "`/var/vmail`", "Directory of all maildirs, for the host `local`.", "/var/vmail")
    )
    mail_index: Path = field(
        metadata=_declare(
            _path, "`/var/vmail_index`", "Directory of Dovecot's indexes, for the host `local`.", "/var/vmail_index"
        )
    )
    postfix_config: Path | None = field(
        metadata=_declare(_path, "Postfix's own", "Configuration directory of Postfix, for the host `local`.")
    )
    dovecot_config: Path | None = field(
        metadata=_declare(_path, "Dovecot's own", "Configuration file of Dovecot, for the host `local`.")
    )
    memcached: tuple[str, int] | None = field(
        metadata=_declare(_place, "none", "SOGo's memcached as `host:port`, for the host `local`.")
    )
    address: str = field(
        metadata=_declare(_text, "`127.0.0.1`", "Address the console listens on.", "127.0.0.1"),
    )
    port: int = field(
        metadata=_declare(port_number, "`5006`", "Port the console listens on.", "5006"),
    )
    trusted_proxies: tuple[Network, ...] = field(
        metadata=_declare(
            _networks, "none", "Proxies whose `X-Forwarded-For` is believed: addresses or networks with commas between."
        )
    )
    site_name: str = field(
        metadata=_declare(_text, "`MAILCOW_HOSTNAME`, else `Embedded site`", "Name of the site on screen."),
    )
    timezone: ZoneInfo = field(
        metadata=_declare(_zone, "`TZ` of `mailcow.conf`, else `UTC`", "Zone of the server's clock and of the screen."),
    )
    data_dir: Path = field(
        metadata=_declare(
            _path,
            "`var` in a checkout, else `$XDG_DATA_HOME/mailops`",
            "Directory of the embedded site and of the secret key.",
        )
    )
    secret_key_file: Path = field(
        metadata=_declare(
            _path, "`secret.key` in the data directory", "File with the key that signs cookies; made when missing."
        )
    )
    server: Server = field(default_factory=lambda: Server({}))

    @classmethod
    def load(cls, env: Mapping[str, str] | None = None) -> Settings:
        """Read the environment and the configuration file it names.  Raises SettingsError."""
        env = os.environ if env is None else env
        _refuse_unknown(env)
        values = {name: _read(name, declared, env) for name, declared in declarations().items()}
        server = _read_server(values["mailcow_conf"])
        data_dir = values["data_dir"] or _default_data_dir(env)
        values |= {
            "data_dir": data_dir,
            "secret_key_file": values["secret_key_file"] or data_dir / "secret.key",
            "database_url": values["database_url"] or _derived(server.database_url) or _embedded_url(data_dir),
            "redis_url": values["redis_url"] or _derived(server.redis_url),
            "timezone": values["timezone"] or _derived(server.timezone),
            "site_name": values["site_name"] or server.named or "Embedded site",
        }
        return cls(**values, server=server)

    @property
    def embedded(self) -> bool:
        """Whether this is the site mailops brings along, and not somebody's mail server."""
        return self.mailcow_conf is None and sa.make_url(self.database_url).get_backend_name() == "sqlite"

    @property
    def host_kind(self) -> str:
        """`demo`, `local` or `absent`: `host` with `auto` resolved.  A real site never gets made-up answers unasked."""
        return self.host if self.host != "auto" else "demo" if self.embedded else "absent"

    def secret_key(self) -> bytes:
        """Key that signs cookies: 32 random bytes, the same for every process that shares the file."""
        try:
            if not self.secret_key_file.exists():
                _make_secret(self.secret_key_file)
            key = self.secret_key_file.read_bytes()
        except OSError as error:
            message = f"the file cannot be read or made ({error.strerror}); name one that this account may write."
            raise SettingsError("MAILOPS_SECRET_KEY_FILE", message) from error
        if len(key) < _SECRET_BYTES:
            raise SettingsError("MAILOPS_SECRET_KEY_FILE", "the file is too short; delete it to have a new one made.")
        return key


def declarations() -> dict[str, Setting]:
    """Attribute of Settings -> its declaration, in order."""
    found = {one.name: one.metadata.get("setting") for one in dataclasses.fields(Settings)}
    return {name: declared for name, declared in found.items() if declared}


def variable(name: str) -> str:
    """Environment variable of an attribute of Settings."""
    return PREFIX + name.upper()


def table() -> str:
    """All settings as a Markdown table, for README."""
    rows = [f"| `{variable(name)}` | {one.shown} | {one.doc} |" for name, one in declarations().items()]
    return "\n".join(["| Name | Default | Meaning |", "|---|---|---|", *rows]) + "\n"


def _read(name: str, declared: Setting, env: Mapping[str, str]) -> Any:
    try:
        return declared.read(env.get(variable(name), "").strip() or declared.default)
    except ValueError as error:
        raise SettingsError(variable(name), str(error)) from error


def _refuse_unknown(env: Mapping[str, str]) -> None:
    known = [variable(name) for name in declarations()]
    for name in env:
        if name.startswith(PREFIX) and name not in known and not name.startswith(_FOREIGN):
            near = difflib.get_close_matches(name, known, n=1)
            raise SettingsError(name, f"no such setting; {f'did you mean {near[0]}?' if near else 'remove it.'}")


def _read_server(path: Path | None) -> Server:
    name = variable("mailcow_conf")
    try:
        return Server(conffile.load(path), path.parent) if path else Server({})
    except OSError as error:
        message = f"{path} cannot be read ({error.strerror}); give the path of mailcow.conf and the right to read it."
        raise SettingsError(name, message) from error
    except conffile.ConfError as error:
        raise SettingsError(name, f"{path}: {error}; mend that line.") from error


def _derived(derive: Callable[[], Any]) -> Any:
    try:
        return derive()
    except ValueError as error:
        raise SettingsError(variable("mailcow_conf"), str(error)) from error


def _default_data_dir(env: Mapping[str, str]) -> Path:
    """The same wherever a process was started, so that console, CLI and notebooks see one embedded site."""
    checkout = Path(__file__).resolve().parents[1]
    if (checkout / "pyproject.toml").exists():
        return checkout / "var"
    return Path(env.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "mailops"


def _embedded_url(data_dir: Path) -> str:
    return sa.URL.create("sqlite", database=str(data_dir / "site.sqlite")).render_as_string()


def _make_secret(path: Path) -> None:
    """Appears complete and readable by its owner only; of several processes that try, the first wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".key-") as draft:
        draft.write(secrets.token_bytes(_SECRET_BYTES))
        draft.flush()
        try:
            os.link(draft.name, path)
        except FileExistsError:
            return
