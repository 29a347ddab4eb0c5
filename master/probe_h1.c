/*
 * probe_h1.c - a probe by HTTP/1.1: see probe_state.h.
 */
#include "master/probe_state.h"

static bool
h1_begin(struct probe *p, const struct codec_events *judge)
{
	h1_init(&p->h1, CODEC_CLIENT, judge, &probe_limits, &p->io.out);
	p->h1.stream.user = p;
	if (!probe_rule_ask(p->rule, p->host, &p->h1.stream))
		return false;
	(void)io_flush(&p->io);
	return true;
}

static size_t
h1_input(struct probe *p, const char *bytes, size_t n)
{
	return codec_input(&p->h1.base, bytes, n);
}

static void
h1_eof(struct probe *p)
{
	codec_eof(&p->h1.base);
}

static void
h1_drained(struct probe *p)
{
	(void)p;
}

static void
h1_end(struct probe *p)
{
	(void)p;
}

const struct probe_ops probe_h1_ops = {
	.begin = h1_begin,
	.input = h1_input,
	.eof = h1_eof,
	.drained = h1_drained,
	.end = h1_end,
};
