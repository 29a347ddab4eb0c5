/*
 * forward_body.c - the body of a request that may be sent again is kept while
 * it goes out, in pooled blocks, up to a bound; beyond it, and as soon as an
 * answer has begun, it is let go.
 */
#include "worker/origin/forward_state.h"

#define KEEP_BYTES_MAX 65536u

/* HTTP/2 may refuse a request unseen, whatever its method. */
static bool
keep_pays(const struct forward *f)
{
	const struct req *q = f->req;

	return (forward_attempts_max(f) > 1 || forward_stands_in(f)) &&
	    (q->service->protocol == IMG_PROTOCOL_H2 || forward_idempotent(f));
}

void
forward_keep_begin(struct forward *f)
{
	const struct req *q = f->req;

	f->keeping = keep_pays(f) &&
	    (q->head.body != BODY_LENGTH || q->head.length <= KEEP_BYTES_MAX);
	if (f->keeping)
		obuf_init(&f->kept, NULL);
}

void
forward_keep(struct forward *f, struct slice bytes)
{
	if (!f->keeping)
		return;
	if (bytes.n <= KEEP_BYTES_MAX - f->kept.bytes)
		obuf_append(&f->kept, bytes.p, bytes.n);
	else
		forward_keep_drop(f);
	if (f->kept.failed)
		forward_keep_drop(f);
}

void
forward_keep_send(struct forward *f)
{
	if (!f->keeping)
		return;
	for (const struct buf *b = f->kept.head; b != NULL; b = b->next)
		call_send_data(&f->call,
		    slice_make(b->data + b->start, b->end - b->start));
	/* The last try; but one that finds its connection stale is none. */
	if (forward_attempts(f) >= forward_attempts_max(f) && !f->call.reused &&
	    !forward_stands_in(f))
		forward_keep_drop(f);
}
