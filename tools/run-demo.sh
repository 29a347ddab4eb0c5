#!/usr/bin/env bash
# The demo: two upstreams and the gateway in the foreground, until Ctrl-C.
# Called by `make run`, which has built everything; needs no privileges.
set -eu
cd "$(dirname "$0")/.."

build=${BUILD:-build}
root=${XDG_RUNTIME_DIR:-/tmp}
[ "$(id -u)" -ne 0 ] || root=/tmp # the gateway becomes another user
dir=$(mktemp -d "$root/penstock-demo.XXXXXX")
chmod 755 "$dir"
[ "$(id -u)" -ne 0 ] || chown nobody "$dir"
export DEMO_DIR=$dir
pids=()

stop() {
	trap '' INT TERM
	trap - EXIT
	# The gateway goes first, so that it can finish what runs.
	for ((i = ${#pids[@]} - 1; i >= 0; i--)); do
		kill -TERM "${pids[i]}" 2>/dev/null || true
		wait "${pids[i]}" 2>/dev/null || true
	done
	rm -rf "$dir"
}
trap stop EXIT
trap 'exit 0' INT TERM

# start COMMAND...: in a session of its own, so that Ctrl-C reaches this script
# alone and the order of the end is ours.
start() {
	setsid "$@" </dev/null &
	pids+=($!)
}

# answers URL-AND-CURL-OPTIONS...: waits up to 5 s for an answer.
answers() {
	for ((i = 0; i < 100; i++)); do
		curl -fs -o /dev/null -m 1 "$@" && return 0
		kill -0 "${pids[-1]}" 2>/dev/null || return 1
		sleep 0.05
	done
	return 1
}

for port in 8080 9001 9002; do
	if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
		echo "$0: port $port is in use" >&2
		exit 1
	fi
done

start "$build/demo-upstream" 9001 upstream-1
answers http://127.0.0.1:9001/health
start "$build/demo-upstream" 9002 upstream-2
answers http://127.0.0.1:9002/health
start "$build/penstock" -c etc/demo.conf
answers --unix-socket "$dir/admin.sock" http://localhost/readyz || {
	echo "$0: the gateway did not start" >&2
	exit 1
}

cat <<TEXT

penstock listens on http://127.0.0.1:8080. Worth trying:

  curl -i http://127.0.0.1:8080/api/users/1
  curl -i http://127.0.0.1:8080/api/users/99        # the upstream's own 404
  curl -i http://127.0.0.1:8080/echo?q=1            # what an upstream is sent
  curl -i http://127.0.0.1:8080/ping                # the gateway answers
  curl -i -X DELETE http://127.0.0.1:8080/ping      # 405, as problem+json
  curl -i --http2-prior-knowledge http://127.0.0.1:8080/echo    # HTTP/2
  $build/penstockctl -s $dir/admin.sock status

Who are you? (alice is an admin of acme, bob a viewer of globex)

  curl -i http://127.0.0.1:8080/me                  # 401
  TOKEN=\$(curl -s -X POST -u alice:wonderland http://127.0.0.1:8080/login |
          sed 's/.*"access_token":"\([^"]*\).*/\1/')
  curl -i -H "Authorization: Bearer \$TOKEN" http://127.0.0.1:8080/me
  curl -i -H "Authorization: Bearer \$TOKEN" http://127.0.0.1:8080/admin
  curl -i -H "Authorization: Bearer \$TOKEN" http://127.0.0.1:8080/orgs/globex/x  # 403
  $build/penstockctl -s $dir/admin.sock can '{"sub":"bob","roles":["viewer"]}' GET /admin
  $build/penstockctl -s $dir/admin.sock revoke user alice
  curl -i -H "Authorization: Bearer \$TOKEN" http://127.0.0.1:8080/me     # 401

What does it stand?

  for i in \$(seq 14); do curl -s -o /dev/null -w '%{http_code} ' http://127.0.0.1:8080/limited; done
  curl -i http://127.0.0.1:8080/limited             # 429, and when to come again
  $build/penstockctl -s $dir/admin.sock limits calm
  curl -s -X POST 'http://127.0.0.1:9001/fail?mode=503'         # one upstream fails
  for i in \$(seq 20); do curl -s -o /dev/null -w '%{http_code} ' http://127.0.0.1:8080/echo; done
  $build/penstockctl -s $dir/admin.sock breakers users --history
  curl -s -X POST 'http://127.0.0.1:9001/fail?mode=off'         # tried again after 10 s
  curl -i -H 'Cookie: session=7' http://127.0.0.1:8080/release  # the same each time
  $build/penstockctl -s $dir/admin.sock ban 192.0.2.7 --for 10m
  $build/penstockctl -s $dir/admin.sock bans

What has it done, and why? Below is a line for each request.

  $build/penstockctl -s $dir/admin.sock top          # q quits
  $build/penstockctl -s $dir/admin.sock explain GET http://127.0.0.1:8080/me
  $build/penstockctl why 503                         # what it means, what to do
  tail -f $dir/errors.log                            # what failed, as JSON
  curl -s --unix-socket $dir/admin.sock http://localhost/metrics | grep duration

etc/demo.conf says how. Ctrl-C stops everything.

TEXT
wait "${pids[-1]}" || echo "$0: the gateway ended with status $?" >&2
