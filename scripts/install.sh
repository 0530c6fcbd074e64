#!/usr/bin/env bash
# Make .venv and install the locked packages: `install.sh core` or `install.sh dev`. Fails with one plain sentence.
set -euo pipefail
what=${1:?core or dev}
cd "$(dirname "$0")/.."

fail() { printf 'k2cr: %s\n' "$*" >&2; exit 1; }

python=${PYTHON:-python3}
command -v "$python" >/dev/null || fail "there is no $python here: install Python 3.11 or newer (Debian: apt-get install python3 python3-venv)."
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
  || fail "$("$python" --version) is too old: k2cr needs Python 3.11 or newer. Set PYTHON=/path/to/python3.11 to name another one."
"$python" -c 'import venv, ensurepip' 2>/dev/null \
  || fail "Python's venv module is missing: install it (Debian: apt-get install python3-venv), then run make again."
free_mb=$(df -Pm . | awk 'NR == 2 { print $4 }')
[ "$free_mb" -ge 1500 ] || fail "only ${free_mb} MB of disk are free here: the packages need about 1500 MB."

lock=requirements.lock
[ "$what" = dev ] && lock=requirements-dev.lock
[ -x .venv/bin/python ] || { echo "k2cr: making .venv with $("$python" --version)"; "$python" -m venv .venv; }
echo "k2cr: installing the packages of $lock into .venv (a minute or two the first time)"
log=.venv/install.log
if ! .venv/bin/python -m pip install --quiet --disable-pip-version-check -r "$lock" >"$log" 2>&1; then
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
