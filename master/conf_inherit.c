/*
 * conf_inherit.c - timeouts from the top level to services to routes, and the
 * class of requests from services to routes.
 */
#include <stddef.h>
#include <string.h>

#include "master/conf_check.h"
#include "master/conf_table.h"

#define TIMEOUTS (sizeof(struct conf_timeouts) / sizeof(uint64_t))

/*
 * For each of the timeouts, in the order of the struct, the row that sets it in
 * some block; SIZE_MAX where it cannot be set there.
 */
struct timeout_rows {
	size_t row[TIMEOUTS];
};

static void
rows_find(struct timeout_rows *rows, const struct conf_block *b, size_t base)
{
	for (size_t k = 0; k < TIMEOUTS; k++)
		rows->row[k] = SIZE_MAX;
	for (size_t i = 0; i < b->count; i++)
		if (conf_row_key(&b->rows[i], "timeouts") != NULL)
			rows->row[(b->rows[i].offset - base) /
			    sizeof(uint64_t)] = i;
}

/*
 * One level: values and origins that are not set come from outside. `origins`
 * NULL: nobody asks for them.
 */
static void
inherit(uint64_t *to, uint32_t *origins, const struct timeout_rows *rows,
    const uint64_t *from, const uint32_t *outer_origins)
{
	for (size_t k = 0; k < TIMEOUTS; k++) {
		if (to[k] != CONF_UNSET && rows->row[k] != SIZE_MAX)
			continue;
		to[k] = from[k];
		if (origins != NULL && rows->row[k] != SIZE_MAX)
			origins[rows->row[k]] = outer_origins[k];
	}
}

/* The origins of a thing's timeouts, by their order in the struct. */
static void
origins_of(
    uint32_t *out, const uint32_t *origins, const struct timeout_rows *rows)
{
	for (size_t k = 0; k < TIMEOUTS; k++)
		out[k] = rows->row[k] != SIZE_MAX ? origins[rows->row[k]] : 0;
}

static uint64_t *
values_of(struct conf_timeouts *t)
{
	return &t->head;
}

/* The services of a split may differ: each gets its own. */
static void
inherit_split(const struct conf *c, struct conf_route *r,
    const struct timeout_rows *route)
{
	for (size_t i = 0; i < r->split.count; i++) {
		struct conf_arm *arm = &r->split.arms[i];

		arm->timeouts = r->timeouts;
		if (arm->service_index < c->service_count)
			inherit(values_of(&arm->timeouts), NULL, route,
			    values_of(
				&c->services[arm->service_index].timeouts),
			    NULL);
	}
}

void
conf_inherit_timeouts(struct conf *c)
{
	struct timeout_rows top, service, route;
	uint32_t top_origins[TIMEOUTS], service_origins[TIMEOUTS];
	const uint32_t *outer;

	rows_find(&top, &conf_block_top, offsetof(struct conf, timeouts));
	rows_find(&service, &conf_block_service,
	    offsetof(struct conf_service, timeouts));
	rows_find(
	    &route, &conf_block_route, offsetof(struct conf_route, timeouts));
	origins_of(top_origins, c->origins, &top);
	for (size_t i = 0; i < c->service_count; i++)
		inherit(values_of(&c->services[i].timeouts),
		    c->services[i].origins, &service, values_of(&c->timeouts),
		    top_origins);
	for (size_t i = 0; i < c->route_count; i++) {
		struct conf_route *r = &c->routes[i];
		struct conf_timeouts *from = &c->timeouts;

		if (r->split.count != 0) {
			inherit_split(c, r, &route);
			continue;
		}
		outer = top_origins;
		if (r->service_index < c->service_count) {
			struct conf_service *s = &c->services[r->service_index];

			from = &s->timeouts;
			origins_of(service_origins, s->origins, &service);
			outer = service_origins;
		}
		inherit(values_of(&r->timeouts), r->origins, &route,
		    values_of(from), outer);
	}
}

void
conf_inherit_priority(struct conf *c)
{
	size_t from = conf_row_index(&conf_block_service, "priority");
	size_t to = conf_row_index(&conf_block_route, "priority");

	for (size_t i = 0; i < c->service_count; i++)
		c->services[i].class = conf_word_index(
		    &conf_block_service, "priority", c->services[i].priority);
	for (size_t i = 0; i < c->route_count; i++) {
		struct conf_route *r = &c->routes[i];
		const struct conf_service *s;

		if (r->priority == NULL &&
		    r->service_index < c->service_count) {
			s = &c->services[r->service_index];
			r->priority = s->priority;
			r->origins[to] = s->origins[from];
		}
		if (r->priority != NULL)
			r->class = conf_word_index(
			    &conf_block_route, "priority", r->priority);
	}
}
