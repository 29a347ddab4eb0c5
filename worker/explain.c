/*
 * explain.c - see explain.h; explain_state.h names its rooms. Here: the process
 * that has the parts of a worker, and one ask after the other, each of which
 * finds everything as it is: of many, each has a process of its own, and what
 * that writes is gone with it.
 */
#include "worker/explain_state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/hash.h"
#include "common/base/must.h"
#include "common/jose/issue.h"
#include "common/net/io.h"
#include "common/net/tls.h"
#include "shm/region_copy.h"
#include "worker/filters.h"
#include "worker/flow/contexts.h"
#include "worker/flow/keys.h"
#include "worker/parts.h"

#define EXPLAIN_COMPILE_US 60000000u /* all that there is to compile */
#define EXPLAIN_HOLDS 100

/* ---- what others are told ---- */

static void
nobody(struct env *e)
{
	(void)e;
}

static void
nobody_at(struct env *e, uint32_t slot)
{
	(void)e;
	(void)slot;
}

static void
call_ended(struct env *e, uint32_t service, uint32_t endpoint, unsigned code,
    uint64_t us)
{
	(void)e;
	(void)service;
	(void)endpoint;
	(void)code;
	(void)us;
}

static void
helpers_wanted(struct env *env)
{
	CONTAINER_OF(env, struct explain, env)->jobs = true;
}

/* It ends without an answer's head. */
static void
req_ended(const struct req *q)
{
	struct explain *e = CONTAINER_OF(q->env, struct explain, env);

	if (e->now->looked)
		return;
	explain_look(e, q);
	e->now->why = (enum why)q->why;
	e->now->said = slice_str(why_table[q->why].help);
}

/* ---- the process ---- */

static void
explain_env(struct explain *e, struct region *r)
{
	e->in.region = *r;
	e->env = (struct env){ .loop = &e->loop,
		.region = &e->in.region,
		.in = &e->in,
		.slot = region_copy_slot(r),
		.helpers = 1,
		.plans = true,
		.filters = e->filters,
		.opool = &e->opool,
		.req_ended = req_ended,
		.call_ended = call_ended,
		.wake_others = nobody,
		.wake_worker = nobody_at,
		.wake_master = nobody,
		.wake_helpers = helpers_wanted };
	random_init(&e->env.random, hash_key_random());
	memcpy(e->filters, filters_all, sizeof(e->filters));
	explain_claims_filter(&e->filters[IMG_FILTER_AUTHENTICATE]);
}

/* The current image, for good, and what is compiled of it. */
static bool
explain_enter(struct explain *e)
{
	struct env *env = &e->env;

	for (int i = 0; i < EXPLAIN_HOLDS; i++) {
		epoch_enter(env->region, env->slot, &env->view);
		if (env->view.image == NULL)
			return false;
		if (!region_copy_hold(env->region, env->view.slot))
			continue;
		contexts_turn(
		    env->contexts, env->view.image, EXPLAIN_COMPILE_US);
		keys_turn(env->keys, EXPLAIN_COMPILE_US);
		return true;
	}
	return false;
}

static bool
explain_init(struct explain *e, struct region *r, const struct explain_how *how)
{
	e->how = how;
	buf_pool_init(0);
	tls_init();
	issue_init();
	if (!io_scratch_init() || !loop_init(&e->loop))
		return false;
	clock_update();
	explain_env(e, r);
	return parts_init(&e->env) && opool_init(&e->opool, &e->env);
}

static void
explain_fini(struct explain *e)
{
	opool_fini(&e->opool);
	parts_fini(&e->env);
	loop_fini(&e->loop);
	buf_pool_fini();
	io_scratch_fini();
}

/* ---- one ask ---- */

static void
explain_write(const struct text *t)
{
	(void)fwrite(t->p, 1, t->n, stdout);
	(void)fflush(stdout);
}

static void
explain_one(struct explain *e, struct explained *x)
{
	struct text t = { 0 };

	explain_run(e, x);
	if (e->how->json)
		explain_json(x, &t);
	else
		explain_text(x, &t);
	explain_write(&t);
	text_fini(&t);
}

static void
explain_begin(struct explained *x)
{
	*x = (struct explained){ 0 };
	arena_init(&x->arena, NULL, 0, SIZE_MAX);
}

/* ---- many ---- */

static void
explain_line(struct explain *e, struct slice line, size_t number)
{
	struct explain_ask ask;
	struct explained x;
	const char *fault;

	explain_begin(&x);
	x.ask = &ask;
	if (explain_ask_read(&x, line, &ask, &fault)) {
		explain_one(e, &x);
	} else {
		printf("{\"line\":%zu,\"error\":\"%s\"}\n", number, fault);
		(void)fflush(stdout);
	}
	arena_fini(&x.arena);
}

/* What is published by now. */
static bool
explain_follow(struct explain *e)
{
	struct epoch_view now;

	region_copy_renew(&e->in.region);
	epoch_enter(e->env.region, e->env.slot, &now);
	return now.generation == e->env.view.generation || explain_enter(e);
}

static bool
explain_apart(struct explain *e, struct slice line, size_t number)
{
	int status = 0;
	pid_t pid;

	if (!explain_follow(e) || (pid = fork()) < 0)
		return false;
	if (pid == 0) {
		explain_line(e, line, number);
		_exit(0);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return status == 0;
}

static int
explain_lines(struct explain *e)
{
	char *line = NULL;
	size_t room = 0, number = 0;
	ssize_t n;
	int code = 0;

	while (code == 0 && (n = getline(&line, &room, stdin)) > 0)
		if (!explain_apart(e,
			slice_trim(slice_make(
			    line, (size_t)n - (line[n - 1] == '\n'))),
			++number)) {
			(void)fprintf(stderr,
			    "penstock: line %zu could not be explained\n",
			    number);
			code = 2;
		}
	free(line);
	return code;
}

int
explain_main(struct region *r, const struct explain_how *how,
    const struct explain_ask *ask)
{
	struct explain *e = calloc(1, sizeof(*e));
	struct explained x;
	int code = 0;

	MUST(e != NULL);
	if (!explain_init(e, r, how) || !explain_enter(e)) {
		(void)fputs("penstock: there is no configuration to explain "
			    "by\n",
		    stderr);
		code = 2;
	} else if (ask == NULL) {
		code = explain_lines(e);
	} else {
		explain_begin(&x);
		x.ask = ask;
		explain_one(e, &x);
		arena_fini(&x.arena);
	}
	explain_fini(e);
	free(e);
	return code;
}
