/*
 * demo_pages.c - the pages of the demo upstream: users, health, echo, slow and
 * endless answers, and a switch that makes it fail.
 */
#include <stddef.h>

#include "common/base/json.h"
#include "common/http/uri.h"
#include "tools/demo_pages.h"

static const struct {
	const char *id, *name, *email;
} users[] = {
	{ "1", "Ada Lovelace", "ada@example.org" },
	{ "2", "Grace Hopper", "grace@example.org" },
	{ "3", "Barbara Liskov", "barbara@example.org" },
	{ "42", "Edsger Dijkstra", "edsger@example.org" },
};

static const struct {
	const char *word;
	enum demo_fail fail;
} fail_modes[] = {
	{ "off", FAIL_OFF },
	{ "503", FAIL_503 },
	{ "hang", FAIL_HANG },
	{ "close", FAIL_CLOSE },
};

/* The number in the query's parameter `key`, or `otherwise`. */
static uint64_t
query_number(struct slice query, const char *key, uint64_t otherwise)
{
	struct slice v;
	uint64_t n = 0;

	if (!uri_query_find(query, slice_str(key), &v) || v.n == 0 || v.n > 9)
		return otherwise;
	for (size_t i = 0; i < v.n; i++) {
		if (v.p[i] < '0' || v.p[i] > '9')
			return otherwise;
		n = n * 10 + (uint64_t)(v.p[i] - '0');
	}
	return n;
}

static void
page_error(struct demo_answer *a, unsigned status, const char *error)
{
	struct json j;

	a->status = status;
	json_init(&j, &a->body);
	json_object_begin(&j, NULL);
	json_add_string(&j, "error", slice_str(error));
	json_object_end(&j);
	text_add_char(&a->body, '\n');
}

static void
page_user(const char *name, struct slice id, struct demo_answer *a)
{
	struct json j;

	for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
		if (!slice_eq(id, slice_str(users[i].id)))
			continue;
		json_init(&j, &a->body);
		json_object_begin(&j, NULL);
		json_add_string(&j, "id", id);
		json_add_string(&j, "name", slice_str(users[i].name));
		json_add_string(&j, "email", slice_str(users[i].email));
		json_add_string(&j, "served_by", slice_str(name));
		json_object_end(&j);
		text_add_char(&a->body, '\n');
		return;
	}
	page_error(a, 404, "no such user");
}

static void
page_echo(const char *name, const struct demo_request *q, struct demo_answer *a)
{
	a->content_type = "text/plain";
	text_printf(&a->body, "%s received:\n%.*s %.*s\n", name,
	    SLICE_FMT(q->method), SLICE_FMT(q->target));
	text_add(&a->body, q->fields);
	text_add_char(&a->body, '\n');
	text_add(&a->body, q->body);
}

static void
page_fail(enum demo_fail *failing, struct slice query, struct demo_answer *a)
{
	struct slice mode = SLICE_NONE;

	uri_query_find(query, SLICE_LIT("mode"), &mode);
	for (size_t i = 0; i < sizeof(fail_modes) / sizeof(fail_modes[0]);
	     i++) {
		if (!slice_eq(mode, slice_str(fail_modes[i].word)))
			continue;
		*failing = fail_modes[i].fail;
		text_printf(
		    &a->body, "{\"fail\":\"%s\"}\n", fail_modes[i].word);
		return;
	}
	page_error(a, 400, "mode is one of off, 503, hang, close");
}

static void
page_stream(struct slice query, struct demo_answer *a)
{
	a->content_type = "text/plain";
	a->stream = true;
	a->lines = query_number(query, "n", 0);
	a->interval_ms = query_number(query, "ms", 1000);
}

static void
page_find(const char *name, const struct demo_request *q, struct slice path,
    struct slice query, struct demo_answer *a)
{
	struct slice user = SLICE_LIT("/users/");

	if (slice_starts(path, user)) {
		page_user(name, slice_skip(path, user.n), a);
	} else if (slice_eq(path, SLICE_LIT("/health"))) {
		text_add(&a->body, SLICE_LIT("{\"status\":\"ok\"}\n"));
	} else if (slice_eq(path, SLICE_LIT("/echo"))) {
		page_echo(name, q, a);
	} else if (slice_eq(path, SLICE_LIT("/slow"))) {
		a->delay_ms = query_number(query, "ms", 1000);
		text_printf(&a->body, "{\"slept_ms\":%lu}\n", a->delay_ms);
	} else if (slice_eq(path, SLICE_LIT("/stream"))) {
		page_stream(query, a);
	} else {
		page_error(a, 404, "no such page");
	}
}

void
demo_page(const char *name, enum demo_fail *failing,
    const struct demo_request *q, struct demo_answer *a)
{
	const char *mark =
	    q->target.n != 0 ? memchr(q->target.p, '?', q->target.n) : NULL;
	struct slice path = q->target, query = SLICE_NONE;

	if (mark != NULL) {
		path.n = (size_t)(mark - q->target.p);
		query = slice_skip(q->target, path.n + 1);
	}
	a->status = 200;
	a->content_type = "application/json";
	if (slice_eq(path, SLICE_LIT("/fail"))) {
		page_fail(failing, query, a);
		return;
	}
	a->fail = *failing;
	if (*failing == FAIL_503)
		page_error(a, 503, "failing as asked (POST /fail?mode=off)");
	else
		page_find(name, q, path, query, a);
}
