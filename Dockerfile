# The images of ETF Atlas: backend (also worker, migrations and loading), web and airflow.
# Indexes and mirrors are the builder's business: build arguments, never lines of this file.

FROM debian:forky-slim AS system
ARG DEBIAN_MIRROR
RUN --mount=type=bind,source=docker/packages.sh,target=/packages.sh sh /packages.sh ca-certificates python3 tzdata
RUN groupadd --gid 10001 atlas && useradd --uid 10001 --gid atlas --home-dir /var/lib/etf-atlas --create-home atlas
WORKDIR /app

# Everything that is only needed for building.
FROM system AS builder
ARG DEBIAN_MIRROR
RUN --mount=type=bind,source=docker/packages.sh,target=/packages.sh sh /packages.sh python3-venv
ARG PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_TRUSTED_HOST NPM_CONFIG_REGISTRY
# Certificates that the base image trusts are trusted by uv and npm as well.
ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt

FROM builder AS environment
COPY requirements.txt ./
COPY backend/virtual_environment.py backend/
RUN python3 -I backend/virtual_environment.py && .venv/bin/python -m compileall -q .venv/lib

FROM environment AS page
COPY requirements-node.txt ./
COPY backend backend
RUN ATLAS_HOME=/node PYTHONPATH=/app .venv/bin/python -P -c 'from backend.web_build import build; build(print)'

FROM system AS program
COPY seeds seeds
COPY atlas requirements.txt requirements-krx.txt ./
COPY agent agent
COPY backend backend
RUN rm -rf backend/web && python3 -m compileall -q agent backend
ENV ATLAS_HOME=/var/lib/etf-atlas ATLAS_HOST=0.0.0.0 ATLAS_SECRETS_DIR=/run/secrets PYTHONDONTWRITEBYTECODE=1

FROM program AS backend
COPY --from=environment /app/.venv .venv
USER atlas
EXPOSE 8000
STOPSIGNAL SIGTERM
ENTRYPOINT ["/app/atlas"]
CMD ["serve"]

FROM debian:forky-slim AS web
ARG DEBIAN_MIRROR
RUN --mount=type=bind,source=docker/packages.sh,target=/packages.sh sh /packages.sh nginx-light \
    && groupadd --gid 10001 atlas && useradd --uid 10001 --gid atlas --no-create-home atlas
COPY docker/web/nginx.conf /etc/nginx/nginx.conf
COPY docker/web/http.conf docker/web/locations.conf /etc/nginx/atlas/
COPY --from=page /app/backend/web/dist /srv/page
USER atlas
EXPOSE 8080
STOPSIGNAL SIGQUIT
ENTRYPOINT ["nginx", "-p", "/tmp", "-c", "/etc/nginx/nginx.conf", "-e", "stderr", "-g", "daemon off;"]

# Airflow in an environment of its own, and the project's with what asks KRX for baskets: the tasks call it.
FROM environment AS airflow-environment
COPY airflow/requirements.txt airflow/
RUN python3 -I -c 'import sys; sys.path.insert(0, "backend"); from pathlib import Path; \
    import virtual_environment; virtual_environment.ensure(root=Path("airflow").absolute())' \
    && airflow/.venv/bin/python -m compileall -q airflow/.venv/lib

FROM environment AS krx-environment
COPY requirements-krx.txt ./
RUN python3 -I backend/virtual_environment.py requirements.txt requirements-krx.txt

FROM program AS airflow
COPY --from=airflow-environment /app/airflow/.venv airflow/.venv
COPY --from=krx-environment /app/.venv .venv
COPY airflow airflow
RUN install -d -o atlas -g atlas -m 0700 /var/lib/airflow /var/log/airflow
ENV AIRFLOW_HOME=/var/lib/airflow PATH=/app/airflow/.venv/bin:$PATH
USER atlas
EXPOSE 8080
ENTRYPOINT ["airflow"]
CMD ["api-server"]
