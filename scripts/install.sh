#!/usr/bin/env bash
# Make .venv and install the locked packages: `install.sh core` or `install.sh dev`. Fails with one plain sentence.
set -euo pipefail
what=${1:?core or dev}
cd "$(dirname "$0")/.."

say() { printf 'k2cr: %s\n' "$*"; }
fail() { printf 'k2cr: %s\n' "$*" >&2; exit 1; }

python=${PYTHON:-python3}
command -v "$python" >/dev/null || fail "there is no $python here: install Python 3.11 or newer (Debian: apt-get install python3 python3-venv)."
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
  || fail "$("$python" --version) is too old: k2cr needs Python 3.11 or newer. Set PYTHON=/path/to/python3.11 to name another one."

# Debian packs venv's own installer of pip apart from Python: root gets it, others are told.
if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "Python's venv module is missing: installing Debian's python3-venv with apt-get"
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-venv; } >/dev/null 2>&1 || true
  fi
  "$python" -c 'import venv, ensurepip' 2>/dev/null \
    || fail "Python's venv module is missing: install it (Debian: sudo apt-get install python3-venv), then run make again."
fi
free_mb=$(df -Pm . | awk 'NR == 2 { print $4 }')
[ "$free_mb" -ge 1500 ] || fail "only ${free_mb} MB of disk are free here: the packages need about 1500 MB."

lock=requirements.lock
[ "$what" = dev ] && lock=requirements-dev.lock
[ -x .venv/bin/python ] || { say "making .venv with $("$python" --version) ($(command -v "$python"))"; "$python" -m venv .venv; }
packages=$(grep -c '^[A-Za-z0-9._-]*==' "$lock")
say "installing the packages of $lock into .venv: up to $packages, checked by hash (a minute or two the first time)"
log=.venv/install.log
# Pip says nothing for long where its output is no terminal: each 25th package is told, and where it installs.
progress='/^Collecting / { if (++n % 25 == 0) printf "k2cr:   %d of about %d packages found\n", n, all; fflush() }
          /^Installing collected/ { print "k2cr:   all are here; unpacking them"; fflush() }'
if ! .venv/bin/python -m pip install --disable-pip-version-check --require-hashes -r "$lock" 2>&1 | tee "$log" | awk -v all="$packages" "$progress"; then
  tail -n 5 "$log" >&2
  grep -qiE 'connection|resolve|timed out|temporary failure|network' "$log" \
    && fail "the package index could not be reached: check the network, or the proxy and index settings of pip, and run make again."
  grep -qi 'no space left' "$log" && fail "the disk is full: free some space and run make again."
  fail "pip could not install the packages; the whole of what it said is in $log."
fi
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -e . >>"$log" 2>&1 \
  || { tail -n 5 "$log" >&2; fail "pip could not install k2cr itself; the whole of what it said is in $log."; }
touch .venv/.core
[ "$what" = core ] || touch .venv/.dev
say "installed: .venv/bin/k2cr ($(.venv/bin/k2cr --version))"
