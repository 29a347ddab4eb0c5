/*
 * conf_check_fallback.c - what answers instead of a service that cannot.
 */
#include <string.h>

#include "master/conf_check.h"
#include "master/conf_status.h"
#include "master/conf_suggest.h"
#include "master/conf_table.h"

/* Dangling names that get a suggestion: each is compared with all services. */
#define SUGGESTIONS_MAX 100

struct fallback_check {
	struct conf *c;
	struct diag *d;
	const struct map *names;
	unsigned suggestions;
};

/* Complains about a service at its option `path`. */
#define COMPLAIN(fc, s, path, ...)                                         \
	do {                                                               \
		struct conf_place at_ =                                    \
		    conf_where((fc)->c, &conf_block_service, (s), (path)); \
		diag_error((fc)->d, at_.file, at_.line, __VA_ARGS__);      \
	} while (0)

static void
dangling(struct fallback_check *fc, const struct conf_service *s)
{
	struct conf_suggest near;
	char buf[96];

	conf_suggest_init(&near, s->fallback.service);
	if (fc->suggestions++ < SUGGESTIONS_MAX)
		for (size_t i = 0; i < fc->c->service_count; i++)
			if (&fc->c->services[i] != s)
				conf_suggest_offer(
				    &near, fc->c->services[i].name);
	COMPLAIN(fc, s, "fallback.service",
	    "fallback.service: there is no service \"%s\"%s",
	    s->fallback.service, conf_suggest_text(&near, buf, sizeof(buf)));
}

static void
check_service(struct fallback_check *fc, struct conf_service *s)
{
	const struct map_entry *e =
	    map_get(fc->names, slice_str(s->fallback.service));

	if (e == NULL) {
		dangling(fc, s);
		return;
	}
	s->fallback.service_index = (uint32_t)e->value.num - 1;
	if (&fc->c->services[s->fallback.service_index] == s)
		COMPLAIN(fc, s, "fallback.service",
		    "fallback.service: service \"%s\" does not stand in for "
		    "itself",
		    s->name);
}

static void
check_respond(struct fallback_check *fc, const struct conf_service *s)
{
	const struct conf_respond *r = &s->fallback.respond;

	if (r->body != NULL && r->body[0] != '\0' &&
	    (r->status == 204 || r->status == 304))
		COMPLAIN(fc, s, "fallback.respond.body",
		    "fallback.respond.body: an answer with status %llu has no "
		    "body",
		    (unsigned long long)r->status);
}

/* NULL, or what is wrong with one of `on`. */
static const char *
on_add(struct conf_statuses *s, const char *word)
{
	const char *why;

	if (!conf_status_add(s, word, &why))
		return why;
	if (s->items[s->count - 1].from < 400)
		return "is no failure: those begin at 400";
	return NULL;
}

static void
check_on(struct fallback_check *fc, struct conf_fallback *f)
{
	f->statuses = conf_statuses_new(fc->c, f->on.count);
	for (size_t i = 0; i < f->on.count; i++) {
		const struct conf_place *at = &f->on.places[i];
		const char *why = on_add(&f->statuses, f->on.items[i]);

		if (why != NULL)
			diag_error(fc->d, at->file, at->line,
			    "fallback.on: \"%s\" %s", f->on.items[i], why);
	}
	conf_check_twice(&f->on, "fallback.on", fc->d);
}

static void
check_fallback(struct fallback_check *fc, struct conf_service *s)
{
	const struct conf_block *b = &conf_block_service;
	bool service = conf_given(b, s, "fallback.service");
	bool respond = conf_given(b, s, "fallback.respond");

	s->fallback.service_index = IMG_NONE;
	if (!respond)
		s->fallback.respond = (struct conf_respond){ 0 };
	if (!conf_given(b, s, "fallback"))
		return;
	if (service == respond)
		COMPLAIN(fc, s, "fallback",
		    "fallback: it is a service or respond, %s",
		    service ? "not both" : "and there is neither");
	if (s->fallback.service != NULL)
		check_service(fc, s);
	s->fallback.respond.place = conf_where(fc->c, b, s, "fallback.respond");
	check_respond(fc, s);
	check_on(fc, &s->fallback);
}

void
conf_check_fallbacks(struct conf *c, const struct map *names, struct diag *d)
{
	struct fallback_check fc = { c, d, names, 0 };

	for (size_t i = 0; i < c->service_count; i++)
		check_fallback(&fc, &c->services[i]);
}
