/*
 * wire.c - see wire.h.
 */
#include "worker/origin/wire.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/net/sock.h"
#include "worker/origin/opool.h"
#include "worker/origin/queue.h"

void
wire_count_bytes(struct wire *w)
{
	env_count(w->env, COUNTER_UPSTREAM_BYTES_IN, (int64_t)w->io.bytes_in);
	env_count(w->env, COUNTER_UPSTREAM_BYTES_OUT, (int64_t)w->io.bytes_out);
	w->io.bytes_in = 0;
	w->io.bytes_out = 0;
}

/* False with errno. */
static bool
wire_take_permit(struct wire *w, uint32_t max)
{
	w->bounded = max != 0;
	w->permit = PERMIT_NONE;
	if (!w->bounded || !queue_holds(w->env, w->service))
		w->permit = permit_take(&w->env->permits, w->handle.index, max);
	if (w->permit == PERMIT_NONE)
		errno = w->bounded ? EUSERS : ENOBUFS;
	return w->permit != PERMIT_NONE;
}

/* False with errno. */
static bool
wire_connect(
    struct wire *w, const struct addr *a, const struct io_events *events)
{
	bool done;
	int fd = sock_connect(a, &done);
	int saved;

	if (fd >= 0 && io_open(&w->io, w->env->loop, fd, !done, events)) {
		w->io.sole = true;
		return true;
	}
	saved = errno;
	if (fd >= 0)
		close(fd);
	errno = saved;
	return false;
}

/* The same. */
static bool
wire_start(struct wire *w, const struct origin_want *want,
    const struct io_events *events)
{
	struct tls *tls = NULL;

	if (want->tls != NULL) {
		tls = tls_connect(want->tls, want->name,
		    opool_resume(w->env->opool, want->handle));
		if (tls == NULL) {
			errno = ENOMEM;
			return false;
		}
	}
	if (!wire_connect(w, &want->addr, events)) {
		int saved = errno;

		tls_free(tls);
		errno = saved;
		return false;
	}
	if (tls != NULL) {
		io_secure(&w->io, tls);
		w->policy = tls_client_ref(want->tls);
		w->name_hash = want->name_hash;
	}
	return true;
}

bool
wire_open(struct wire *w, struct env *e, const struct origin_want *want,
    const struct io_events *events)
{
	int saved;

	*w = (struct wire){
		.env = e, .handle = want->handle, .service = want->service
	};
	if (!wire_take_permit(w, want->max_connections))
		return false;
	if (wire_start(w, want, events)) {
		env_count(e, COUNTER_UPSTREAM_CONNECTS, 1);
		return true;
	}
	saved = errno;
	permit_drop(&e->permits, w->permit);
	queue_freed(e, w->service);
	errno = saved;
	return false;
}

void
wire_close(struct wire *w)
{
	io_flush_due(&w->io);
	wire_count_bytes(w);
	io_close(&w->io, false);
	permit_drop(&w->env->permits, w->permit);
	queue_freed(w->env, w->service);
	tls_client_free(w->policy);
	w->policy = NULL;
}

bool
wire_connected(struct wire *w, struct slice protocol)
{
	const struct tls *tls = w->io.tls;

	if (tls == NULL)
		return true;
	env_count(w->env, COUNTER_UPSTREAM_TLS_HANDSHAKES, 1);
	if (tls_resumed(tls))
		env_count(w->env, COUNTER_UPSTREAM_TLS_RESUMED, 1);
	return protocol.n == 0 || slice_eq(tls_alpn(tls), protocol);
}

static void
wire_log_tls(const struct wire *w)
{
	struct slice s = registry_service_name(w->env->region, w->service);
	struct slice at =
	    registry_endpoint_text(w->env->region, w->handle.index);

	log_warnx("service %.*s: TLS with endpoint %.*s failed: %s", (int)s.n,
	    s.p, (int)at.n, at.p, tls_fault(w->io.tls));
}

enum why
wire_failed(struct wire *w, bool connecting, int error)
{
	if (!connecting)
		return WHY_UPSTREAM_CLOSED;
	env_count(w->env, COUNTER_UPSTREAM_CONNECT_FAILURES, 1);
	if (error != EPROTO || w->io.tls == NULL)
		return WHY_CONNECT_FAILED;
	env_count(w->env, COUNTER_UPSTREAM_TLS_FAILURES, 1);
	if (opool_may_log(w->env->opool))
		wire_log_tls(w);
	return WHY_UPSTREAM_TLS;
}

bool
wire_fits(const struct wire *w, const struct origin_want *want)
{
	return w->handle.tag == want->handle.tag && w->policy == want->tls &&
	    (w->policy == NULL || w->name_hash == want->name_hash);
}

enum wire_look
wire_look(const struct wire *w)
{
	char byte;
	ssize_t n = recv(w->io.watch.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

	if (n > 0)
		return WIRE_STIRS;
	return n < 0 && errno == EAGAIN ? WIRE_QUIET : WIRE_GONE;
}
