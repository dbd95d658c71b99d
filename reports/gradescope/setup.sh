#!/usr/bin/env bash
# Gradescope runs this as root, once, when it builds the image. Programs that your students' servers need go here, too.
set -euo pipefail
root=${AUTOGRADER_ROOT:-/autograder}

# The suite needs Python 3.11. Where the image has an older one only, uv fetches one for the suite alone: the servers run
# with the image's own.
if ! python3 -m pip --version > /dev/null 2>&1; then
    apt-get update
    DEBIAN_FRONTEND=noninteractive apt-get install -y python3-pip
fi
python3 -m pip install --quiet --target "$root/uv" uv
export UV_PYTHON_INSTALL_DIR=$root/python
"$root/uv/bin/uv" venv --quiet --clear --python '>=3.11,<3.14' "$root/venv"
"$root/uv/bin/uv" pip install --quiet --python "$root/venv/bin/python" --requirement "$root/source/requirements.txt"

# Out of the servers' reach: they run as another user.
chmod 711 "$root"
mkdir -p "$UV_PYTHON_INSTALL_DIR"
chmod 700 "$root/source" "$root/venv" "$root/uv" "$UV_PYTHON_INSTALL_DIR"
