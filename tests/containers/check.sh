#!/bin/sh
# Builds the images, brings everything up beside whatever else runs, looks at it from outside and takes it down again.
# Needs a Docker engine with Compose; takes some minutes. ATLAS_BUILD_NETWORK=host where builds have no network of their own.
#   tests/containers/check.sh [--keep]    --keep leaves everything running
set -eu

cd -- "$(dirname -- "$(readlink -f -- "$0")")/../.."
export COMPOSE_PROJECT_NAME=etf-atlas-check ATLAS_WEB_PORT="${ATLAS_WEB_PORT:-18000}" ATLAS_AIRFLOW_PORT="${ATLAS_AIRFLOW_PORT:-18080}"
page=http://127.0.0.1:$ATLAS_WEB_PORT

say() { echo "check: $*"; }

fail() {
    echo "check: FAILED: $*" >&2
    exit 1
}

ended() {
    status=$?
    if [ "$status" != 0 ]; then
        docker compose ps --all
        docker compose logs --tail 20
    fi
    if [ "${1:-}" != --keep ]; then
        docker compose down --volumes --timeout 20 >/dev/null 2>&1
    fi
    exit "$status"
}

# get ADDRESS: what an HTTP address answers, by the Python that every machine with this project has.
get() {
    python3 -c 'import sys, urllib.request as r; sys.stdout.buffer.write(r.urlopen(sys.argv[1], timeout=20).read())' "$1"
}

say "reading docker-compose.yml"
docker compose config --quiet
trap 'ended "$@"' EXIT
say "building the images and starting everything"
docker/up --wait-timeout 600

say "looking at the images"
for image in etf-atlas-database etf-atlas-backend etf-atlas-web etf-atlas-airflow; do
    user=$(docker inspect --format '{{.Config.User}}' "$image")
    case "$user" in '' | root | 0) fail "$image runs as root" ;; esac
    for secret in docker/secrets/*_password docker/secrets/atlas_secret; do
        value=$(cat "$secret")
        if [ -n "$value" ] && docker history --no-trunc "$image" | grep -qF "$value"; then
            fail "$image was built with $secret"
        fi
    done
done
for container in $(docker compose ps --all --quiet); do
    for secret in docker/secrets/*_password; do
        value=$(cat "$secret")
        if [ -n "$value" ] && docker inspect "$container" | grep -qF "$value"; then
            fail "$container shows $secret"
        fi
    done
done
docker compose exec -T web nginx -p /tmp -c /etc/nginx/nginx.conf -e stderr -t

say "asking from outside"
get "$page/" | grep -q '<title>' || fail "the page does not come"
get "$page/api/ready" | grep -q '"ready"' || fail "the backend is not ready"
get "$page/api/etfs/069500" | grep -q '"069500"' || fail "the market is not there"
get "http://127.0.0.1:$ATLAS_AIRFLOW_PORT/api/v2/monitor/health" | grep -q healthy || fail "Airflow is not healthy"
docker compose exec -T backend /app/atlas ask --json '삼성전자를 가장 많이 담은 ETF는?' | grep -q '"answered"' ||
    fail "a question is not answered"

say "trying what each container may not"
if docker compose exec -T backend /app/atlas db upgrade 2>/dev/null; then fail "the backend may change the schema"; fi
if docker compose exec -T backend touch /app/written 2>/dev/null; then fail "the backend may change its program"; fi
if docker compose exec -T backend /app/atlas load sample 2>/dev/null; then fail "the backend may load"; fi
if docker compose exec -T web bash -c 'exec 3<>/dev/tcp/database/5432' 2>/dev/null; then fail "the web server reaches the database"; fi

say "the DAGs that Airflow has read"
docker compose exec -T airflow-scheduler airflow dags list-import-errors --output plain
docker compose exec -T airflow-scheduler airflow dags list --columns dag_id,is_paused --output plain

say "everything again: what is there stays"
docker compose up --detach --wait --wait-timeout 300 --force-recreate
get "$page/api/ready" | grep -q '"ready"' || fail "the data did not stay"
say "all is well"
