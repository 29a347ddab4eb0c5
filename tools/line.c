/*
 * line.c - see line.h: whether a record becomes a line, and the line around
 * what the formats write.
 */
#include "tools/line.h"

#include "common/base/hash.h"
#include "common/base/must.h"
#include "tools/line_inside.h"

enum line_level
line_level(const struct record_view *v)
{
	unsigned status = v->request->status;
	enum line_fault fault = line_why(v->request->why)->fault;

	if (status >= 500 || fault == LINE_FAULT_UPSTREAM ||
	    fault == LINE_FAULT_GATEWAY)
		return LINE_ERROR;
	return status >= 400 || fault == LINE_FAULT_CLIENT ? LINE_WARNING
							   : LINE_INFO;
}

static bool
why_wanted(const struct line_when *when, unsigned why)
{
	if (when->errors && line_why(why)->fault == LINE_FAULT_NOBODY)
		return false;
	return !when->any_why ||
	    (why < LINE_WHYS && (when->whys[why / 64] >> why % 64 & 1) != 0);
}

static bool
text_wanted(
    const struct names *names, const struct record_view *v, enum record_text t)
{
	return names_empty(names) || names_have(names, record_text(v, t));
}

bool
line_wants(const struct line_format *f, const struct record_view *v)
{
	const struct line_when *when = &f->when;
	const struct record_request *r = v->request;

	if (when->status_count != 0 &&
	    !img_ranges_have(when->statuses, when->status_count, r->status))
		return false;
	if (when->methods != 0 &&
	    (r->method > 31 || (when->methods >> r->method & 1) == 0))
		return false;
	return r->duration_us >= when->slow_us && why_wanted(when, r->why) &&
	    text_wanted(&when->routes, v, RECORD_ROUTE) &&
	    text_wanted(&when->services, v, RECORD_SERVICE);
}

/* The same for a request in every log and on every machine. */
static uint32_t
sample_hash(const struct record_view *v)
{
	static const struct hash_key everywhere = { 1, 2 };
	struct slice id = record_text(v, RECORD_ID);
	uint64_t h = id.n != 0
	    ? hash_bytes(everywhere, id.p, id.n)
	    : hash_u64(v->head->seq ^ (uint64_t)v->head->wall_us << 20);

	return (uint32_t)(h >> 32);
}

bool
line_sampled(const struct line_format *f, const struct record_view *v)
{
	if (f->sample == UINT32_MAX || sample_hash(v) < f->sample)
		return true;
	return f->keep_errors &&
	    (line_level(v) == LINE_ERROR ||
		(f->when.slow_us != 0 &&
		    v->request->duration_us >= f->when.slow_us));
}

void
line_grow(struct line *l, size_t n)
{
	size_t used = (size_t)(l->to - l->out->p);

	l->out->n = used;
	l->to = text_reserve(l->out, n + ESCAPE_SLACK);
	MUST(l->to != NULL);
	l->end = l->out->p + l->out->room;
}

void
line_write(struct line_format *f, const struct record_view *v, struct text *out)
{
	struct line l; /* its value is not to be zeroed */

	l.f = f;
	l.v = v;
	l.out = out;
	l.to = text_reserve(out, ESCAPE_SLACK);
	MUST(l.to != NULL);
	l.end = out->p + out->room;
	switch (f->format) {
	case IMG_LOG_JSON:
		line_json(&l);
		break;
	case IMG_LOG_COMBINED:
	case IMG_LOG_COMMON:
		line_combined(&l);
		break;
	case IMG_LOG_DEV:
		line_dev(&l);
		break;
	case IMG_LOG_TEMPLATE:
		line_template(&l);
		break;
	}
	line_add(&l, SLICE_LIT("\n"));
	out->n = (size_t)(l.to - out->p);
}
