#!/bin/sh
# Makes the secrets of docker-compose.yml that are not there yet, below docker/secrets or the folder that is named.
set -eu

folder=${1:-$(dirname -- "$0")/secrets}
# The folder keeps other accounts of this machine out; the files have to be readable for the containers' accounts.
mkdir -p "$folder"
chmod 0700 "$folder"
cd "$folder"

random() {
    od -An -N"$1" -tx1 /dev/urandom | tr -d ' \n'
}

# put NAME TEXT: a file that is there already is kept.
put() {
    if ! [ -e "$1" ]; then
        printf '%s' "$2" >"$1.draft"
        chmod 0444 "$1.draft"
        mv "$1.draft" "$1"
    fi
}

for name in postgres_password atlas_owner_password atlas_app_password atlas_loader_password atlas_reader_password \
    atlas_secret airflow_postgres_password airflow_password airflow_session_key airflow_token_key; do
    put "$name" "$(random 32)"
done
put airflow_database_url "postgresql+psycopg://airflow:$(cat airflow_password)@airflow-database/airflow"
# A Fernet key is 32 bytes in the URL's base64.
put airflow_fernet_key "$(head -c 32 /dev/urandom | base64 | tr '+/' '-_')"
put airflow_passwords.json "{\"admin\": \"$(random 12)\"}"
for name in atlas_api_key atlas_openai_api_key atlas_embedding_api_key atlas_krx_api_key atlas_krx_id \
    atlas_krx_password atlas_discord_webhook_url; do
    put "$name" ''
done

# Airflow tells the same webhook of failed tasks.
webhook=$(sed -n 's#^ *https://[a-z.]*discord\(app\)\{0,1\}\.com/api/\(v[0-9]*/\)\{0,1\}\(webhooks/[0-9]*/[A-Za-z0-9_-]*\) *$#\3#p' atlas_discord_webhook_url)
if [ -n "$webhook" ]; then
    connections="{\"atlas_discord\": {\"conn_type\": \"discord\", \"host\": \"https://discord.com/api\", \"extra\": {\"webhook_endpoint\": \"$webhook\"}}}"
else
    connections='{}'
fi
if [ "$(cat airflow_connections.json 2>/dev/null)" != "$connections" ]; then
    rm -f airflow_connections.json
    put airflow_connections.json "$connections"
fi
