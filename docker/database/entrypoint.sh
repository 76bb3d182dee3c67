#!/bin/sh
# Makes the data folder on first use, then becomes PostgreSQL.
#   DATABASE        the database to make
#   DATABASE_OWNER  its owner, a role of its own; without one it belongs to the administrator
# Passwords are files: /run/secrets/postgres_password, and /run/secrets/DATABASE_OWNER_password for the owner.
set -eu

password() {
    [ -s "/run/secrets/$1_password" ] || {
        echo "database: /run/secrets/$1_password is missing or empty" >&2
        exit 1
    }
    # Single quotes are doubled because the password becomes an SQL literal.
    tr -d '\n' <"/run/secrets/$1_password" | sed "s/'/''/g"
}

if [ ! -s "$PGDATA/PG_VERSION" ]; then
    password postgres >/dev/null
    unfinished=$PGDATA.unfinished
    rm -rf "$unfinished"
    # LC_CTYPE C would leave Korean words without letters for pg_trgm.
    initdb -D "$unfinished" -U postgres -E UTF8 --locale=C.UTF-8 --data-checksums --no-instructions \
        --auth-local=peer --auth-host=scram-sha-256 --pwfile=/run/secrets/postgres_password
    echo "include '/etc/postgresql/atlas.conf'" >>"$unfinished/postgresql.conf"
    cat >"$unfinished/pg_hba.conf" <<HBA
local all all peer
host all all all scram-sha-256
HBA
    # In single-user mode a line is a statement, and no server listens before everything is there.
    {
        if [ -n "${DATABASE_OWNER:-}" ]; then
            echo "CREATE ROLE \"$DATABASE_OWNER\" LOGIN PASSWORD '$(password "$DATABASE_OWNER")'"
        fi
        echo "CREATE DATABASE \"$DATABASE\" OWNER \"${DATABASE_OWNER:-postgres}\""
    } | postgres --single -D "$unfinished" postgres >/dev/null
    mv "$unfinished" "$PGDATA"
fi
exec postgres -D "$PGDATA" "$@"
