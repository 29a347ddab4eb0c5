/*
 * probe_http.c - what an answer of HTTP is worth: its status, and what the rule
 * wants to find in its body. See probe_state.h.
 */
#include "master/probe_state.h"

/* The body is complete, or as much of it as counts. */
static void
http_judge(struct probe *p)
{
	if (probe_rule_finds(p->rule, text_slice(&p->body)))
		probe_good(p);
	else
		probe_bad(p, CAUSE_PROBE_BODY, 0);
}

static void
http_head(struct stream *s, const struct head *h)
{
	struct probe *p = probe_of(s);

	if (p != NULL && h->status >= 200 &&
	    !probe_rule_expects(p->rule, h->status))
		probe_bad(p, CAUSE_PROBE_STATUS, h->status);
}

static void
http_data(struct stream *s, struct slice bytes)
{
	struct probe *p = probe_of(s);

	if (p == NULL)
		return;
	if (bytes.n > PROBE_BODY_BYTES - p->body_bytes)
		bytes.n = PROBE_BODY_BYTES - p->body_bytes;
	p->body_bytes += (uint32_t)bytes.n;
	if (p->rule->body.n != 0)
		text_add(&p->body, bytes);
	if (p->body_bytes == PROBE_BODY_BYTES)
		http_judge(p);
}

static void
http_end(struct stream *s, const struct head *trailers)
{
	struct probe *p = probe_of(s);

	(void)trailers;
	if (p != NULL)
		http_judge(p);
}

const struct codec_events probe_http_events = {
	.head = http_head,
	.data = http_data,
	.end = http_end,
	.error = probe_unread,
};
