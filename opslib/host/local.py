"""The daemons as plain processes of this machine; mailops runs there with the right to command them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from opslib.errors import ServerError
from opslib.host import acl, memcached, processes
from opslib.host.base import Answer, HostAbsent, Service, refusal
from opslib.host.command import PATH, Commands
from opslib.host.mailstore import MailStore

_DONE = "command completed successfully"
_SYSTEMD = Path("/run/systemd/system")
_RELOADS = {"postfix-mailcow": ("postfix", "reload"), "dovecot-mailcow": ("doveadm", "reload")}
_UNITS = {
    **{f"{name}-mailcow": name for name in ("dovecot", "memcached", "nginx", "postfix", "rspamd", "sogo")},
    "mysql-mailcow": "mariadb",
    "redis-mailcow": "redis-server",
}


class LocalHost:
    """Verbs carried out here.  `configs` are the variables MAIL_CONFIG and CONFIG_FILE of daemons configured elsewhere
    than usual; such daemons are reloaded, the others restarted by systemd where it runs."""

    name = "local"
    label = "This machine"
    demo = False

    def __init__(
        self,
        store: MailStore,
        configs: Mapping[str, str],
        cache: tuple[str, int] | None = None,
        timeout: float = 60,
    ) -> None:
        self._cache = cache
        self._own = bool(configs)
        self._commands = Commands(configs, timeout)
        self._verbs: dict[str, Callable[..., str]] = {
            "restart": self._restart,
            "maildir_cleanup": lambda path: store.cleanup(path),
            "maildir_move": lambda old, new: store.move(old, new),
            "sogo_rename": self._sogo_rename,
            "imap_acl_rename": lambda old, new: acl.rename(self._commands, store.path, old, new),
            "flush_memcached": self._flush_memcached,
            "flush_auth_cache": self._flush_auth_cache,
        }

    def do(self, verb: str, **arguments: str) -> Answer:
        """Carry out a verb.  Raises HostAbsent for what is not on this machine, ServerError when it breaks."""
        problem = refusal(verb, arguments)
        if verb == "restart" and not problem and arguments["service"] not in _UNITS:
            problem = f"there is no service {arguments['service']} on this machine"
        if problem:
            return Answer(False, problem)
        try:
            return Answer(True, _DONE, self._verbs[verb](**arguments).strip())
        except OSError as error:
            raise ServerError("task_failed", f"{verb}: {error.strerror}: {error.filename}") from error

    def services(self) -> list[Service]:
        """The daemons that run."""
        return processes.services()

    def _restart(self, service: str) -> str:
        if _SYSTEMD.is_dir() and not self._own:
            return self._commands.check("systemctl", "restart", _UNITS[service])
        if service not in _RELOADS:
            raise HostAbsent(f"{service} cannot be restarted from here: this machine runs no systemd")
        return self._commands.check(*_RELOADS[service])

    def _sogo_rename(self, old: str, new: str) -> str:
        if not shutil.which("sogo-tool", path=PATH):
            raise HostAbsent("SOGo is not installed on this machine")
        return self._commands.check("runuser", "-u", "sogo", "--", "sogo-tool", "rename-user", old, new)

    def _flush_memcached(self) -> str:
        if self._cache is None:
            raise HostAbsent("no memcached is named: set MAILOPS_MEMCACHED")
        memcached.flush(*self._cache)
        return ""

    def _flush_auth_cache(self, *, user: str = "") -> str:
        return self._commands.check("doveadm", "auth", "cache", "flush", *([user] if user else []))
