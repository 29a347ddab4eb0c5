/*
 * line_option.c - formats made of the words of a command line.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/must.h"
#include "common/base/units.h"
#include "tools/line_inside.h"

struct option {
	struct line_format *f;
	struct slice value; /* one of several */
	char *why;
	size_t size;
};

static bool __attribute__((format(printf, 2, 3)))
option_refuse(const struct option *o, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(o->why, o->size, fmt, ap);
	va_end(ap);
	return false;
}

static bool
option_format(struct option *o)
{
	static const char *const names[] = { [IMG_LOG_JSON] = "json",
		[IMG_LOG_COMBINED] = "combined",
		[IMG_LOG_COMMON] = "common",
		[IMG_LOG_DEV] = "dev" };
	struct slice at;
	const char *why;

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!slice_eq(o->value, slice_str(names[i])))
			continue;
		o->f->format = i;
		return true;
	}
	if (o->value.n == 0 || memchr(o->value.p, '{', o->value.n) == NULL)
		return option_refuse(o,
		    "format \"%.*s\" is none of json, combined, common, dev, "
		    "and no template",
		    SLICE_FMT(o->value));
	if (!line_format_template(o->f, o->value, &why, &at))
		return option_refuse(
		    o, "the template %s \"%.*s\"", why, SLICE_FMT(at));
	return true;
}

static bool
digits_read(struct slice s, uint16_t *number)
{
	*number = 0;
	if (s.n != 3)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		*number = (uint16_t)(*number * 10 + (s.p[i] - '0'));
	}
	return true;
}

/* "404", "4xx", "400-499" */
static bool
status_read(struct slice s, struct img_range *r)
{
	if (s.n == 3 && s.p[0] >= '1' && s.p[0] <= '9' &&
	    slice_eq_nocase(slice_skip(s, 1), SLICE_LIT("xx"))) {
		r->from = (uint16_t)((s.p[0] - '0') * 100);
		r->to = (uint16_t)(r->from + 99);
		return true;
	}
	if (s.n == 7 && s.p[3] == '-')
		return digits_read(slice_make(s.p, 3), &r->from) &&
		    digits_read(slice_skip(s, 4), &r->to) && r->from <= r->to;
	return digits_read(s, &r->from) && digits_read(s, &r->to);
}

static bool
option_status(struct option *o)
{
	struct line_when *when = &o->f->when;
	struct img_range r, *all;

	if (!status_read(o->value, &r))
		return option_refuse(o,
		    "\"%.*s\" is no status, such as 404, 5xx or 500-599",
		    SLICE_FMT(o->value));
	all =
	    arena_alloc(&o->f->arena, (when->status_count + 1) * sizeof(*all));
	MUST(all != NULL);
	if (when->status_count != 0)
		memcpy(all, when->statuses, when->status_count * sizeof(*all));
	all[when->status_count++] = r;
	when->statuses = all;
	return true;
}

static bool
option_why(struct option *o)
{
	int why = line_why_find(o->value);

	if (why < 0)
		return option_refuse(o,
		    "\"%.*s\" is no reason of penstock-reasons(7)",
		    SLICE_FMT(o->value));
	o->f->when.any_why = true;
	o->f->when.whys[why / 64] |= UINT64_C(1) << why % 64;
	return true;
}

static bool
option_method(struct option *o)
{
	enum http_method m = http_method_find(o->value);

	if (m == METHOD_OTHER && !slice_eq(o->value, SLICE_LIT("other")))
		return option_refuse(o,
		    "\"%.*s\" is no method that is known; those that are not "
		    "are \"other\"",
		    SLICE_FMT(o->value));
	o->f->when.methods |= 1u << m;
	return true;
}

static bool
option_route(struct option *o)
{
	names_add(&o->f->when.routes, o->value, &o->f->arena);
	return true;
}

static bool
option_service(struct option *o)
{
	names_add(&o->f->when.services, o->value, &o->f->arena);
	return true;
}

static bool
option_slow(struct option *o)
{
	char text[32];
	const char *why = "is too long";

	(void)snprintf(text, sizeof(text), "%.*s", SLICE_FMT(o->value));
	if (o->value.n >= sizeof(text) ||
	    !units_duration(text, &o->f->when.slow_us, &why))
		return option_refuse(
		    o, "slow: \"%.*s\" %s", SLICE_FMT(o->value), why);
	return true;
}

static bool
option_errors(struct option *o)
{
	o->f->when.errors = true;
	return true;
}

static bool
option_sample(struct option *o)
{
	char text[32], *end;
	double ratio;

	(void)snprintf(text, sizeof(text), "%.*s", SLICE_FMT(o->value));
	ratio = strtod(text, &end);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || ratio > 1.0)
		return option_refuse(
		    o, "sample \"%s\" is no ratio between 0 and 1", text);
	o->f->sample =
	    ratio < 1.0 ? (uint32_t)(ratio * 4294967296.0) : UINT32_MAX;
	return true;
}

static bool
option_query(struct option *o)
{
	names_add(&o->f->query, o->value, &o->f->arena);
	return true;
}

static bool
option_header(struct option *o)
{
	names_add_lower(&o->f->headers, o->value, &o->f->arena);
	return true;
}

static bool
option_response_header(struct option *o)
{
	names_add_lower(&o->f->response_headers, o->value, &o->f->arena);
	return true;
}

static const struct option_kind {
	const char *name;
	bool list; /* of several with commas between */
	bool (*set)(struct option *o);
} option_kinds[] = {
	{ "format", false, option_format },
	{ "status", true, option_status },
	{ "why", true, option_why },
	{ "route", true, option_route },
	{ "service", true, option_service },
	{ "method", true, option_method },
	{ "slow", false, option_slow },
	{ "errors", false, option_errors },
	{ "sample", false, option_sample },
	{ "query", true, option_query },
	{ "header", true, option_header },
	{ "response-header", true, option_response_header },
};

static bool
option_set(const struct option_kind *kind, struct option *o)
{
	struct slice left = o->value;

	if (!kind->list)
		return kind->set(o);
	while (slice_cut(&left, ',', &o->value)) {
		o->value = slice_trim(o->value);
		if (o->value.n != 0 && !kind->set(o))
			return false;
	}
	return true;
}

bool
line_format_set(struct line_format *f, const char *name, const char *value,
    char *why, size_t size)
{
	struct option o = { f, slice_str(value), why, size };

	for (size_t i = 0; i < sizeof(option_kinds) / sizeof(option_kinds[0]);
	     i++)
		if (strcmp(option_kinds[i].name, name) == 0)
			return option_set(&option_kinds[i], &o);
	return option_refuse(&o, "there is no option \"%s\"", name);
}
