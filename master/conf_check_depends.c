/*
 * conf_check_depends.c - which services need which: names that lead nowhere,
 * and circles.
 */
#include <stdlib.h>

#include "common/base/must.h"
#include "common/base/text.h"
#include "master/conf_check.h"
#include "master/conf_suggest.h"

/* Dangling names that get a suggestion: each is compared with all services. */
#define SUGGESTIONS_MAX 100

#define UNKNOWN UINT32_MAX

/* What is known of a service in the search for circles. */
enum mark { UNSEEN, ON_TRAIL, DONE };

struct depends_check {
	struct conf *c;
	struct diag *d;
	const struct map *names;
	unsigned suggestions;
	unsigned char *marks; /* enum mark */
	uint32_t *trail;      /* services on the way here */
	uint32_t *turns;      /* of each, the next dependency to look at */
	size_t depth;
};

static void
dangling(struct depends_check *dc, const struct conf_strings *depends, size_t i)
{
	const struct conf_place *at = &depends->places[i];
	struct conf_suggest near;
	char buf[96];

	conf_suggest_init(&near, depends->items[i]);
	if (dc->suggestions++ < SUGGESTIONS_MAX)
		for (size_t k = 0; k < dc->c->service_count; k++)
			conf_suggest_offer(&near, dc->c->services[k].name);
	diag_error(dc->d, at->file, at->line,
	    "depends: there is no service \"%s\"%s", depends->items[i],
	    conf_suggest_text(&near, buf, sizeof(buf)));
}

static void
find_names(struct depends_check *dc, struct conf_service *s)
{
	const struct map_entry *e;

	conf_check_twice(&s->depends, "depends", dc->d);
	s->depend_indexes = arena_alloc(
	    &dc->c->arena, (s->depends.count + 1) * sizeof(*s->depend_indexes));
	MUST(s->depend_indexes != NULL);
	for (size_t i = 0; i < s->depends.count; i++) {
		e = map_get(dc->names, slice_str(s->depends.items[i]));
		s->depend_indexes[i] = UNKNOWN;
		if (e == NULL)
			dangling(dc, &s->depends, i);
		else
			s->depend_indexes[i] = (uint32_t)e->value.num - 1;
	}
}

/* The dependency that was just looked at leads back to `service`. */
static void
complain_circle(struct depends_check *dc, uint32_t service)
{
	const struct conf_service *all = dc->c->services;
	const struct conf_service *last = &all[dc->trail[dc->depth - 1]];
	const struct conf_place *at =
	    &last->depends.places[dc->turns[dc->depth - 1] - 1];
	struct text circle = { 0 };
	size_t i = dc->depth;

	if (last == &all[service]) {
		diag_error(dc->d, at->file, at->line,
		    "depends: service \"%s\" depends on itself", last->name);
		return;
	}
	while (dc->trail[i - 1] != service)
		i--;
	for (; i <= dc->depth; i++)
		text_printf(&circle, "%s -> ", all[dc->trail[i - 1]].name);
	diag_error(dc->d, at->file, at->line,
	    "depends: services need each other in a circle: %.*s%s",
	    SLICE_FMT(text_slice(&circle)), all[service].name);
	text_fini(&circle);
}

static void
step_into(struct depends_check *dc, uint32_t service)
{
	dc->marks[service] = ON_TRAIL;
	dc->trail[dc->depth] = service;
	dc->turns[dc->depth] = 0;
	dc->depth++;
}

/* Looks at the next dependency of the service at the end of the trail. */
static void
step(struct depends_check *dc)
{
	uint32_t here = dc->trail[dc->depth - 1];
	const struct conf_service *s = &dc->c->services[here];
	uint32_t next;

	if (dc->turns[dc->depth - 1] == s->depends.count) {
		dc->marks[here] = DONE;
		dc->depth--;
		return;
	}
	next = s->depend_indexes[dc->turns[dc->depth - 1]++];
	if (next == UNKNOWN)
		return;
	if (dc->marks[next] == ON_TRAIL)
		complain_circle(dc, next);
	else if (dc->marks[next] == UNSEEN)
		step_into(dc, next);
}

void
conf_check_depends(struct conf *c, const struct map *names, struct diag *d)
{
	struct depends_check dc = { .c = c, .d = d, .names = names };
	size_t n = c->service_count;

	for (size_t i = 0; i < n; i++)
		find_names(&dc, &c->services[i]);
	dc.marks = calloc(n + 1, sizeof(*dc.marks));
	dc.trail = calloc(n + 1, sizeof(*dc.trail));
	dc.turns = calloc(n + 1, sizeof(*dc.turns));
	MUST(dc.marks != NULL && dc.trail != NULL && dc.turns != NULL);
	for (uint32_t i = 0; i < n; i++) {
		if (dc.marks[i] == UNSEEN)
			step_into(&dc, i);
		while (dc.depth != 0)
			step(&dc);
	}
	free(dc.marks);
	free(dc.trail);
	free(dc.turns);
}
