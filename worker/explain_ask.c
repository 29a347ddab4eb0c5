/*
 * explain_ask.c - a line of standard input as an ask.
 */
#include "worker/explain_state.h"

#include "common/base/json_read.h"
#include "common/base/must.h"

struct ask_read {
	struct explained *x;
	struct explain_ask *ask;
	const char *fault;
};

static struct slice
read_string(struct ask_read *r, const struct json_value *v)
{
	char *room = arena_alloc(&r->x->arena, v->text.n + 1);

	MUST(room != NULL);
	if (v->kind == JSON_VALUE_STRING)
		return json_read_string(v, room);
	r->fault = "a text is expected";
	return SLICE_NONE;
}

/* Each [name, value]. */
static void
read_header(struct ask_read *r, const struct json_value *pair)
{
	struct explain_ask *ask = r->ask;
	struct json_value name, value;
	struct slice n, v;
	size_t at = 0;

	if (pair->kind != JSON_VALUE_ARRAY ||
	    !json_read_next_element(pair, &at, &name) ||
	    !json_read_next_element(pair, &at, &value) ||
	    ask->header_count == EXPLAIN_HEADERS_MAX) {
		r->fault = "headers are pairs of name and value, 256 at most";
		return;
	}
	n = read_string(r, &name);
	v = read_string(r, &value);
	ask->headers[ask->header_count++] = arena_printf(
	    &r->x->arena, "%.*s: %.*s", SLICE_FMT(n), SLICE_FMT(v));
}

static void
read_headers(struct ask_read *r, const struct json_value *all)
{
	struct json_value pair;
	size_t at = 0;

	if (all->kind != JSON_VALUE_ARRAY) {
		r->fault = "headers are a list";
		return;
	}
	while (r->fault == NULL && json_read_next_element(all, &at, &pair))
		read_header(r, &pair);
}

static void
read_member(struct ask_read *r, const struct json_value *name,
    const struct json_value *v)
{
	struct explain_ask *ask = r->ask;
	int64_t bytes;

	if (json_read_is(name, SLICE_LIT("method"))) {
		ask->method = read_string(r, v);
	} else if (json_read_is(name, SLICE_LIT("url"))) {
		ask->url = read_string(r, v);
	} else if (json_read_is(name, SLICE_LIT("headers"))) {
		read_headers(r, v);
	} else if (json_read_is(name, SLICE_LIT("address"))) {
		ask->address = read_string(r, v);
	} else if (json_read_is(name, SLICE_LIT("claims"))) {
		ask->claims = v->text;
	} else if (json_read_is(name, SLICE_LIT("tls"))) {
		ask->tls = v->kind == JSON_VALUE_TRUE;
	} else if (json_read_is(name, SLICE_LIT("id"))) {
		r->x->id = read_string(r, v);
	} else if (json_read_is(name, SLICE_LIT("body_size"))) {
		if (json_read_seconds(v, &bytes) && bytes >= 0)
			ask->body_bytes = (uint64_t)bytes;
		else
			r->fault = "body_size is a number of bytes";
	} else {
		r->fault = "there is a member that is not known";
	}
}

bool
explain_ask_read(struct explained *x, struct slice line,
    struct explain_ask *ask, const char **fault)
{
	struct ask_read r = { .x = x, .ask = ask };
	struct json_value all, name, value;
	size_t at = 0;

	*ask = (struct explain_ask){ 0 };
	if (!json_read_check(line, &all) || all.kind != JSON_VALUE_OBJECT) {
		*fault = "it is no JSON object";
		return false;
	}
	while (
	    r.fault == NULL && json_read_next_member(&all, &at, &name, &value))
		read_member(&r, &name, &value);
	if (r.fault == NULL && (ask->method.n == 0 || ask->url.n == 0))
		r.fault = "method and url are needed";
	*fault = r.fault;
	return r.fault == NULL;
}
