/*
 * build_pattern.c - parses path patterns and says what is wrong with them.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/http/uri.h"
#include "master/build_names.h"
#include "master/build_pattern.h"
#include "master/conf_regex.h"

#define PATTERN_BYTES_MAX 4096

static void __attribute__((format(printf, 3, 4)))
complain(struct diag *d, const struct conf_route *r, const char *fmt, ...)
{
	char text[PATTERN_BYTES_MAX + 256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	diag_error(d, r->path_place.file, r->path_place.line, "path \"%s\" %s",
	    r->path, text);
}

static bool
regex_parse(struct pattern *p, const struct conf_route *r, struct diag *d)
{
	char why[CONF_REGEX_WHY_MAX];

	p->kind = PATTERN_REGEX;
	p->text = slice_skip(p->text, 1);
	if (conf_regex_check(p->text, &p->captures, why))
		return true;
	complain(d, r, "is no regular expression: %s", why);
	return false;
}

/* The pattern must read as a request path does once it is normalised. */
static bool
normal_check(
    const struct pattern *p, const struct conf_route *r, struct diag *d)
{
	char room[PATTERN_BYTES_MAX];
	struct uri uri;
	enum uri_error e;

	if (p->text.n > sizeof(room)) {
		diag_error(d, r->path_place.file, r->path_place.line,
		    "path is longer than %zu bytes", sizeof(room));
		return false;
	}
	e = uri_normalise(p->text, room, &uri);
	if (e != URI_OK) {
		complain(d, r, "cannot be requested: %s", uri_error_name(e));
		return false;
	}
	if (uri.has_query) {
		complain(d, r, "has a \"?\": put queries into `match`");
		return false;
	}
	if (!slice_eq(uri.path, p->text)) {
		complain(d, r,
		    "is never seen so: requests are matched as "
		    "\"%.*s\"",
		    SLICE_FMT(uri.path));
		return false;
	}
	if (uri.encoded_slash && !r->encoded_slash_keep) {
		complain(d, r,
		    "has a %%2F: it needs encoded_slash = "
		    "\"keep\"");
		return false;
	}
	return true;
}

static bool
name_check(const struct pattern *p, struct slice name,
    const struct conf_route *r, struct diag *d)
{
	if (name.n == 0) {
		complain(d, r,
		    "has a parameter without a name, such as "
		    "\":id\" or \"*rest\"");
		return false;
	}
	for (size_t i = 0; i < name.n; i++) {
		if (!template_name_char(name.p[i])) {
			complain(d, r,
			    "has a parameter \"%.*s\": names are "
			    "made of letters, digits, _ and -",
			    SLICE_FMT(name));
			return false;
		}
	}
	if (name.p[0] >= '0' && name.p[0] <= '9') {
		complain(d, r,
		    "has a parameter \"%.*s\": names start with a "
		    "letter or _",
		    SLICE_FMT(name));
		return false;
	}
	if (template_name_reserved(name)) {
		complain(d, r,
		    "has a parameter \"%.*s\": that name has a "
		    "meaning of its own in templates",
		    SLICE_FMT(name));
		return false;
	}
	for (uint32_t i = 0; i < p->param_count; i++) {
		if (slice_eq(p->params[i], name)) {
			complain(d, r, "has two parameters \"%.*s\"",
			    SLICE_FMT(name));
			return false;
		}
	}
	return true;
}

static bool
param_add(struct pattern *p, enum segment_kind kind, struct slice name,
    const struct conf_route *r, struct diag *d)
{
	if (!name_check(p, name, r, d))
		return false;
	if (p->param_count == IMG_PARAMS_MAX) {
		complain(d, r, "has more than %d parameters", IMG_PARAMS_MAX);
		return false;
	}
	p->params[p->param_count++] = name;
	p->segments[p->segment_count++] = (struct segment){ kind, name };
	return true;
}

static bool
segment_add(struct pattern *p, struct slice text, bool last,
    const struct conf_route *r, struct diag *d)
{
	if (p->segment_count == IMG_SEGMENTS_MAX) {
		complain(d, r, "has more than %d segments", IMG_SEGMENTS_MAX);
		return false;
	}
	p->literal++;
	if (text.n != 0 && text.p[0] == ':')
		return param_add(p, SEGMENT_PARAM, slice_skip(text, 1), r, d);
	if (text.n != 0 && memchr(text.p, '*', text.n) != NULL) {
		if (text.p[0] != '*' || !last) {
			complain(d, r,
			    "has a \"*\" that is not the start of "
			    "its last segment");
			return false;
		}
		return param_add(p, SEGMENT_REST, slice_skip(text, 1), r, d);
	}
	p->literal += (uint32_t)text.n;
	p->segments[p->segment_count++] =
	    (struct segment){ SEGMENT_LITERAL, text };
	return true;
}

static bool
segments_parse(struct pattern *p, const struct conf_route *r, struct diag *d)
{
	struct slice left = slice_skip(p->text, 1);
	bool last = false;

	while (!last) {
		const char *slash = memchr(left.p, '/', left.n);
		struct slice text = left;

		last = slash == NULL;
		if (!last)
			text.n = (size_t)(slash - left.p);
		if (!segment_add(p, text, last, r, d))
			return false;
		if (!last)
			left = slice_skip(left, text.n + 1);
	}
	p->kind = PATTERN_SEGMENTS;
	return true;
}

bool
pattern_parse(struct pattern *p, const struct conf_route *r, struct diag *d)
{
	p->text = slice_str(r->path);
	p->segment_count = 0;
	p->param_count = 0;
	p->captures = 0;
	p->literal = 0;
	if (p->text.n != 0 && p->text.p[0] == '~')
		return regex_parse(p, r, d);
	if (p->text.n == 0 || p->text.p[0] != '/') {
		complain(d, r,
		    "starts neither with \"/\" nor, as a regular "
		    "expression, with \"~\"");
		return false;
	}
	if (!normal_check(p, r, d))
		return false;
	if (strstr(r->path, "/:") == NULL && strchr(r->path, '*') == NULL) {
		p->kind = PATTERN_EXACT;
		return true;
	}
	return segments_parse(p, r, d);
}

bool
pattern_has_rest(const struct pattern *p)
{
	return p->kind == PATTERN_SEGMENTS &&
	    p->segments[p->segment_count - 1].kind == SEGMENT_REST;
}
