#!/usr/bin/env bash
# Makes a folder of wheels from which the package installs without a network, on machines of the
# same system and version of Python as this one:
#     deploy/make_wheelhouse.sh FOLDER [EXTRAS]
set -euo pipefail

folder=$(realpath -m -- "${1:?name the folder of the wheels}")
extras=${2-batch,parquet}
project=$(realpath -- "$(dirname -- "$0")/..")

"${PYTHON:-python3}" -m pip wheel --wheel-dir "$folder" "$project${extras:+[$extras]}"
echo "$(find "$folder" -name '*.whl' | wc -l) wheels, $(du -sm "$folder" | cut -f1) MB. Install with"
echo "    python3 -m pip install --no-index --find-links FOLDER 'mt-artifact-detector${extras:+[$extras]}'"
