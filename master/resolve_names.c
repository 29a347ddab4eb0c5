/*
 * resolve_names.c - see resolve_names.h. What c-ares calls back is only kept:
 * the owner is told at the end of the loop's turn.
 *
 *	due --a place is free--> round --ended--> due again, in its TTL
 *	 |                         ^
 *	 +--no place--> queue -----+
 */
#include "master/resolve_names.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/hash.h"
#include "common/base/log.h"
#include "common/base/must.h"

/* At a time: what a socket can hold of questions, or of answers. */
#define ROUNDS_MAX 100

static void name_end_round(struct resolve_round *r);

/* ---- the table ---- */

struct key {
	char bytes[1 + RESOLVE_HOST_MAX];
	size_t n;
};

static struct slice
key_make(struct key *k, enum img_endpoint_kind kind, struct slice host)
{
	k->bytes[0] = (char)kind;
	k->n = host.n < RESOLVE_HOST_MAX ? host.n : RESOLVE_HOST_MAX;
	memcpy(k->bytes + 1, host.p, k->n);
	return slice_make(k->bytes, k->n + 1);
}

struct resolve_name *
resolver_find(
    const struct resolver *rs, enum img_endpoint_kind kind, struct slice host)
{
	struct key k;
	struct map_entry *e = map_get(&rs->by_host, key_make(&k, kind, host));

	return e != NULL ? e->value.ptr : NULL;
}

struct resolve_name *
resolver_next(struct resolver *rs, struct resolve_name *n)
{
	struct list *next = n != NULL ? n->link.next : rs->names.next;

	return next != &rs->names
	    ? CONTAINER_OF(next, struct resolve_name, link)
	    : NULL;
}

static void
name_due_in(struct resolve_name *n, uint64_t us)
{
	timer_set(&n->resolver->loop->timers, &n->timer,
	    mono_add_us(clock_now(), us));
}

static void
name_begin_round(struct resolve_name *n)
{
	struct resolver *rs = n->resolver;

	list_remove(&n->wait);
	if (n->round.pending != 0)
		return;
	if (rs->running >= ROUNDS_MAX) {
		list_push_back(&rs->queue, &n->wait);
		return;
	}
	rs->running++;
	resolve_round_start(&n->round, &rs->channel, n->host,
	    n->kind == IMG_ENDPOINT_SRV, rs->attempts);
}

static void
name_on_timer(struct timer *t)
{
	struct resolve_name *n = CONTAINER_OF(t, struct resolve_name, timer);

	if (resolve_channel_refresh(&n->resolver->channel))
		resolve_names_restart(n->resolver);
	name_begin_round(n);
}

struct resolve_name *
resolve_names_get(
    struct resolver *rs, enum img_endpoint_kind kind, struct slice host)
{
	struct resolve_name *n;
	struct map_entry *e;
	struct key k;
	bool added;

	e = map_put(&rs->by_host, key_make(&k, kind, host), &added);
	if (!added)
		return e->value.ptr;
	n = resolve_name_new(kind, host);
	e->value.ptr = n;
	n->resolver = rs;
	n->round.ended = name_end_round;
	timer_init(&n->timer, name_on_timer);
	list_push_back(&rs->names, &n->link);
	name_due_in(n, 0);
	return n;
}

static void
targets_hold(const struct resolve_target *t, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		t[i].name->held++;
}

/* Those that nobody wants any more go with the next sweep. */
static void
targets_let_go(const struct resolve_target *t, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		MUST(t[i].name->held != 0);
		t[i].name->held--;
	}
}

/* Once only: it is out of the table then. */
static void
name_drop(struct resolve_name *n)
{
	struct resolver *rs = n->resolver;
	struct key k;

	(void)map_remove(
	    &rs->by_host, key_make(&k, n->kind, slice_str(n->host)));
	list_remove(&n->link);
	list_remove(&n->wait);
	timer_fini(&rs->loop->timers, &n->timer);
	targets_let_go(n->targets, n->target_count);
	n->target_count = 0;
	n->dead = true;
	if (n->round.pending == 0)
		resolve_name_free(n);
}

static void
names_sweep(struct resolver *rs, enum img_endpoint_kind kind)
{
	struct resolve_name *n, *next;

	for (n = resolver_next(rs, NULL); n != NULL; n = next) {
		next = resolver_next(rs, n);
		if (n->kind == kind && !n->wanted && n->held == 0)
			name_drop(n);
	}
}

/* SRV names first: they hold others. */
void
resolve_names_sweep(struct resolver *rs)
{
	names_sweep(rs, IMG_ENDPOINT_SRV);
	names_sweep(rs, IMG_ENDPOINT_NAME);
}

/* ---- the end of a round ---- */

static void
name_mark_users(const struct resolve_name *n)
{
	struct resolver *rs = n->resolver;

	for (uint32_t i = 0; i < n->user_count; i++)
		if (n->users[i] < rs->services)
			rs->changed[n->users[i]] = true;
}

static bool
name_has_target(const struct resolve_name *n, const struct resolve_name *t)
{
	for (uint32_t i = 0; i < n->target_count; i++)
		if (n->targets[i].name == t)
			return true;
	return false;
}

/* SRV names that have n as a target are what it makes them. */
static void
name_tell_holders(const struct resolve_name *n, bool changed)
{
	struct resolver *rs = n->resolver;
	struct resolve_name *srv = NULL;

	while (n->held != 0 && (srv = resolver_next(rs, srv)) != NULL) {
		if (!name_has_target(srv, n))
			continue;
		resolve_name_learn(srv);
		if (changed)
			name_mark_users(srv);
	}
}

static bool
name_take_records(struct resolve_name *n, const struct resolve_reply *reply)
{
	const struct resolve_record *from = reply->answer.records;
	uint32_t count = reply->answer.record_count;
	struct resolve_target *to, *old = n->targets;
	uint32_t old_count = n->target_count;
	bool changed;

	if (reply->verdict != RESOLVE_SOME)
		return false;
	if (count > RESOLVE_TARGETS_MAX)
		count = RESOLVE_TARGETS_MAX;
	to = calloc((size_t)count + 1, sizeof(*to));
	MUST(to != NULL);
	for (uint32_t i = 0; i < count; i++)
		to[i] = (struct resolve_target){
			.name = resolve_names_get(n->resolver,
			    IMG_ENDPOINT_NAME, slice_str(from[i].target)),
			.port = from[i].port,
			.weight = from[i].weight != 0 ? from[i].weight : 1,
			.backup = from[i].priority != from[0].priority,
		};
	targets_hold(to, count);
	changed = resolve_name_take_targets(n, to, count);
	targets_let_go(old, old_count);
	free(old);
	if (changed)
		resolve_names_sweep(n->resolver);
	return changed;
}

/* Not while the channel is being closed. */
static void
names_start_waiting(struct resolver *rs)
{
	while (rs->channel.ares != NULL && rs->running < ROUNDS_MAX &&
	    !list_empty(&rs->queue))
		name_begin_round(
		    CONTAINER_OF(rs->queue.next, struct resolve_name, wait));
}

static void
name_say(const struct resolve_name *n, uint32_t fails_before)
{
	if (n->fails != 0 && fails_before == 0)
		log_warnx("name %s: %s%s", n->host, n->why,
		    n->ok_us != 0 ? "; what was known stays" : "");
	else if (n->fails == 0 && fails_before != 0)
		log_info("name %s is resolved again", n->host);
}

static void
name_keep_round(struct resolve_name *n)
{
	struct resolver *rs = n->resolver;
	struct resolve_reply reply[RESOLVE_FAMILIES];
	uint32_t fails_before = n->fails;
	uint64_t wait_us;
	bool changed;

	for (int i = 0; i < RESOLVE_FAMILIES; i++)
		reply[i] = n->round.ask[i].reply;
	wait_us = resolve_name_note(
	    n, reply, &rs->bounds, rs->random = hash_u64(rs->random + 1));
	name_due_in(n, wait_us);
	*(n->fails == 0 ? &rs->ok : &rs->failed) += 1;
	if (n->kind == IMG_ENDPOINT_SRV)
		changed = name_take_records(n, &reply[RESOLVE_SRV]);
	else
		changed = resolve_name_take_addrs(n, reply);
	resolve_name_learn(n);
	name_say(n, fails_before);
	if (changed)
		name_mark_users(n);
	name_tell_holders(n, changed);
	for (int i = 0; i < RESOLVE_FAMILIES; i++)
		resolve_answer_fini(&reply[i].answer);
}

static void
name_end_round(struct resolve_round *r)
{
	struct resolve_name *n = CONTAINER_OF(r, struct resolve_name, round);
	struct resolver *rs = n->resolver;

	rs->running--;
	if (!n->dead && !r->aborted) {
		name_keep_round(n);
	} else {
		for (int i = 0; i < RESOLVE_FAMILIES; i++)
			resolve_answer_fini(&r->ask[i].reply.answer);
		if (n->dead)
			resolve_name_free(n);
		else
			name_due_in(n, 0);
	}
	names_start_waiting(rs);
	loop_defer(rs->loop, &rs->tell);
}

void
resolve_names_restart(struct resolver *rs)
{
	struct resolve_name *n = NULL;

	while ((n = resolver_next(rs, n)) != NULL) {
		if (n->ok_us == 0)
			n->rounds = 0;
		name_due_in(n, 0);
	}
}
