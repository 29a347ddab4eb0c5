/*
 * probe_h2.c - a probe by HTTP/2, one stream on a connection of its own: see
 * probe_state.h. Without TLS the endpoint is known to speak it (RFC 9113 3.3).
 */
#include "master/probe_state.h"

/* All that is looked at of a body comes without waiting. */
static const struct h2_limits h2_limits = {
	.window = 2 * PROBE_BODY_BYTES,
	.connection_window = 2 * PROBE_BODY_BYTES,
	.resets = 100,
	.control = 1000,
};

static void
h2_send(struct probe *p)
{
	bool more, sent;

	do {
		more = !h2_pull(p->h2);
		sent = io_flush(&p->io);
	} while (more && sent);
}

static bool
h2_begin(struct probe *p, const struct codec_events *judge)
{
	struct stream *s;

	p->h2 = h2_new(
	    CODEC_CLIENT, judge, &probe_limits, &h2_limits, &p->io.out, p);
	s = p->h2 != NULL ? h2_open(p->h2) : NULL;
	if (s == NULL)
		return false;
	s->user = p;
	if (!probe_rule_ask(p->rule, p->host, s))
		return false;
	h2_send(p);
	return true;
}

static size_t
h2_input(struct probe *p, const char *bytes, size_t n)
{
	size_t used = codec_input(h2_codec(p->h2), bytes, n);

	if (!p->over)
		h2_send(p);
	return used;
}

static void
h2_eof(struct probe *p)
{
	codec_eof(h2_codec(p->h2));
}

static void
h2_drained(struct probe *p)
{
	h2_send(p);
}

static bool
h2_lacked(const struct probe *p)
{
	return h2_fault(p->h2) == H2_MEMORY;
}

static void
h2_end(struct probe *p)
{
	if (p->h2 == NULL)
		return;
	h2_goaway(p->h2, true);
	h2_send(p);
	h2_free(p->h2);
	p->h2 = NULL;
}

const struct probe_ops probe_h2_ops = {
	.begin = h2_begin,
	.input = h2_input,
	.eof = h2_eof,
	.drained = h2_drained,
	.lacked = h2_lacked,
	.end = h2_end,
};
