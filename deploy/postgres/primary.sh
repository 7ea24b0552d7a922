#!/usr/bin/env bash
# Runs once in a new primary: the roles replication and Howdah need (no superuser), and who may log in.
set -euo pipefail
psql -v ON_ERROR_STOP=1 -U postgres -v replication="$(cat /run/secrets/replication_password)" \
  -v howdah="$(cat /run/secrets/howdah_password)" <<'SQL'
CREATE ROLE replicator LOGIN REPLICATION PASSWORD :'replication';
CREATE ROLE howdah LOGIN REPLICATION PASSWORD :'howdah';
GRANT pg_monitor, pg_checkpoint, pg_signal_backend TO howdah;
GRANT EXECUTE ON FUNCTION pg_promote(boolean,integer), pg_reload_conf(), pg_wal_replay_pause(), pg_wal_replay_resume(),
  pg_switch_wal() TO howdah;
GRANT ALTER SYSTEM ON PARAMETER primary_conninfo, primary_slot_name, default_transaction_read_only,
  synchronous_standby_names, wal_receiver_timeout, wal_retrieve_retry_interval, recovery_min_apply_delay TO howdah;
SQL
echo "host replication all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
psql -U postgres -c "ALTER SYSTEM SET wal_receiver_timeout = '2s'" -c "ALTER SYSTEM SET wal_keep_size = '256MB'" -c "SELECT pg_reload_conf()"
