#!/usr/bin/env bash
# Becomes a streaming replica of `primary`: copies it once, then runs PostgreSQL. $1: this replica's name.
set -euo pipefail
export PGDATA=${PGDATA:-/var/lib/postgresql/data}
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  passfile=$HOME/.pgpass
  (umask 077 && printf 'primary:5432:*:replicator:%s\n' "$(cat /run/secrets/replication_password)" >"$passfile")
  until pg_basebackup -D "$PGDATA" -X stream -c fast -d "host=primary user=replicator application_name=$1 passfile=$passfile"; do
    sleep 1
  done
  printf "primary_conninfo = 'host=primary user=replicator application_name=%s passfile=%s'\n" "$1" "$passfile" >>"$PGDATA/postgresql.auto.conf"
  touch "$PGDATA/standby.signal"
fi
exec postgres -D "$PGDATA"
