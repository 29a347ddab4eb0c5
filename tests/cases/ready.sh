#!/usr/bin/env bash
# Waits until the gateway of a play serves, 10 s at most.
# Usage: ready.sh FOLDER
for ((i = 0; i < 200; i++)); do
	curl -fs -o /dev/null -m 1 --unix-socket "$1/admin.sock" \
		http://localhost/readyz && exit 0
	sleep 0.05
done
echo "not ready" >&2
exit 1
