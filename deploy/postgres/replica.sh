#!/usr/bin/env bash
# Becomes a streaming replica of `primary`: copies it once, then runs PostgreSQL. $1: this replica's name.
set -euo pipefail
export PGDATA=${PGDATA:-/var/lib/postgresql/data}
# At every start, because a new container of an old volume has none; for any host, because the primary may be another one by now.
passfile=$HOME/.pgpass
(umask 077 && printf '*:*:*:replicator:%s\n' "$(cat /run/secrets/replication_password)" >"$passfile")
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  until pg_basebackup -D "$PGDATA" -X stream -c fast -d "host=primary user=replicator application_name=$1 passfile=$passfile"; do
    sleep 1
  done
  printf "primary_conninfo = 'host=primary user=replicator application_name=%s passfile=%s'\n" "$1" "$passfile" >>"$PGDATA/postgresql.auto.conf"
  touch "$PGDATA/standby.signal"
fi
exec postgres -D "$PGDATA"
