#!/bin/sh
# Certificates for etcd and lockerd: an authority of their own, and of it for each host one for etcd,
# towards its clients and the other members, and one by which the lockerd there is let in.
#
#   certificates.sh FOLDER HOST[,NAME...]...
#   certificates.sh /root/farmlock-ca farm1,farm1.example.com,10.1.1.1 farm2,10.1.1.2 farm3,10.1.1.3
#
# A HOST has the names and addresses by which etcd's URLs call it.  Copy FOLDER/HOST/* and FOLDER/ca.crt to
# that host; ca.key stays where this ran, readable by nobody else.  Who runs it again makes certificates
# for hosts that are new; to renew a host's, remove its folder before.
#   DAYS        how long a host's are good; 825 by default, and the authority's four times as long
#   COMMON_NAME of lockerd's: the user of etcd that it is where etcd has users; lockerd by default
set -eu

[ $# -ge 2 ] || { echo "usage: $0 FOLDER HOST[,NAME...]..." >&2; exit 64; }
folder=$1 days=${DAYS:-825} common_name=${COMMON_NAME:-lockerd}
shift
umask 077
mkdir -p "$folder"

# openssl talks much; what it says counts when it fails.
quietly() {
    "$@" 2>"$folder/errors" || { cat "$folder/errors" >&2; exit 1; }
    rm -f "$folder/errors"
}

new_key="-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"

# issue FILE COMMON-NAME USE ALTERNATIVES: FILE.crt and FILE.key
issue() {
    # shellcheck disable=SC2086
    quietly openssl req -new $new_key -keyout "$1.key" -out "$1.csr" -subj "/CN=$2"
    {
        echo basicConstraints=CA:FALSE
        echo "extendedKeyUsage=$3"
        [ -z "$4" ] || echo "subjectAltName=$4"
    } >"$1.ext"
    quietly openssl x509 -req -in "$1.csr" -CA "$folder/ca.crt" -CAkey "$folder/ca.key" -CAserial "$folder/ca.srl" \
        -CAcreateserial -days "$days" -sha256 -extfile "$1.ext" -out "$1.crt"
    rm -f "$1.csr" "$1.ext"
}

if ! [ -e "$folder/ca.key" ]; then
    # shellcheck disable=SC2086
    quietly openssl req -x509 $new_key -keyout "$folder/ca.key" -out "$folder/ca.crt" -days $((days * 4)) \
        -subj "/CN=farmlock etcd"
fi
for host; do
    place=$folder/${host%%,*}
    if [ -e "$place/lockerd.crt" ]; then
        echo "$place: there already"
        continue
    fi
    mkdir -p "$place"
    # What is on the host itself calls it so.
    alternatives=DNS:localhost,IP:127.0.0.1
    for name in $(echo "$host" | tr , ' '); do
        case $name in
        *[!0-9.]*) case $name in *:*) kind=IP ;; *) kind=DNS ;; esac ;;
        *) kind=IP ;;
        esac
        alternatives=$alternatives,$kind:$name
    done
    # A member is another's client, and its own where someone comes by HTTP.
    issue "$place/etcd" "${host%%,*}" serverAuth,clientAuth "$alternatives"
    issue "$place/lockerd" "$common_name" clientAuth ''
    echo "$place: etcd.crt etcd.key lockerd.crt lockerd.key"
done
