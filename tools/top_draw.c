/*
 * top_draw.c - see top_draw.h.
 */
#include "tools/top_draw.h"

#include <inttypes.h>
#include <stdio.h>

#include "tools/top_inside.h"

#define STALE_US 2500000 /* the master is heard of once a second */

static void
head_draw(struct canvas *c, const struct top_view *v)
{
	char up[TOP_TEXT], age[TOP_TEXT];
	bool stale = v->master_age_us > STALE_US;

	line_put(c, HEADING,
	    "penstock  up %s  generation %" PRIu64 "  over %.1f s  by %s%s",
	    top_age_text(v->at_us / 1000000, up), v->generation,
	    (double)v->us / 1e6, top_order_name(c->s->order),
	    c->s->paused ? "  PAUSED" : "");
	if (stale)
		line_put(c, BAD, "the master was not heard of for %s",
		    top_age_text(v->master_age_us / 1000000, age));
}

static void
whole_draw(struct canvas *c, const struct top_view *v)
{
	struct flow_text f;
	char a[TOP_TEXT], b[TOP_TEXT], d[TOP_TEXT], e[TOP_TEXT];

	flow_write(&v->flow, &f);
	line_put(c, v->flow.failed != 0 ? BAD : PLAIN,
	    "requests  %s/s  p50 %s  p95 %s  p99 %s  4xx %s  5xx %s", f.rate,
	    f.p50, f.p95, f.p99, f.refused, f.failed);
	line_put(c, PLAIN,
	    "now       %" PRIu64 " active  %" PRIu64 " waiting  %" PRIu64
	    " connections  %s new/s",
	    v->active, v->waiting, v->connections,
	    top_rate_text(v->accepted, a));
	line_put(c, PLAIN,
	    "bytes     clients %s in  %s out  endpoints %s in  %s out  (per "
	    "second)",
	    top_rate_text(v->in, a), top_rate_text(v->out, b),
	    top_rate_text(v->upstream_in, d),
	    top_rate_text(v->upstream_out, e));
	line_put(c, v->shed != 0 ? BAD : PLAIN,
	    "upstream  %s connects/s  %s retries/s  shed %s/s",
	    top_rate_text(v->connects, a), top_rate_text(v->retries, b),
	    top_rate_text(v->shed, d));
}

static void
page_draw(struct canvas *c, const struct top_view *v)
{
	unsigned all = c->left;

	switch (c->s->page) {
	case TOP_ALL:
		services_draw(c, v, all / 3);
		reasons_draw(c, v, all / 5);
		breakers_draw(c, v, all / 6);
		limits_draw(c, v, all / 6);
		logs_draw(c, v, all / 6);
		workers_draw(c, v, c->left);
		break;
	case TOP_SERVICES:
		services_draw(c, v, all / 3);
		endpoints_draw(c, v, c->left);
		break;
	case TOP_REASONS:
		reasons_draw(c, v, all / 2);
		breakers_draw(c, v, c->left / 2);
		limits_draw(c, v, c->left);
		break;
	case TOP_WORKERS:
		workers_draw(c, v, all / 2);
		logs_draw(c, v, c->left);
		break;
	case TOP_PAGES:
		break;
	}
}

static void
everything_draw(struct canvas *c, const struct top_view *v)
{
	services_draw(c, v, UINT32_MAX);
	endpoints_draw(c, v, UINT32_MAX);
	reasons_draw(c, v, UINT32_MAX);
	breakers_draw(c, v, UINT32_MAX);
	limits_draw(c, v, UINT32_MAX);
	workers_draw(c, v, UINT32_MAX);
	logs_draw(c, v, UINT32_MAX);
}

const char *
top_log_name(const struct top_screen *s, uint64_t id, char buf[24])
{
	for (size_t i = 0; i < s->name_count; i++)
		if (s->names[i].id == id)
			return s->names[i].text;
	(void)snprintf(buf, 24, "%016" PRIx64, id);
	return buf;
}

void
top_draw(const struct top_screen *s, const struct top_view *v, struct text *out)
{
	struct canvas c = { s, out, s->rows != 0 ? s->rows - 1 : UINT32_MAX };

	head_draw(&c, v);
	whole_draw(&c, v);
	if (s->rows != 0)
		page_draw(&c, v);
	else
		everything_draw(&c, v);
}
