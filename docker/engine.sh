#!/bin/sh
# engine.sh VARIABLE MODEL COMMAND…: run COMMAND with the engine's key in VARIABLE. The engines take it from a variable,
# which stands in no file and no command line. Without a model it says what to do and stays, so that it is not started
# over and over; the page meanwhile answers in the documents' own words.
set -eu
variable=$1 model=$2
shift 2
key=$(cat /run/secrets/engine_key)
if [ -z "$key" ]; then
    echo "The secret engine_key is empty. docker/start.sh makes one." >&2
    exit 1
fi
if [ ! -e "$model" ]; then
    echo "There is no model at $model. \"docker/start.sh … merge\" makes it; docs/hosting/gpu-server.md says what that takes." >&2
    exec sleep infinity
fi
export "$variable=$key"
exec "$@"
