/*
 * resolve_round.c - see resolve_round.h. A question that got no answer is asked
 * again here, not by c-ares, which would wait twice as long each time.
 */
#include "master/resolve_round.h"

#define CARES_NO_DEPRECATED
#include <ares.h>

#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"

#define CLASS_IN 1

static void question_ask(struct resolve_question *q);

static void
round_leave(struct resolve_round *r)
{
	if (--r->pending == 0)
		r->ended(r);
}

/* ---- DNS ---- */

static void
question_read(struct resolve_question *q, const void *message, int n)
{
	struct resolve_reply *reply = &q->reply;

	if (!resolve_answer_read(
		&reply->answer, message, n > 0 ? (size_t)n : 0, q->type)) {
		reply->why = ares_strerror(ARES_EBADRESP);
		return;
	}
	const struct resolve_answer *a = &reply->answer;
	bool some = a->addr_count != 0 || a->record_count != 0 || a->nowhere;
	reply->verdict = some ? RESOLVE_SOME : RESOLVE_NONE;
	reply->why = ares_strerror(ARES_ENODATA);
}

static void
question_answered(
    void *arg, int status, int timeouts, unsigned char *message, int n)
{
	struct resolve_question *q = arg;
	struct resolve_round *r = q->round;

	(void)timeouts;
	q->reply.why = ares_strerror(status);
	if (status == ARES_EDESTRUCTION || status == ARES_ECANCELLED)
		r->aborted = true;
	else if (status == ARES_SUCCESS)
		question_read(q, message, n);
	else if (status == ARES_ENODATA || status == ARES_ENOTFOUND)
		q->reply.verdict = RESOLVE_NONE;
	else if (--q->left != 0)
		question_ask(q);
	round_leave(r);
}

static void
question_ask(struct resolve_question *q)
{
	struct resolve_round *r = q->round;

	r->pending++;
	if (r->channel->ares != NULL)
		ares_search(r->channel->ares, r->host, CLASS_IN, q->type,
		    question_answered, q);
	else
		question_answered(q, ARES_ENOTINITIALIZED, 0, NULL, 0);
}

static void
question_begin(struct resolve_round *r, enum resolve_which which, uint16_t type)
{
	struct resolve_question *q = &r->ask[which];

	q->type = type;
	q->left = r->attempts;
	question_ask(q);
}

/* ---- the hosts file ---- */

static void
hosts_keep(
    struct resolve_reply *reply, const struct ares_addrinfo *found, int family)
{
	const struct ares_addrinfo_node *node;
	struct resolve_answer *a = &reply->answer;
	struct sockaddr_storage ss;
	uint32_t room = 0;

	for (node = found->nodes; node != NULL; node = node->ai_next)
		room++;
	a->addrs = calloc((size_t)room + 1, sizeof(*a->addrs));
	MUST(a->addrs != NULL);
	for (node = found->nodes; node != NULL; node = node->ai_next) {
		if (node->ai_family != family ||
		    (size_t)node->ai_addrlen > sizeof(ss))
			continue;
		ss = (struct sockaddr_storage){ 0 };
		memcpy(&ss, node->ai_addr, (size_t)node->ai_addrlen);
		addr_from_sockaddr(&ss, &a->addrs[a->addr_count]);
		a->addrs[a->addr_count++].port = 0;
	}
	resolve_answer_sort(a);
	reply->verdict = a->addr_count != 0 ? RESOLVE_SOME : RESOLVE_NONE;
}

/* What the file names is not asked of DNS, not even its other family. */
static void
hosts_answered(void *arg, int status, int timeouts, struct ares_addrinfo *found)
{
	struct resolve_round *r = arg;

	(void)timeouts;
	if (status == ARES_EDESTRUCTION || status == ARES_ECANCELLED) {
		r->aborted = true;
	} else if (status == ARES_SUCCESS && found->nodes != NULL) {
		hosts_keep(&r->ask[RESOLVE_V4].reply, found, AF_INET);
		hosts_keep(&r->ask[RESOLVE_V6].reply, found, AF_INET6);
	} else {
		question_begin(r, RESOLVE_V4, RESOLVE_TYPE_A);
		question_begin(r, RESOLVE_V6, RESOLVE_TYPE_AAAA);
	}
	if (found != NULL)
		ares_freeaddrinfo(found);
	round_leave(r);
}

static void
round_ask_hosts(struct resolve_round *r)
{
	/* Sorting would open sockets. */
	const struct ares_addrinfo_hints hints = { .ai_flags = ARES_AI_NOSORT,
		.ai_family = AF_UNSPEC };

	r->pending++;
	if (r->channel->ares != NULL)
		ares_getaddrinfo(
		    r->channel->ares, r->host, NULL, &hints, hosts_answered, r);
	else
		hosts_answered(r, ARES_ENOTINITIALIZED, 0, NULL);
}

void
resolve_round_start(struct resolve_round *r, struct resolve_channel *c,
    const char *host, bool srv, uint32_t attempts)
{
	r->channel = c;
	r->host = host;
	r->attempts = attempts != 0 ? attempts : 1;
	r->aborted = false;
	r->pending = 1;
	for (int i = 0; i < RESOLVE_FAMILIES; i++)
		r->ask[i] = (struct resolve_question){ .round = r };
	if (srv)
		question_begin(r, RESOLVE_SRV, RESOLVE_TYPE_SRV);
	else
		round_ask_hosts(r);
	resolve_channel_arm(c);
	round_leave(r);
}
