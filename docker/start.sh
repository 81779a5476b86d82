#!/bin/sh
# docker/start.sh [gpu|tgi|small|cpu] [embeddings] [merge]
#
# Starts pincite in containers on this machine. The first time it makes the keys and a login, and prints the login. What
# is named is remembered in docker/.env: without a name it starts what it started last, the first time `gpu`.
#   gpu         vLLM on an NVIDIA GPU                small   llama.cpp on a GPU of 8 to 12 GB
#   tgi         text-generation-inference on one     cpu     llama.cpp without a GPU
#   embeddings  a text-embeddings-inference server for search
#   merge       makes the model first: downloads 44 GB, once
set -eu
cd "$(dirname "$0")"

engine='' profiles='' embeddings=''
for name in "$@"; do
    case $name in
        gpu | tgi | small | cpu)
            if [ -n "$engine" ]; then
                echo "One language model server, please: $engine or $name." >&2
                exit 2
            fi
            engine=$name
            ;;
        embeddings) embeddings=http://embeddings:8080 ;;
        merge) ;;
        -h | --help)
            sed -n '2,/^set/s/^# \{0,1\}//p' start.sh
            exit 0
            ;;
        *)
            echo "There is no \"$name\". Choose among gpu, tgi, small, cpu, embeddings and merge." >&2
            exit 2
            ;;
    esac
    profiles=${profiles:+$profiles,}$name
done

if ! docker compose version >/dev/null 2>&1; then
    echo "This needs Docker with Compose 2.20 or newer: https://docs.docker.com/engine/install" >&2
    exit 1
fi

# Chosen now, or chosen before; any other line of docker/.env stays as it is.
if [ $# -gt 0 ] || [ ! -e .env ]; then
    touch .env
    {
        grep -v -e '^COMPOSE_PROFILES=' -e '^PINCITE_EMBEDDINGS_URL=' -e '^MERGE_FORMAT=' .env || true
        echo "COMPOSE_PROFILES=${profiles:-gpu}"
        if [ -n "$embeddings" ]; then echo "PINCITE_EMBEDDINGS_URL=$embeddings"; fi
        case $engine in small | cpu) echo MERGE_FORMAT=gguf ;; esac
    } >.env.new
    mv .env.new .env
fi

secrets=${PINCITE_SECRETS:-secrets}
mkdir -p "$secrets"
chmod 700 "$secrets"
for key in engine_key proxy_secret; do
    if [ ! -s "$secrets/$key" ]; then
        head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$secrets/$key"
    fi
done
touch "$secrets/logins" "$secrets/hf_token"
chmod 444 "$secrets"/*

echo "Building…"
docker compose build --quiet
if [ ! -s "$secrets/logins" ]; then
    ./login.sh "$(id -un)"
fi
echo "Starting…"
docker compose up --detach
docker compose up --detach --wait --no-deps --no-recreate proxy app chroma
echo "pincite is at $(sed -n 's/^PINCITE_SITE=//p' .env | grep . || echo "http://$(docker compose port proxy 7860)")"
echo "The language model may need ten more minutes to load; until then answers are in the documents' own words."
