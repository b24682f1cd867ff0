#!/bin/sh
# Resolves what pyproject.toml asks for, for every supported system and Python at once. What is locked already stays as
# long as it fits; `scripts/lock.sh --upgrade` takes what is newest.
set -eu
cd "$(dirname "$0")/.."
lock() { .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
  --no-emit-index-url --no-emit-find-links pyproject.toml "$@"; }
lock --output-file requirements.lock "$@"
lock --extra dev --constraint requirements.lock --output-file requirements-dev.lock "$@"
