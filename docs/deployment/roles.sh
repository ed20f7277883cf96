#!/bin/sh
# Run once by the postgres image on an empty volume: who owns the tables, and who uses them.
set -eu
psql --set ON_ERROR_STOP=1 --username postgres --set owner="$OWNER_PASSWORD" --set console="$CONSOLE_PASSWORD" <<'SQL'
CREATE ROLE console_owner LOGIN PASSWORD :'owner';
CREATE ROLE console LOGIN PASSWORD :'console';
CREATE DATABASE console OWNER console_owner;
\connect console
ALTER DEFAULT PRIVILEGES FOR ROLE console_owner GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO console;
ALTER DEFAULT PRIVILEGES FOR ROLE console_owner GRANT USAGE, SELECT ON SEQUENCES TO console;
SQL
