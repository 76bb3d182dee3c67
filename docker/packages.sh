#!/bin/sh
# Installs Debian packages while an image is built: from DEBIAN_MIRROR where it is given, else from the base image's archive.
set -eu

if [ -n "${DEBIAN_MIRROR:-}" ]; then
    rm -f /etc/apt/sources.list.d/*
    echo "deb $DEBIAN_MIRROR forky main" >/etc/apt/sources.list
fi
export DEBIAN_FRONTEND=noninteractive
# A testing suite's Release file expires although nothing is wrong with it.
apt-get -o Acquire::Check-Valid-Until=false -o Acquire::Retries=3 update -qq
apt-get install -y -qq --no-install-recommends "$@"
rm -rf /var/lib/apt/lists/* /var/cache/apt/archives /var/log/apt /var/log/dpkg.log
