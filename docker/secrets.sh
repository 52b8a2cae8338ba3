#!/usr/bin/env bash
# Makes the passwords, and the passphrase of backups, that compose.yaml hands out as files, where
# they are missing.
set -euo pipefail
cd "$(dirname "$0")"
umask 077

mkdir -p secrets
for each in superuser_password owner_password; do
  [ -s "secrets/$each" ] || od -An -N 24 -tx1 /dev/urandom | tr -d ' \n' >"secrets/$each"
done
if [ ! -s secrets/gridwarden_backup_passphrase ]; then
  od -An -N 16 -tx2 /dev/urandom | tr ' ' - | cut -c2- >secrets/gridwarden_backup_passphrase
  echo "Keep on paper, apart from this machine, what opens its backups: $PWD/secrets/gridwarden_backup_passphrase"
fi
# Between the two containers nothing leaves the machine, so nothing is encrypted.
printf 'postgresql://gridwarden_owner:%s@database/gridwarden?sslmode=disable' \
  "$(cat secrets/owner_password)" >secrets/gridwarden_database_url
# Without swarm, compose hands the files as they are: to be read by the containers' accounts. Of the
# machine's own accounts nobody else passes through the folder.
chmod 0700 secrets
chmod 0644 secrets/*
