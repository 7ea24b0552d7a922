#!/usr/bin/env bash
# Writes Howdah's files from environment variables, as the pgpool/pgpool image does, and becomes Howdah.
#
#   PGPOOL_PARAMS_<NAME>                 any parameter of pgpool.conf (read by Howdah itself)
#   PRIMARY_IP, REPLICAS_IP              the nodes: host[:port], and a comma list (read by Howdah itself)
#   <ANY>_USERNAME, <ANY>_PASSWORD       a line of pool_passwd each; <ANY>_PASSWORD_FILE names a file (a mounted secret)
#   PGPOOL_PCP_USER, PGPOOL_PCP_PASSWORD the control port's account (PGPOOL_PCP_PASSWORD_FILE likewise)
#   PGPOOL_CONF_VOLUME                   a folder with own pgpool.conf, pool_hba.conf, pool_passwd, pcp.conf (default /config)
#   HOWDAH_HOME                          where the files are written (default /etc/howdah)
#   HOWDAH_RUN                           sockets, pid file, state of the nodes (default /run/howdah)
#
# `entrypoint.sh healthcheck` asks the running one through its control port, or, where that has no account, whether it listens.
set -euo pipefail
home=${HOWDAH_HOME:-/etc/howdah}
volume=${PGPOOL_CONF_VOLUME:-/config}
run=${HOWDAH_RUN:-/run/howdah}
umask 077

secret_of() {  # NAME: the value of NAME, or what the file named by NAME_FILE holds
  local file_variable=$1_FILE
  if [ -n "${!file_variable:-}" ]; then
    [ -r "${!file_variable}" ] || { echo "entrypoint: $file_variable names ${!file_variable}, which cannot be read" >&2; exit 1; }
    cat "${!file_variable}"
  else
    printf '%s' "${!1:-}"
  fi
}

write_pool_passwd() {
  local variable prefix password
  for variable in $(compgen -e | grep -E '_USERNAME$' || true); do
    prefix=${variable%_USERNAME}
    password=$(secret_of "${prefix}_PASSWORD")
    [ -n "$password" ] || { echo "entrypoint: $variable is set, but neither ${prefix}_PASSWORD nor ${prefix}_PASSWORD_FILE" >&2; exit 1; }
    case $password in
      TEXT* | AES* | md5???????????????????????????????? | SCRAM-SHA-256\$*) printf '%s:%s\n' "${!variable}" "$password" ;;
      *) printf '%s:TEXT%s\n' "${!variable}" "$password" ;;
    esac
  done
}

write_pcp_conf() {
  local password
  password=$(secret_of PGPOOL_PCP_PASSWORD)
  [ -n "${PGPOOL_PCP_USER:-}" ] && [ -n "$password" ] || return 0
  printf '%s:%s\n' "$PGPOOL_PCP_USER" "$(pg_md5 "$password")"
}

write_pcppass() {
  local password
  password=$(secret_of PGPOOL_PCP_PASSWORD | sed 's/[\\:]/\\&/g')
  [ -z "$password" ] || printf '*:*:*:%s\n' "$password"
}

healthcheck() {
  if [ -n "${PGPOOL_PCP_USER:-}" ] && [ -s "$home/pcppass" ]; then
    PCPPASSFILE=$home/pcppass exec pcp_node_count -h 127.0.0.1 -p "${PGPOOL_PARAMS_PCP_PORT:-9898}" -U "$PGPOOL_PCP_USER" -w
  fi
  exec 3<>"/dev/tcp/127.0.0.1/${PGPOOL_PARAMS_PORT:-9999}"
}

from_volume_or() {  # FILE COMMAND: the volume's own file, else what the command writes
  if [ -r "$volume/$1" ]; then cat "$volume/$1" >"$home/$1"; else "$2" >"$home/$1"; fi
}

default_conf() {
  cat <<CONF
listen_addresses = '*'
pcp_listen_addresses = '*'
unix_socket_directories = '$run'
pcp_socket_dir = '$run'
pid_file_name = '$run/howdah.pid'
work_dir = '$run'
enable_pool_hba = on
pool_passwd = '$home/pool_passwd'
CONF
}

default_hba() {
  printf 'local all all scram-sha-256\nhost all all all scram-sha-256\n'
}

if [ "${1:-}" = healthcheck ]; then
  healthcheck
  exit
fi
mkdir -p "$home" "$run"
from_volume_or pgpool.conf default_conf
from_volume_or pool_hba.conf default_hba
from_volume_or pool_passwd write_pool_passwd
from_volume_or pcp.conf write_pcp_conf
write_pcppass >"$home/pcppass"

exec howdah -n -f "$home/pgpool.conf" -a "$home/pool_hba.conf" -F "$home/pcp.conf" "$@"
