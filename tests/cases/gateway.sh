#!/usr/bin/env bash
# Becomes a gateway for a play.
# Usage: gateway.sh BUILD FOLDER PORT ORIGIN-PORTS [MORE]
# ORIGIN-PORTS are separated by commas: the endpoints of the service "s", which
# gets everything. MORE is further text of the configuration; if it has routes,
# services or listeners, they replace the one.
set -eu

build=$1 dir=$2 port=$3 origins=$4 more=${5:-}
endpoints=
for origin in ${origins//,/ }; do
	endpoints+="${endpoints:+, }{ address = \"127.0.0.1:$origin\"; }"
done
routes='routes = ( { path = "/*rest"; service = "s"; } );'
[[ $more == *routes* ]] && routes=
# Plays are of bytes, many of them bad ones in a row.
services="services = { s = { endpoints = ( $endpoints ); "
services+="breaker = { failures = 0; }; }; };"
[[ $more == *"services ="* ]] && services=
listeners="listeners = ( { address = \"127.0.0.1:$port\"; } );"
[[ $more == *listeners* ]] && listeners=

# The play's folder is its owner's; the processes stay who they are.
chmod 755 "$dir"
cat >"$dir/penstock.conf" <<CONF
user = "$(id -un)";
workers = 1;
pid_file = "$dir/penstock.pid";
admin = { socket = "$dir/admin.sock"; };
$listeners
$services
$routes
$more
CONF
exec "$build/penstock" -c "$dir/penstock.conf"
