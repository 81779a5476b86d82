#!/bin/sh
# docker/login.sh NAME: gives NAME a new password and prints it once. The proxy keeps only its hash.
# docker/login.sh --remove NAME: takes the login away. Documents of that person stay.
set -eu
cd "$(dirname "$0")"

remove=
if [ "${1:-}" = --remove ]; then
    remove=yes
    shift
fi
name=${1:-}
case $name in
    '' | -* | *[!A-Za-z0-9._@-]*)
        echo "Usage: docker/login.sh [--remove] NAME, of letters, digits and . _ @ -" >&2
        exit 2
        ;;
esac
logins=${PINCITE_SECRETS:-secrets}/logins
if [ ! -e "$logins" ]; then
    echo "There are no logins yet: docker/start.sh makes the first." >&2
    exit 1
fi

others=$(awk -v name="$name" '$1 != name' "$logins")
entry=''
if [ -z "$remove" ]; then
    password=$(head -c 15 /dev/urandom | base64 | tr '+/' '-_')
    proxy=$(docker compose config --images | grep -m 1 '^pincite-proxy:')
    hash=$(printf '%s\n' "$password" | docker run --rm --interactive --network none "$proxy" caddy hash-password)
    entry="$name $hash"
fi
# Written in place: a container sees the file that it was given, not a new one of the same name.
chmod 600 "$logins"
printf '%s\n' "$others" "$entry" | sed '/^$/d' >"$logins"
chmod 444 "$logins"
if [ -n "$(docker compose ps --quiet proxy)" ]; then
    docker compose restart proxy
fi
if [ -z "$remove" ]; then
    echo "Login: $name"
    echo "Password, shown this once: $password"
fi
