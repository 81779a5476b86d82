#!/bin/sh
# docker/space/bundle.sh OUT: lays out the folder that is uploaded as a Space: what lies here, and the packages that it runs.
set -eu
if [ $# != 1 ] || [ -e "$1" ]; then
    echo "Usage: docker/space/bundle.sh OUT, a folder that is not there yet" >&2
    exit 2
fi
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
cp "$here/README.md" "$here/app.py" "$here/requirements.txt" "$1"
tar -C "$here/../.." -c --exclude=__pycache__ LICENSE NOTICE retrieval webapp | tar -C "$1" -x
