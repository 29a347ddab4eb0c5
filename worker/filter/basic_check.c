/*
 * basic_check.c - see basic_check.h.
 */
#include "worker/filter/basic_check.h"

#include <stdlib.h>
#include <string.h>

struct basic_checks {
	struct env *env;
	struct mac *mac;
	struct list running;
	struct pool pool;
};

struct basic_check {
	struct list link; /* basic_checks.running */
	struct list waiting;
	struct errand errand;
	struct basic_checks *all;
	bool over;      /* those that wait are being told */
	uint32_t waits; /* that there have been */
	uint64_t client;
	uint8_t digest[BASIC_DIGEST];
};

struct basic_checks *
basic_checks_new(struct env *e)
{
	struct basic_checks *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->mac = mac_new(region_secrets(e->region)->digest_key);
	if (c->mac == NULL) {
		free(c);
		return NULL;
	}
	c->env = e;
	list_init(&c->running);
	pool_init(&c->pool, "password checks", sizeof(struct basic_check),
	    BASIC_CHECKS_MAX);
	return c;
}

void
basic_checks_free(struct basic_checks *c)
{
	if (c == NULL)
		return;
	pool_fini(&c->pool);
	mac_free(c->mac);
	free(c);
}

bool
basic_checks_digest(
    struct basic_checks *c, struct slice text, uint8_t digest[BASIC_DIGEST])
{
	return mac_make(c->mac, text, digest);
}

/*
 * Whoever is told may end others of those that wait, and what comes anew is
 * another check.
 */
static void
basic_check_done(struct errand *e, enum job_result result)
{
	struct basic_check *k = CONTAINER_OF(e, struct basic_check, errand);

	list_remove(&k->link);
	k->over = true;
	while (!list_empty(&k->waiting)) {
		struct basic_wait *w =
		    CONTAINER_OF(k->waiting.next, struct basic_wait, link);

		list_remove(&w->link);
		w->done(w, result);
	}
	pool_give(&k->all->pool, k);
}

static unsigned
basic_check_count(const struct basic_checks *c, uint64_t client)
{
	unsigned n = 0;

	for (struct list *l = c->running.next; l != &c->running; l = l->next)
		n +=
		    CONTAINER_OF(l, struct basic_check, link)->client == client;
	return n;
}

static struct basic_check *
basic_check_new(struct basic_checks *c, const struct basic_ask *ask)
{
	struct basic_check *k = pool_take(&c->pool);

	if (k == NULL)
		return NULL;
	k->errand.done = basic_check_done;
	if (!errand_send(
		c->env, &k->errand, JOB_CRYPT, ask->password, ask->hash)) {
		pool_give(&c->pool, k);
		return NULL;
	}
	k->all = c;
	k->over = false;
	k->waits = 0;
	k->client = ask->client;
	memcpy(k->digest, ask->digest, BASIC_DIGEST);
	list_init(&k->waiting);
	list_push_back(&c->running, &k->link);
	return k;
}

static void
basic_check_wait(struct basic_check *k, struct basic_wait *w)
{
	w->check = k;
	k->waits++;
	list_push_back(&k->waiting, &w->link);
}

bool
basic_check_join(struct basic_checks *c, struct basic_wait *w,
    const uint8_t digest[BASIC_DIGEST])
{
	for (struct list *l = c->running.next; l != &c->running; l = l->next) {
		struct basic_check *k =
		    CONTAINER_OF(l, struct basic_check, link);

		if (memcmp(k->digest, digest, BASIC_DIGEST) != 0 ||
		    k->waits == BASIC_WAITS_MAX)
			continue;
		basic_check_wait(k, w);
		return true;
	}
	return false;
}

bool
basic_check_begin(
    struct basic_checks *c, struct basic_wait *w, const struct basic_ask *ask)
{
	struct basic_check *k;

	if (basic_check_count(c, ask->client) >= BASIC_CHECKS_PER_CLIENT)
		return false;
	k = basic_check_new(c, ask);
	if (k != NULL)
		basic_check_wait(k, w);
	return k != NULL;
}

void
basic_check_forget(struct basic_wait *w)
{
	struct basic_check *k = w->check;

	list_remove(&w->link);
	if (k->over || !list_empty(&k->waiting))
		return;
	errand_forget(&k->errand);
	list_remove(&k->link);
	pool_give(&k->all->pool, k);
}
