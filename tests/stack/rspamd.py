"""Rspamd of the stack, for the tests that need a filter: milter, scanner, controller, Bayes in Redis.

A short list of top-level domains saves it fifteen seconds of compiling at the first start.
"""

from __future__ import annotations

from tests.stack.place import Place

_TLDS = "com org net de test example invalid localhost"
_OFF = """arc rbl surbl phishing asn neural mx_check greylist rspamd_update dmarc url_redirector replies bimi whitelist
mid elastic clickhouse dcc p0f spamtrap reputation hfilter maillist mime_types fuzzy_check"""  # need DNS or the internet

_LOCAL = {
    "options.inc": """\
dns {{ nameserver = ["127.0.0.1:9"]; timeout = 0.1s; retransmits = 1; }}
filters = "chartable,dkim,regexp";
disable_monitoring = true;
url_tld = "{root}/rspamd/tlds.dat";
map_watch_interval = 5s;
local_addrs = [127.0.0.0/8];
""",
    "redis.conf": 'servers = "{redis}"; password = "{password}"; db = "{db}"; timeout = 5;\n',
    "logging.inc": 'type = "console"; level = "notice";\n',
    "actions.conf": "reject = 15; add_header = 8; greylist = 7;\n",
    "milter_headers.conf": 'use = ["x-spamd-result", "spam-header"]; skip_local = false; skip_authenticated = true;\n',
    "classifier-bayes.conf": 'backend = "redis"; new_schema = true; min_learns = 1; min_tokens = 1; expire = 7776000;\n',
    "regexp.conf": '"OPS_TEST_REJECT" {{ re = "X-Ops-Test=/^reject$/H"; score = 30.0; }}\n'
    '"OPS_TEST_SPAM" {{ re = "X-Ops-Test=/^spam$/H"; score = 10.0; }}\n',
}
_WORKERS = {
    "worker-normal.inc": 'bind_socket = "{scan}"; count = 1;\n',
    "worker-proxy.inc": 'bind_socket = "{milter}"; milter = true; count = 1; timeout = 30s;\n'
    'upstream "local" {{ default = true; hosts = "{scan}"; }}\n',
    "worker-controller.inc": 'bind_socket = "{rspamd}"; count = 1; secure_ip = ["127.0.0.1"];\n',
    "worker-fuzzy.inc": "enabled = false;\n",
}


def configure(place: Place) -> None:
    """Write what differs from the package's own configuration."""
    redis, password, db = place.redis_server
    given = {"root": place.root, "redis": redis, "password": password, "db": db}
    given |= {name: place.inet(name) for name in ("scan", "milter", "rspamd")}
    for directory, files in (("local.d", _LOCAL), ("override.d", _WORKERS)):
        for name, text in files.items():
            place.write(f"rspamd/{directory}/{name}", text.format(**given), group="_rspamd")
    for name in _OFF.split():
        place.write(f"rspamd/local.d/{name}.conf", "enabled = false;\n")
    place.write("rspamd/tlds.dat", "\n".join(_TLDS.split()) + "\n")
    for name in ("db", "run", "log"):
        place.directory(f"rspamd-{name}", owner="_rspamd")


def command(place: Place) -> list[str]:
    """Rspamd in the foreground."""
    places = {"LOCAL_CONFDIR": "rspamd", "DBDIR": "rspamd-db", "RUNDIR": "rspamd-run", "LOGDIR": "rspamd-log"}
    argv = ["/usr/bin/rspamd", "-f", "-c", "/etc/rspamd/rspamd.conf", "-u", "_rspamd", "-g", "_rspamd"]
    return argv + [f"--var={name}={place.at(path)}" for name, path in places.items()]
