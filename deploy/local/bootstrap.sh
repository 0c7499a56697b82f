#!/usr/bin/env bash
# Makes the virtual environment from pinned requirements with hashes:  bootstrap.sh FOLDER REQUIREMENTS
# Python itself and its venv module come from apt when they are missing.
set -euo pipefail
venv=$1 requirements=$2

say() { printf 'tollgate: %s\n' "$*" >&2; }

# An environment that is linked in from elsewhere is used as it is.
if [[ -L $venv ]]; then exit 0; fi

install() {
  local root=()
  command -v apt-get >/dev/null || { say "$1 is missing and this system has no apt-get: install it by hand"; exit 1; }
  if [[ $(id -u) != 0 ]]; then
    command -v sudo >/dev/null || { say "$1 is missing: as root run 'apt-get install $1', then try again"; exit 1; }
    root=(sudo)
  fi
  say "installing $1 with apt"
  "${root[@]}" apt-get update -qq
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$1" >/dev/null
}

find_python() {
  local name
  for name in python3 python3.14 python3.13 python3.12 python3.11; do
    if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$name"
      return
    fi
  done
}

if [[ ! -x $venv/bin/pip ]]; then
  command -v python3 >/dev/null || install python3
  python=$(find_python)
  if [[ -z $python ]]; then
    say "Tollgate needs Python 3.11 or newer, and this system's is $(python3 -V): install python3.11 and its venv package"
    exit 1
  fi
  if ! "$python" -c 'import ensurepip' 2>/dev/null; then
    install "$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"
  fi
  say "making the virtual environment $venv with $python"
  "$python" -m venv --clear "$venv"
fi
say "installing the packages pinned in $requirements"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$requirements"
