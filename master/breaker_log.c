/*
 * breaker_log.c - see breaker_log.h.
 */
#include "master/breaker_log.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "master/change_text.h"
#include "shm/breaker_history.h"
#include "shm/registry.h"

#define LINES_MAX 100u /* in one look */

/* "service a: endpoint 10.0.0.1:80", "service a". */
static void
name_add(struct text *t, const struct region *r, uint32_t breaker)
{
	struct endpoint_info info = { .service = REGISTRY_NONE };

	if (breaker >= ENDPOINTS_MAX) {
		text_printf(t, "service %.*s",
		    SLICE_FMT(
			registry_service_name(r, breaker - ENDPOINTS_MAX)));
		return;
	}
	(void)registry_endpoint_info(r, breaker, &info);
	text_printf(t, "service %.*s: endpoint %.*s",
	    SLICE_FMT(registry_service_name(r, info.service)),
	    SLICE_FMT(registry_endpoint_text(r, breaker)));
}

static void
turn_log(const struct region *r, uint32_t breaker, const struct breaker_turn *t)
{
	struct text line = { 0 }, detail = { 0 };

	name_add(&line, r, breaker);
	cause_detail(&detail, t->cause, t->detail);
	text_printf(&line, ": breaker %s: %s", breaker_state_name(t->to),
	    change_cause_name(t->cause));
	if (detail.n != 0)
		text_printf(&line, " (%.*s)", SLICE_FMT(text_slice(&detail)));
	if (t->fails > 1)
		text_printf(&line, ", %u in a row", t->fails);
	if (t->to == BREAKER_OPEN)
		log_warnx("%.*s", SLICE_FMT(text_slice(&line)));
	else
		log_info("%.*s", SLICE_FMT(text_slice(&line)));
	text_fini(&line);
	text_fini(&detail);
}

/* Returns how many there were; they are told unless `quiet`. */
static uint32_t
breaker_read(
    struct breaker_log *l, const struct region *r, uint32_t breaker, bool quiet)
{
	struct breaker_turn t[BREAKER_TURNS_KEPT];
	uint64_t *logged = &l->logged[breaker];
	uint32_t n;

	if (breaker_number(r, breaker) == *logged ||
	    breaker_transitions(r, breaker) == 0)
		return 0;
	n = breaker_history_read(
	    r, breaker, *logged + 1, t, BREAKER_TURNS_KEPT);
	for (uint32_t i = 0; i < n && !quiet; i++)
		turn_log(r, breaker, &t[i]);
	if (n != 0)
		*logged = t[n - 1].number;
	return n;
}

void
breaker_log_look(struct breaker_log *l, const struct region *r)
{
	uint64_t changes = history_changes(r);
	uint32_t lines = 0, more = 0;

	if (changes == l->changes)
		return;
	l->changes = changes;
	for (uint32_t b = 0; breaker_next(r, &b); b++) {
		bool quiet = lines >= LINES_MAX;
		uint32_t n = breaker_read(l, r, b, quiet);

		lines += quiet ? 0 : n;
		more += quiet ? n : 0;
	}
	if (more != 0)
		log_warnx("%u more transitions of breakers", more);
}

void
breaker_log_init(struct breaker_log *l, const struct region *r)
{
	*l = (struct breaker_log){ .changes = history_changes(r) };
	l->logged = calloc(BREAKERS_MAX, sizeof(*l->logged));
	MUST(l->logged != NULL);
	for (uint32_t b = 0; breaker_next(r, &b); b++)
		l->logged[b] = breaker_number(r, b);
}

void
breaker_log_fini(struct breaker_log *l)
{
	free(l->logged);
	*l = (struct breaker_log){ 0 };
}
