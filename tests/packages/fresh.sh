#!/bin/sh
# Makes a minimal root with systemd in it, and what the packages and their test need of the archive in apt's
# store there, so that it is installed without a network: build/fresh.  Runs in a root of .ci/release.
set -eu
# shellcheck source=/dev/null
release=$(. /etc/os-release && echo "${VERSION_CODENAME:-sid}")
fresh=build/fresh
beside='sysstat tcsh tcl python3 firewalld ufw'

in_fresh() {
    chroot "$fresh" env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 "$@"
}

if [ ! -e "$fresh/etc/hostname" ]; then
    rm -rf "$fresh"
    apt-get -q -y --no-install-recommends install debootstrap
    eval "$(apt-config shell http_proxy Acquire::http::Proxy)"
    [ -z "${http_proxy-}" ] || export http_proxy
    mirror=$(awk -v suite="$release" '$4 == suite { print $3; exit }' /etc/apt/sources.list)
    mkdir -p "$fresh/etc/dpkg/dpkg.cfg.d"
    echo force-unsafe-io >"$fresh/etc/dpkg/dpkg.cfg.d/farmlock"
    debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,iproute2,procps \
        --keyring=/usr/share/keyrings/debian-archive-keyring.gpg "$release" "$fresh" "$mirror"
    # As minbase has it: who lists no localhost.
    rm -f "$fresh/etc/hosts"
    echo fresh >"$fresh/etc/hostname"
fi
cp /etc/apt/sources.list "$fresh/etc/apt/sources.list"
cp /etc/apt/apt.conf.d/90farmlock "$fresh/etc/apt/apt.conf.d/"
cp /etc/resolv.conf "$fresh/etc/resolv.conf"
rm -rf "$fresh/var/debs"
mkdir -p "$fresh/var/debs"
cp build/deb/*.deb "$fresh/var/debs"
echo "$beside" >"$fresh/var/debs/beside"
in_fresh apt-get -q update
in_fresh apt-get -q -y --no-install-recommends full-upgrade
# shellcheck disable=SC2086
in_fresh sh -c 'exec apt-get -q -y --no-install-recommends --download-only install "$@" /var/debs/*-2*.deb' fresh $beside
rm -f "$fresh/etc/resolv.conf"
