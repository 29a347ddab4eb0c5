/*
 * client_kit.h - what connections of clients need around them: one route, whose
 * requests end up with the test itself. Time is our own.
 */
#ifndef TESTS_UNIT_WORKER_CLIENT_KIT_H
#define TESTS_UNIT_WORKER_CLIENT_KIT_H

#include <unistd.h>

#include "tests/unit/own_clock.h"
#include "tests/unit/route_kit.h"
#include "tests/unit/shm/fixture.h"
#include "worker/client_state.h"
#include "worker/flow/pipeline.h"

#define S UINT64_C(1000000)

static struct region region;
static struct loop loop;
static struct env env;
static struct clients clients;
static struct filter filters[IMG_FILTER_COUNT];

/* Room for ten; `take` is what becomes of a request, `ended` is told of it. */
static inline void
kit_begin(enum verdict (*take)(struct req *q),
    void (*ended)(const struct req *), struct codec_limits limits)
{
	struct kit_route route = { .path = "/*rest" };
	struct img_head *img = kit_image(&route, 1);
	struct img_route *routes = (void *)((char *)img + img->routes.off);

	fixture_region(&region, 1);
	buf_pool_init(0);
	ck_assert(io_scratch_init() && loop_init(&loop));
	img->timeouts = (struct img_timeouts){
		.head = 10 * S, .body = 20 * S, .send = 30 * S, .idle = 75 * S
	};
	*(struct img_timeouts *)(void *)((char *)img + routes[0].timeouts) =
	    img->timeouts;
	img->limits.connections_per_address = 0;
	img->limits.body_bytes = UINT64_MAX;
	img->generation = 1;
	filters[IMG_FILTER_FORWARDED].request = take;
	env = (struct env){ .loop = &loop,
		.region = &region,
		.counters = counters_block(&region, 0),
		.contexts = contexts_new(),
		.filters = filters,
		.view.image = img,
		.req_ended = ended };
	pool_init(&env.reqs, "requests", REQ_BYTES, 0);
	for (size_t i = 0; i < IMAGES_MAX; i++)
		list_init(&env.pinned[i]);
	clients_init(&clients, &env, 10);
	clients.limits = limits;
}

/* When all clients have gone; closes the other end. */
static inline void
kit_end(int peer)
{
	ck_assert_uint_eq(clients.count, 0);
	ck_assert_uint_eq(env.reqs.used, 0);
	(void)close(peer);
	clients_fini(&clients);
	contexts_free(env.contexts);
	free((void *)(uintptr_t)env.view.image);
	loop_fini(&loop);
	io_scratch_fini();
	region_fini(&region);
}

#endif
