#!/usr/bin/env bash
# Installs the Debian packages of packages.txt that are missing. Services that come with them are not started: tests and
# the demo start their own servers.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

missing=()
while read -r package; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$' || missing+=("$package")
done < <(grep -v '^#' "$here/packages.txt")
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -eq 0 ]; then as_root=(); elif command -v sudo >/dev/null; then as_root=(sudo); else
  echo "These Debian packages are missing, and neither root nor sudo is at hand to install them: ${missing[*]}" >&2
  exit 1
fi

echo "Installing: ${missing[*]}"
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then  # 101: "action forbidden", so that no service is started
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee $policy >/dev/null
  "${as_root[@]}" chmod 755 $policy
  trap '"${as_root[@]}" rm -f $policy' EXIT
fi
log=$(mktemp)
if ! { "${as_root[@]}" apt-get update -qq &&
       "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
  tail -n 30 "$log" >&2
  echo "apt-get failed; the whole output is in $log" >&2
  exit 1
fi
rm -f "$log"
