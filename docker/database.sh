#!/bin/bash
# Run once by the database's image, when it makes its cluster: a database with PostGIS, and an
# owner who may make roles and is no superuser.
set -euo pipefail

psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<'SQL'
\set password `cat /run/secrets/owner_password`
create role gridwarden_owner login createrole password :'password';
create database gridwarden owner gridwarden_owner;
\connect gridwarden
\i /opt/postgis.sql
SQL
