#!/bin/sh
# docker/smoke.sh [gpu|vllm|cpu] [embeddings] [merge]
#
# Starts pincite beside whatever runs, under the project name pincite-smoke and on a free port of loopback, adds a PDF,
# asks, expects a verified citation, and takes it all down, volumes included. PINCITE_MODELS names a folder with fp8/ or
# gguf/, so that nothing is downloaded; SMOKE_ENGINE_SECONDS is how long the engine may take to load (900).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
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
        docker compose logs --no-color --tail 30 >&2 || true
    fi
    echo "Down."
    docker compose --profile '*' down --volumes --timeout 100 >/dev/null 2>&1 || true
    rm -rf "$work"
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT TERM

echo "Up: ${*:-gpu}"
./start.sh "${@:-gpu}" | tee "$work/said"
name=$(sed -n 's/^Login: //p' "$work/said")
password=$(sed -n 's/^Password, shown this once: //p' "$work/said")
address=http://$(docker compose port proxy 7860)

status_of() { curl -s -o /dev/null -w '%{http_code}' "$@"; }
expect() {
    if [ "$2" != "$3" ]; then
        echo "$1: expected $2, got $3" >&2
        exit 1
    fi
    echo "- $1: $3"
}
echo "The door at $address"
expect "without a login" 401 "$(status_of "$address/")"
expect "with a wrong password" 401 "$(status_of -u "$name:wrong" "$address/")"
expect "with the login" 200 "$(status_of -u "$name:$password" "$address/")"
expect "published ports" 1 "$(docker ps --filter label=com.docker.compose.project=pincite-smoke --format '{{.Ports}}' | grep -c -- '->')"

echo "The engine"
deadline=$(($(date +%s) + ${SMOKE_ENGINE_SECONDS:-900}))
until curl -s -u "$name:$password" "$address/readyz" | grep -q '"engine":"ready"'; do
    if [ "$(date +%s)" -gt "$deadline" ]; then
        echo "The engine was not ready in time." >&2
        exit 1
    fi
    sleep 5
done
echo "- ready"

"$here/probe.sh" docker compose exec -T app
echo "PASSED"
