"""A mail stack to try things on: python -m tests.stack up | down.

Prints the settings of a console on it.  Uses the MariaDB and Redis of MAILOPS_TEST_MARIADB and MAILOPS_TEST_REDIS, or
starts its own.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import sqlalchemy as sa

from tests.stack.place import Place
from tests.stack.post import eventually
from tests.stack.processes import STOP_S, StackError
from tests.stack.stack import Stack, drop_database, make_database

ROOT = Path(tempfile.gettempdir()) / "mailops-stack"
STATE = ROOT / "stack.json"
SERVERS = Path(__file__).with_name("servers.sh")


def up() -> None:
    """Start a stack and leave it running."""
    if STATE.exists():
        sys.exit(f"a stack is up already in {ROOT}; make stack-down stops it")
    ROOT.mkdir(exist_ok=True)
    own = _servers()
    server = os.environ["MAILOPS_TEST_MARIADB"]
    url = make_database(server)
    state = {"servers": own, "server": server, "database": url.render_as_string(hide_password=False), "processes": []}
    STATE.touch(0o600)
    STATE.write_text(json.dumps(state))
    place = Place(ROOT, url, os.environ["MAILOPS_TEST_REDIS"])
    stack = Stack(place).up()
    stack.filter()
    state["processes"] = [
        [one.popen.pid, psutil.Process(one.popen.pid).create_time()] for one in stack.daemons.values()
    ]
    STATE.write_text(json.dumps(state))
    _tell(place)


def _servers() -> str:
    """Start MariaDB and Redis unless they are given; the directory to stop them by, or nothing."""
    if os.environ.get("MAILOPS_TEST_MARIADB") and os.environ.get("MAILOPS_TEST_REDIS"):
        return ""
    said = subprocess.run([SERVERS, "start"], check=True, stdout=subprocess.PIPE, text=True).stdout
    os.environ.update(re.findall(r"^export (\w+)='(.*)'$", said, re.MULTILINE))
    return said.split()[-1]


def _tell(place: Place) -> None:
    settings = {
        "MAILOPS_DATABASE_URL": place.database.render_as_string(hide_password=False),
        "MAILOPS_REDIS_URL": place.redis,
        "MAILOPS_HOST": "local",
        "MAILOPS_MAIL_STORE": place.at("vmail"),
        "MAILOPS_MAIL_INDEX": place.at("vmail_index"),
        "MAILOPS_POSTFIX_CONFIG": place.environment["MAIL_CONFIG"],
        "MAILOPS_DOVECOT_CONFIG": place.environment["CONFIG_FILE"],
    }
    for name, value in settings.items():
        print(f"export {name}='{value}'")
    listeners = ("smtp", "filtered", "submission", "imap", "pop3", "sieve")
    print(f"# {', '.join(f'{name} {place.ports[name]}' for name in listeners)}; logs in {place.at('log')}")


def down() -> None:
    """Stop the stack and remove everything of it."""
    if not STATE.exists():
        sys.exit("no stack is up")
    state = json.loads(STATE.read_text())
    for pid, since in state["processes"]:
        _stop(pid, since)
    drop_database(state["server"], sa.make_url(state["database"]))
    if state["servers"]:
        subprocess.run([SERVERS, "stop", state["servers"]], check=True)
    shutil.rmtree(ROOT)


def _stop(pid: int, since: float) -> None:
    """End a process of ours; its number may be somebody else's by now, and the parent may be late to bury it."""
    try:
        process = psutil.Process(pid)
        if process.create_time() != since:
            return
        process.terminate()
        if not eventually(lambda: process.status() == psutil.STATUS_ZOMBIE, STOP_S):
            process.kill()
    except psutil.NoSuchProcess:
        return


if __name__ == "__main__":
    wanted = {"up": up, "down": down}.get(" ".join(sys.argv[1:]))
    if wanted is None:
        sys.exit(__doc__)
    try:
        wanted()
    except StackError as error:
        sys.exit(str(error))
