#!/bin/sh
# 密钥 · Makes the secrets of compose.yaml that are not there yet: sh deploy/secrets.sh
# The folder keeps others out; the files can be read by whatever user a container runs as.
set -eu
folder=${1:-"$(dirname "$0")/secrets"}
mkdir -p "$folder"
chmod 700 "$folder"
cd "$folder"

random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
keep() { # NAME VALUE: written once, never replaced
    [ -e "$1" ] || { printf '%s' "$2" > "$1.new"; chmod 444 "$1.new"; mv "$1.new" "$1"; echo "$folder/$1"; }
}

keep postgres_password "$(random)"
keep database_url "postgresql://jishi:$(cat postgres_password)@postgres:5432/jishi"
keep grafana_password "$(random)"
