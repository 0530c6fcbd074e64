#!/usr/bin/env bash
# What a newcomer does, in a fresh clone: `make demo` with the system's own Python, and the wheel without a lock in every
# Python of 3.11 or newer that is here. Leaves nothing behind.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT

pythons() {  # one path for each version that is here and has venv
  local found
  for found in /usr/bin/python3 $(type -ap python3 python3.11 python3.12 python3.13 python3.14) ~/.pyenv/versions/*/bin/python3; do
    "$found" -c 'import ensurepip, sys, venv; assert sys.version_info >= (3, 11); print(sys.version.split()[0], sys.executable)' 2>/dev/null || true
  done | sort -u -k1,1 | cut -d' ' -f2
}

system=/usr/bin/python3
"$system" -c 'import ensurepip, sys, venv; assert sys.version_info >= (3, 11)' 2>/dev/null || system=$(command -v python3)
echo "== make demo in a fresh clone, with $("$system" --version) ($system)"
git clone --quiet . "$work/clone"
(cd "$work/clone" && env -u VIRTUAL_ENV -u PYTHONPATH PYTHON="$system" make demo >"$work/demo.log" 2>&1) \
  || { tail -n 20 "$work/demo.log" >&2; echo "make demo failed in a fresh clone" >&2; exit 1; }
grep -q '<title>' "$work/clone/reports/demo/index.html"
tail -n 1 "$work/demo.log"

"$work/clone/.venv/bin/python" -m pip wheel -qq --no-deps --wheel-dir "$work" "$work/clone"
mapfile -t versions < <(pythons)
for python in "${versions[@]}"; do
  echo "== the wheel, without a lock, with $("$python" --version) ($python)"
  "$python" -m venv "$work/venv"
  "$work/venv/bin/python" -m pip install -qq --disable-pip-version-check "$work"/k2cr_analysis-*.whl
  (
    cd "$work" && rm -rf snap && ./venv/bin/k2cr --version
    ./venv/bin/k2cr collect --quiet --manifests "$work/clone/tests/project/one_deployment.yaml" --out snap
    ./venv/bin/k2cr assess snap | tail -n 1
  )
  rm -rf "$work/venv"
done
