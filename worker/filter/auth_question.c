/*
 * auth_question.c - see auth_question.h. A question holds the image that it
 * began with, and whoever joins has the same: it never outlives those whose
 * configuration is given up.
 */
#include "worker/filter/auth_question.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/hash.h"
#include "common/base/log.h"
#include "worker/origin/opool.h"

#define BUCKETS 256u  /* a power of two */
#define CLIENTS 4096u /* the same; few share one */
#define CLIENT_V6_BYTES 8

struct auth_questions {
	struct env *env;
	struct hash_key key;
	uint32_t count;
	uint32_t of_service[SERVICES_MAX]; /* by registry slot */
	uint32_t of_client[CLIENTS];       /* by hash */
	struct list buckets[BUCKETS];
};

struct auth_question {
	struct list link; /* of a bucket; alone when it is over */
	struct list waiting;
	struct auth_questions *all;
	const struct img_auth *auth;
	uint32_t service, client; /* whose it counts as */
	uint64_t hash;
	struct inquiry *inquiry; /* NULL: it is over */
	size_t text_bytes;
	char text[];
};

struct auth_questions *
auth_questions_new(struct env *e)
{
	struct auth_questions *all = calloc(1, sizeof(*all));

	if (all == NULL)
		return NULL;
	all->env = e;
	all->key = hash_key_random();
	for (uint32_t i = 0; i < BUCKETS; i++)
		list_init(&all->buckets[i]);
	return all;
}

void
auth_questions_free(struct auth_questions *all)
{
	free(all);
}

/* ---- one of them ---- */

static void
question_count(struct auth_question *k, int by)
{
	k->all->count += (uint32_t)by;
	k->all->of_service[k->service] += (uint32_t)by;
	k->all->of_client[k->client] += (uint32_t)by;
}

static void
question_leave(struct auth_question *k)
{
	list_remove(&k->link);
	k->inquiry = NULL;
	question_count(k, -1);
}

static void
question_free(struct auth_question *k)
{
	OPENSSL_clear_free(k, sizeof(*k) + k->text_bytes);
}

static void
wait_begin(struct auth_wait *w, struct auth_question *k)
{
	w->question = k;
	w->t->work = w;
	list_push_back(&k->waiting, &w->link);
	env_count(k->all->env, COUNTER_AUTH_WAITING, 1);
}

static void
wait_end(struct auth_wait *w)
{
	list_remove(&w->link);
	env_count(w->question->all->env, COUNTER_AUTH_WAITING, -1);
}

/* That it failed is said where operators look; to clients it is one reason. */
static void
question_failed(const struct auth_wait *w, const struct inquiry_answer *a)
{
	const struct req *q = w->t->q;
	struct slice name = img_slice(q->image, w->t->auth->name);

	env_count(q->env, COUNTER_AUTH_QUESTIONS_FAILED, 1);
	if (!opool_may_log(q->env->opool))
		return;
	if (a->head == NULL)
		log_warnx("authenticator %.*s: no answer: %s", SLICE_FMT(name),
		    why_table[a->why].word);
	else
		log_warnx("authenticator %.*s: an answer that says nothing, "
			  "with status %u",
		    SLICE_FMT(name), a->head->status);
}

static void
wait_tell(struct auth_wait *w, const struct inquiry_answer *a, bool first)
{
	struct auth_try *t = w->t;

	wait_end(w);
	t->why = w->read(w, a);
	if (first && t->why == WHY_AUTH_UNAVAILABLE)
		question_failed(w, a);
	authenticate_answer(t, t->why == WHY_OK ? AUTH_OK : AUTH_BAD);
}

/*
 * Whoever is told may end others of those that wait, and what comes anew is
 * another question.
 */
static void
question_done(void *user, const struct inquiry_answer *a)
{
	struct auth_question *k = user;
	bool first = true;

	question_leave(k);
	while (!list_empty(&k->waiting)) {
		wait_tell(CONTAINER_OF(k->waiting.next, struct auth_wait, link),
		    a, first);
		first = false;
	}
	question_free(k);
}

/* ---- asking ---- */

static uint64_t
question_hash(
    const struct auth_questions *all, const struct img_auth *a, struct slice s)
{
	struct hash_key key = all->key;

	key.k0 ^= (uintptr_t)a;
	return hash_bytes(key, s.p, s.n);
}

static bool
question_is(const struct auth_question *k, uint64_t hash,
    const struct img_auth *a, struct slice text)
{
	return k->hash == hash && k->auth == a &&
	    slice_eq(slice_make(k->text, k->text_bytes), text);
}

bool
auth_question_join(struct auth_wait *w, struct slice text)
{
	struct auth_questions *all = w->t->q->env->auth_questions;
	uint64_t hash = question_hash(all, w->t->auth, text);
	struct list *bucket = &all->buckets[hash & (BUCKETS - 1)];

	for (struct list *l = bucket->next; l != bucket; l = l->next) {
		struct auth_question *k =
		    CONTAINER_OF(l, struct auth_question, link);

		if (!question_is(k, hash, w->t->auth, text))
			continue;
		wait_begin(w, k);
		return true;
	}
	return false;
}

static uint32_t
question_client(const struct auth_questions *all, const struct req *q)
{
	const struct addr *a = &q->client;

	return hash_bytes(all->key, a->ip,
		   a->is_v6 ? CLIENT_V6_BYTES : sizeof(a->ip)) &
	    (CLIENTS - 1);
}

static uint32_t
question_service(const struct auth_try *t)
{
	const struct img_service *all =
	    img_at(t->q->image, t->q->image->services.off);

	return all[t->auth->service].slot;
}

/* NULL: no memory. */
static struct auth_question *
question_new(const struct auth_try *t, struct slice text)
{
	struct auth_questions *all = t->q->env->auth_questions;
	struct auth_question *k = OPENSSL_zalloc(sizeof(*k) + text.n);

	if (k == NULL)
		return NULL;
	k->all = all;
	k->auth = t->auth;
	k->service = question_service(t);
	k->client = question_client(all, t->q);
	k->text_bytes = text.n;
	if (text.n != 0)
		memcpy(k->text, text.p, text.n);
	k->hash = question_hash(all, t->auth, text);
	list_init(&k->link);
	list_init(&k->waiting);
	return k;
}

static bool
question_may(const struct auth_question *k)
{
	const struct auth_questions *all = k->all;

	return all->count < AUTH_QUESTIONS_MAX &&
	    all->of_service[k->service] < AUTH_QUESTIONS_PER_SERVICE &&
	    all->of_client[k->client] < AUTH_QUESTIONS_PER_CLIENT;
}

static void
question_enter(struct auth_question *k)
{
	struct list *bucket = &k->all->buckets[k->hash & (BUCKETS - 1)];

	if (k->text_bytes != 0)
		list_push_back(bucket, &k->link);
	question_count(k, 1);
	env_count(k->all->env, COUNTER_AUTH_QUESTIONS, 1);
}

static bool
question_ask(struct auth_question *k, const struct req *q,
    const struct head *head, struct slice body)
{
	struct inquiry_ask ask = { .image = q->image,
		.image_slot = q->image_slot,
		.service = k->auth->service,
		.timeout_us = k->auth->timeout_us,
		.head = head,
		.body = body,
		.head_only = k->auth->type == IMG_AUTH_FORWARD };

	k->inquiry = inquiry_begin(q->env, &ask, question_done, k);
	return k->inquiry != NULL;
}

enum auth_verdict
auth_question_begin(struct auth_wait *w, struct slice text,
    const struct head *head, struct slice body)
{
	struct auth_question *k = question_new(w->t, text);

	w->t->why = WHY_OVERLOADED;
	if (k == NULL)
		return AUTH_BAD;
	if (!question_may(k)) {
		w->t->why = WHY_AUTH_UNAVAILABLE;
	} else if (question_ask(k, w->t->q, head, body)) {
		question_enter(k);
		wait_begin(w, k);
		return AUTH_WAIT;
	}
	question_free(k);
	return AUTH_BAD;
}

void
auth_question_forget(struct auth_try *t)
{
	struct auth_wait *w = t->work;
	struct auth_question *k = w->question;

	wait_end(w);
	if (k->inquiry == NULL || !list_empty(&k->waiting))
		return;
	inquiry_cancel(k->inquiry);
	question_leave(k);
	question_free(k);
}
