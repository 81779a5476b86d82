#!/bin/sh
# docker/smoke.sh [gpu|tgi|small|cpu] [embeddings] [merge]
#
# Starts pincite beside whatever runs, under the project name pincite-smoke and on a free port of loopback, tries the door
# and the language model server's lock, adds a PDF, asks, expects a verified citation, and takes it all down, volumes included. Needs
# Docker with Compose, curl, and a model: PINCITE_MODELS names a folder with fp8/ (small and cpu: gguf/), or `merge` makes
# one (44 GB are downloaded). SMOKE_ENGINE_SECONDS is how long the language model may take to load (900).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
[ $# -gt 0 ] || set -- gpu

if ! docker compose version >/dev/null 2>&1; then
    echo "This needs Docker with Compose 2.20 or newer: https://docs.docker.com/engine/install" >&2
    exit 1
fi
case " $* " in
    *" small "* | *" cpu "*) model=gguf/model.gguf ;;
    *) model=fp8/config.json ;;
esac
if [ -n "${PINCITE_MODELS:-}" ]; then
    if [ ! -d "$PINCITE_MODELS" ]; then
        echo "PINCITE_MODELS names no folder: $PINCITE_MODELS" >&2
        exit 2
    fi
    PINCITE_MODELS=$(cd "$PINCITE_MODELS" && pwd)
    export PINCITE_MODELS
fi
case " $* " in
    *" merge "*) ;;
    *)
        if [ ! -e "${PINCITE_MODELS:-/nowhere}/$model" ]; then
            echo "There is no model: name merge, or PINCITE_MODELS, a folder with $model." >&2
            exit 2
        fi
        ;;
esac

work=$(mktemp -d)
export COMPOSE_PROJECT_NAME=pincite-smoke PINCITE_SECRETS="$work/secrets" PINCITE_PUBLISH=127.0.0.1:0:7860
mkdir "$work/docker"
cp "$here"/*.sh "$here"/Caddyfile "$work/docker"
# start.sh writes its .env beside itself; the build still reads the checkout.
sed "s#context: \.\.#context: $(dirname "$here")#" "$here/compose.yaml" >"$work/docker/compose.yaml"
cd "$work/docker"

finish() {
    status=$?
    trap - EXIT INT TERM
    if [ "$status" != 0 ]; then
        echo "FAILED. The last lines of every container:" >&2
        docker compose --profile '*' logs --no-color --tail 30 >&2 || true
    fi
    echo "Down."
    docker compose --profile '*' down --volumes --timeout 100 >/dev/null 2>&1 || true
    rm -rf "$work"
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT TERM

status_of() { curl --noproxy '*' --silent --output /dev/null --write-out '%{http_code}' "$@"; }
expect() {
    if [ "$2" != "$3" ]; then
        echo "$1: expected $2, got $3" >&2
        exit 1
    fi
    echo "- $1: $3"
}

echo "The file"
docker compose --profile '*' config --quiet
echo "- valid, every profile at once"

echo "Up: $*"
{ ./start.sh "$@" || touch "$work/not-started"; } | tee "$work/said"
[ ! -e "$work/not-started" ] || exit 1
docker compose config --images | sort -u | sed 's/^/- /'
name=$(sed -n 's/^Login: //p' "$work/said")
password=$(sed -n 's/^Password, shown this once: //p' "$work/said")
address=http://$(docker compose port proxy 7860)

echo "The door at $address"
expect "without a login" 401 "$(status_of "$address/")"
expect "with a wrong password" 401 "$(status_of -u "$name:wrong" "$address/")"
expect "with the login" 200 "$(status_of -u "$name:$password" "$address/")"
expect "containers with a published port" 1 \
    "$(docker ps --filter label=com.docker.compose.project=pincite-smoke --format '{{.Ports}}' | grep -c -- '->')"
for network in front engine stores; do
    expect "no way out of $network" true "$(docker network inspect --format '{{.Internal}}' "pincite-smoke_$network")"
done

echo "The language model"
deadline=$(($(date +%s) + ${SMOKE_ENGINE_SECONDS:-900}))
until curl --noproxy '*' --silent -u "$name:$password" "$address/readyz" | grep -q '"engine":"ready"'; do
    if [ "$(date +%s)" -gt "$deadline" ]; then
        echo "The language model was not ready in time." >&2
        exit 1
    fi
    sleep 5
done
echo "- ready"
expect "asked without its key" 401 "$(docker compose exec -T app python -c '
import os, urllib.error, urllib.request

address = os.environ["PINCITE_LLM_URL"] + "/v1/chat/completions"
ask = urllib.request.Request(address, b"{}", {"Content-Type": "application/json"})
try:
    print(urllib.request.urlopen(ask, timeout=30).status)
except urllib.error.HTTPError as refusal:
    print(refusal.code)
')"

PROBE_WANTS_ENGINE=yes "$here/probe.sh" docker compose exec -T app
echo "PASSED"
