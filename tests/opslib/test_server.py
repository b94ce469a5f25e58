from __future__ import annotations

import socket
from pathlib import Path

import pytest
import sqlalchemy as sa

from opslib.server import Server

LOGIN = {"DBNAME": "mail", "DBUSER": "mail", "DBPASS": "p@ss:/ü?"}


def database(conf: dict[str, str], home: Path = Path("/nowhere")) -> sa.URL:
    return sa.make_url(Server(LOGIN | conf, home).database_url() or "")


@pytest.mark.parametrize(
    ("published", "host", "port"),
    [
        ("", "127.0.0.1", 13306),
        ("127.0.0.1:3307", "127.0.0.1", 3307),
        ("3308", "127.0.0.1", 3308),
        ("0.0.0.0:3309", "127.0.0.1", 3309),
        ("10.0.0.5:3310", "10.0.0.5", 3310),
        ("[::1]:3311", "::1", 3311),
    ],
)
def test_database_is_where_its_port_is_published(published: str, host: str, port: int) -> None:
    url = database({"SQL_PORT": published})
    assert (url.host, url.port) == (host, port)
    assert (url.drivername, url.username, url.password) == ("mysql+pymysql", "mail", LOGIN["DBPASS"])
    assert url.query["charset"] == "utf8mb4"


def test_a_socket_beside_the_file_is_preferred(tmp_path: Path) -> None:
    (tmp_path / "data" / "mysqld").mkdir(parents=True)
    path = tmp_path / "data" / "mysqld" / "mysqld.sock"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        assert database({}, tmp_path).query["unix_socket"] == str(path)
    path.unlink()
    assert "unix_socket" not in database({}, tmp_path).query


@pytest.mark.parametrize(
    ("conf", "url"),
    [
        ({}, "redis://127.0.0.1:7654/0"),
        ({"REDISPASS": "a:b@c/d"}, "redis://:a%3Ab%40c%2Fd@127.0.0.1:7654/0"),
        ({"REDIS_PORT": "6380"}, "redis://127.0.0.1:6380/0"),
        ({"REDIS_SLAVEOF_IP": "10.0.0.9"}, "redis://10.0.0.9:6379/0"),
        ({"REDIS_SLAVEOF_IP": "fd00::9", "REDIS_SLAVEOF_PORT": "7000"}, "redis://[fd00::9]:7000/0"),
    ],
)
def test_redis_is_the_one_that_takes_writes(conf: dict[str, str], url: str) -> None:
    assert Server(conf, Path("/nowhere")).redis_url() == url


def test_the_embedded_site_names_no_servers() -> None:
    embedded = Server({})
    assert embedded.database_url() is None
    assert embedded.redis_url() is None
    assert embedded.timezone().key == "UTC"


@pytest.mark.parametrize(
    ("conf", "words"),
    [({"DBPASS": ""}, "no DBPASS"), ({"SQL_PORT": "127.0.0.1:x"}, "line SQL_PORT.*port number")],
)
def test_what_is_missing_is_named(conf: dict[str, str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        database(conf)


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="line TZ.*Europe/Berlin"):
        Server({"TZ": "Mars/Olympus"}).timezone()


def test_facts_have_the_contract_s_defaults() -> None:
    server = Server({})
    assert (server.hostname, server.named, server.additional_names) == ("mail.example.org", "", ())
    assert (server.pass_scheme, server.compose_project, server.ipv4_network) == (
        "BLF-CRYPT",
        "mailcow-dockerized",
        "172.22.1",
    )
    assert (server.maildir_sub, server.log_lines) == ("", 9999)
    assert server.master
    assert not (server.skip_sogo or server.cluster_replication or server.allow_admin_email_login)


def test_facts_are_read_from_the_file() -> None:
    server = Server(
        {
            "MAILCOW_HOSTNAME": "Mail.Example.COM",
            "ADDITIONAL_SERVER_NAMES": "a.example.com, B.example.com,",
            "COMPOSE_PROJECT_NAME": "MailCow",
            "LOG_LINES": "500",
            "MASTER": "n",
            "SKIP_SOGO": "y",
            "CLUSTERMODE": "replication",
            "ALLOW_ADMIN_EMAIL_LOGIN": "Yes",
        }
    )
    assert server.hostname == "mail.example.com"
    assert server.additional_names == ("a.example.com", "b.example.com")
    assert (server.compose_project, server.log_lines, server.master) == ("mailcow", 500, False)
    assert server.skip_sogo
    assert server.cluster_replication
    assert server.allow_admin_email_login


def test_secrets_stay_out_of_repr() -> None:
    assert LOGIN["DBPASS"] not in repr(Server(LOGIN))
