/*
 * asked_kit.h - for tests of authenticators that ask a service: requests before
 * one of them, and the service is the test.
 */
#ifndef TESTS_UNIT_WORKER_FILTER_ASKED_KIT_H
#define TESTS_UNIT_WORKER_FILTER_ASKED_KIT_H

#include "tests/unit/shm/fixture.h"
#include "tests/unit/worker/filter/auth_kit.h"

#include "common/base/log.h"
#include "worker/filter/auth_cache.h"
#include "worker/filter/auth_question.h"
#include "worker/flow/refused.h"
#include "worker/origin/opool.h"
#include "worker/origin/queue.h"

#define REQUESTS 160

static struct region region;
static struct env env;
static struct loop loop;
static struct opool opool;
static struct img_auth auth;
static const struct auth_ops *ops;
static char secrets[64];

static struct auth_try tries[REQUESTS];
static struct req requests[REQUESTS];
static char rooms[REQUESTS][8192];
static enum auth_verdict answers[REQUESTS]; /* AUTH_WAIT: none yet */

/* Question n of this test, as it was asked. */
struct inquiry {
	inquiry_done_fn *done; /* NULL: it is over */
	void *user;
	struct head head;
	struct slice body;
	bool head_only;
	struct arena arena;
};
static struct inquiry inquiries[REQUESTS];
static unsigned asked, cancelled;
static bool no_memory;

struct inquiry *
inquiry_begin(struct env *e, const struct inquiry_ask *ask,
    inquiry_done_fn *done, void *user)
{
	struct inquiry *i = &inquiries[asked];

	ck_assert_ptr_eq(e, &env);
	ck_assert_ptr_eq(ask->image, &kit.head);
	if (no_memory)
		return NULL;
	asked++;
	*i = (struct inquiry){
		.done = done, .user = user, .head_only = ask->head_only
	};
	arena_init(&i->arena, NULL, 0, 1u << 20);
	ck_assert(head_copy(&i->head, ask->head, &i->arena, 0));
	i->body = arena_copy(&i->arena, ask->body);
	return i;
}

void
inquiry_cancel(struct inquiry *i)
{
	ck_assert_ptr_nonnull(i->done);
	i->done = NULL;
	cancelled++;
}

/* The service's answer to question n; NULL: there is none. */
static void
say_head(unsigned n, const struct head *h, const char *body)
{
	struct inquiry *i = &inquiries[n];
	inquiry_done_fn *done = i->done;
	struct inquiry_answer a = { .head = h,
		.body = slice_str(body),
		.why = h != NULL ? WHY_OK : WHY_CONNECT_FAILED };

	ck_assert_uint_lt(n, asked);
	ck_assert_ptr_nonnull(done);
	i->done = NULL;
	done(i->user, &a);
}

/* ---- who waits ---- */

static struct auth_try *ends; /* the next one that is told ends it */

void
authenticate_answer(struct auth_try *t, enum auth_verdict v)
{
	ck_assert_int_eq(answers[t - tries], AUTH_WAIT);
	ck_assert_int_ne(v, AUTH_WAIT);
	answers[t - tries] = v;
	if (ends != NULL)
		ops->forget(ends);
	ends = NULL;
}

static uint64_t
waiting(void)
{
	return atomic_load(&env.counters[COUNTER_AUTH_WAITING]);
}

static uint64_t
failed(void)
{
	return atomic_load(&env.counters[COUNTER_AUTH_QUESTIONS_FAILED]);
}

static void
begin_asking(const struct auth_ops *kind, enum img_auth_type type)
{
	static struct img_service service;

	ck_assert(log_open("/dev/null", LOG_LVL_CRITICAL, "test"));
	kit_begin();
	fixture_region(&region, 1);
	ck_assert(loop_init(&loop));
	clock_update();
	env = (struct env){ .region = &region,
		.loop = &loop,
		.opool = &opool,
		.counters = counters_block(&region, 0) };
	ck_assert(opool_init(&opool, &env));
	env.queues = queues_new(&env);
	ck_assert_ptr_nonnull(env.queues);
	env.auth_cache = auth_cache_new(&env, 1u << 20);
	env.refused = refused_new();
	env.auth_questions = auth_questions_new(&env);
	ck_assert(env.refused != NULL && env.auth_questions != NULL);
	kit.head.services =
	    (struct img_span){ kit_put(&service, sizeof(service)), 1 };
	ops = kind;
	auth = (struct img_auth){ .name = kit_str("them"),
		.type = type,
		.slot = IMG_NONE,
		.cache = 1,
		.path = kit_str("/ask?a=b"),
		.ttl_us = 60000000 };
	memset(tries, 0, sizeof(tries));
	asked = cancelled = 0;
	no_memory = false;
	ends = NULL;
}

static void
end_asking(void)
{
	ck_assert_uint_eq(waiting(), 0);
	for (size_t n = 0; n < REQUESTS; n++) {
		identity_unref(tries[n].identity);
		if (tries[n].q != NULL)
			arena_fini(&requests[n].arena);
	}
	for (unsigned n = 0; n < asked; n++) {
		ck_assert_ptr_null(inquiries[n].done);
		arena_fini(&inquiries[n].arena);
	}
	auth_questions_free(env.auth_questions);
	refused_free(env.refused);
	auth_cache_free(env.auth_cache);
	opool_fini(&opool);
	queues_free(env.queues);
	loop_fini(&loop);
	region_fini(&region);
	kit_end();
}

/* Request n, as kit_field and its like have made it; from 192.0.2.`client`. */
static enum auth_verdict
ask_from(size_t n, uint8_t client)
{
	struct req *q = &requests[n];

	*q = kit_q;
	q->env = &env;
	q->request_id = SLICE_LIT("the-id");
	q->client_text = SLICE_LIT("192.0.2.1");
	arena_init(&q->arena, rooms[n], sizeof(rooms[n]), 1u << 20);
	q->client = (struct addr){
		.ip = { [10] = 0xff, [11] = 0xff, [12] = 192, [14] = 2 }
	};
	q->client.ip[15] = client;
	tries[n] = (struct auth_try){
		.q = q, .auth = &auth, .secrets = secrets, .ops = ops
	};
	answers[n] = AUTH_WAIT;
	return ops->ask(&tries[n]);
}

static void
no_fields(void)
{
	kit_q.head.count = kit_q.up.count = 0;
	kit_q.head.present = kit_q.up.present = 0;
}

#define ck_assert_bad(n, verdict, reason)                      \
	do {                                                   \
		ck_assert_int_eq(verdict, AUTH_BAD);           \
		ck_assert_str_eq(why_table[tries[n].why].word, \
		    why_table[WHY_##reason].word);             \
		ck_assert_ptr_null(tries[n].identity);         \
	} while (0)

#define ck_assert_in(n, verdict, user)                                 \
	do {                                                           \
		ck_assert_int_eq(verdict, AUTH_OK);                    \
		ck_assert_slice_eq(                                    \
		    tries[n].identity->claim[IMG_CLAIM_USER], (user)); \
	} while (0)

#endif
