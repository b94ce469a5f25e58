#!/usr/bin/env bash
# Throw-away MariaDB and Redis for the tests, on free ports of 127.0.0.1, with their own data and sockets.
#   tests/stack/servers.sh start        prints the exports the tests read, and how to stop
#   tests/stack/servers.sh stop DIR     stops them and removes their data
# Sourced, it offers the functions below. Durability is switched off: never keep anything here.
set -euo pipefail

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

random_word() {
  python3 -c 'import secrets; print(secrets.token_hex(16))'
}

wait_until() { # wait_until SECONDS COMMAND...
  local left=$(($1 * 10))
  shift
  until "$@" >/dev/null 2>&1; do
    left=$((left - 1))
    [ "$left" -gt 0 ] || { echo "gave up waiting for: $1" >&2; return 1; }
    sleep 0.1
  done
}

# Prints the directory; it must be open to the account the database server runs as.
servers_directory() {
  local dir
  dir=$(mktemp -d "${TMPDIR:-/tmp}/mailops-servers.XXXXXX")
  chmod 0755 "$dir"
  echo "$dir"
}

start_mariadb() { # start_mariadb DIR -> sets MAILOPS_TEST_MARIADB
  local dir=$1 port password user=()
  port=$(free_port)
  password=$(random_word)
  mkdir -p "$dir/mysql" "$dir/mysqld"
  if [ "$(id -u)" = 0 ]; then
    user=(--user=mysql)
    chown mysql: "$dir/mysql" "$dir/mysqld"
  fi
  cat >"$dir/my.cnf" <<CONFIG
[mysqld]
datadir=$dir/mysql
socket=$dir/mysqld/mysqld.sock
port=$port
bind-address=127.0.0.1
pid-file=$dir/mysql/mysqld.pid
log-error=$dir/mysql/mysqld.err
character-set-server=utf8mb4
innodb_flush_log_at_trx_commit=0
innodb_doublewrite=0
innodb_buffer_pool_size=64M
innodb_log_file_size=16M
skip-name-resolve
performance_schema=off
CONFIG
  mariadb-install-db --defaults-file="$dir/my.cnf" "${user[@]}" --skip-test-db \
    --auth-root-authentication-method=normal >"$dir/install-db.log" 2>&1
  PATH="$PATH:/usr/sbin" setsid nohup mariadbd --defaults-file="$dir/my.cnf" "${user[@]}" >/dev/null 2>&1 &
  echo $! >"$dir/mariadb.pid"
  wait_until 60 mariadb-admin --defaults-file=/dev/null -u root -S "$dir/mysqld/mysqld.sock" ping
  mariadb --defaults-file=/dev/null -u root -S "$dir/mysqld/mysqld.sock" <<SQL
CREATE DATABASE mailops_test CHARACTER SET utf8mb4;
CREATE USER 'mailops_test'@'127.0.0.1' IDENTIFIED BY '$password';
GRANT ALL PRIVILEGES ON *.* TO 'mailops_test'@'127.0.0.1';
SQL
  export MAILOPS_TEST_MARIADB="mysql+pymysql://mailops_test:$password@127.0.0.1:$port/mailops_test?charset=utf8mb4"
}

start_redis() { # start_redis DIR -> sets MAILOPS_TEST_REDIS
  local dir=$1 port password
  port=$(free_port)
  password=$(random_word)
  mkdir -p "$dir/redis"
  printf '%s\n' "bind 127.0.0.1" "port $port" "requirepass $password" 'save ""' "appendonly no" "dir $dir/redis" \
    >"$dir/redis.conf"
  setsid nohup redis-server "$dir/redis.conf" >"$dir/redis/redis.log" 2>&1 &
  echo $! >"$dir/redis.pid"
  wait_until 30 env REDISCLI_AUTH="$password" redis-cli -p "$port" ping
  export MAILOPS_TEST_REDIS="redis://:$password@127.0.0.1:$port/0"
}

stop_servers() { # stop_servers DIR
  local dir=$1 file pid
  [ -f "$dir/my.cnf" ] || [ -f "$dir/redis.conf" ] || { echo "no servers in $dir" >&2; return 1; }
  for file in "$dir"/*.pid; do
    [ -f "$file" ] || continue
    pid=$(cat "$file")
    kill "$pid" 2>/dev/null || continue
    wait_until 30 eval "! kill -0 $pid" || kill -KILL "$pid"
  done
  rm -rf "$dir"
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  case "${1:-}" in
    start)
      dir=$(servers_directory)
      start_mariadb "$dir"
      start_redis "$dir"
      echo "export MAILOPS_TEST_MARIADB='$MAILOPS_TEST_MARIADB'"
      echo "export MAILOPS_TEST_REDIS='$MAILOPS_TEST_REDIS'"
      echo "# stop: tests/stack/servers.sh stop $dir"
      ;;
    stop) stop_servers "${2:?which directory?}" ;;
    *) sed -n '2,5p' "$0"; exit 2 ;;
  esac
fi
