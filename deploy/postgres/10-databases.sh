#!/bin/sh
# First start of the container's cluster: one database and one role for each service, and no way into another's.
set -eu
for service in usage invoicing payments suspension notifications gateway; do
  name="tollgate_$service"
  psql -v ON_ERROR_STOP=1 -q -U "$POSTGRES_USER" -d postgres \
    -v name="$name" -v password="${TOLLGATE_DATABASE_PASSWORD:?}" <<'SQL'
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name";
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
SQL
done
