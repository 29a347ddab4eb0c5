/*
 * fetch.h - the master's own HTTP requests: one GET each, by libcurl on the
 * master's loop.
 *
 * Neither threads nor the environment take part: names are resolved by the
 * master's own resolver and handed to libcurl as addresses; there are no
 * proxies, no cookies, no netrc, no redirects, no connections that stay.
 */
#ifndef MASTER_FETCH_H
#define MASTER_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/text.h"
#include "common/net/fetch_multi.h"
#include "master/fetch_url.h"
#include "master/resolve_channel.h"
#include "master/resolve_round.h"

#define FETCH_WHY_MAX 256

struct fetcher {
	struct loop *loop;
	struct resolve_channel names;
	uint32_t attempts; /* to resolve one */
	struct fetch_multi multi;
	struct list fetches;
};

/* False with errno. */
bool fetcher_init(struct fetcher *fr, struct loop *loop);
/* Ends what runs, without telling its owners. */
void fetcher_fini(struct fetcher *fr);

/* The settings by which names are resolved are those of img. */
void fetcher_configure(struct fetcher *fr, const struct img_head *img);

struct fetch_want {
	struct slice url;    /* http or https, without user or password */
	const char *accept;  /* of what type the answer may be */
	struct slice cas;    /* certificates that https believes in, as in
				tls_der_next; empty: the system's */
	uint64_t timeout_us; /* for all of it */
	size_t bytes_max;    /* of the body */
};

struct fetch {
	struct list link;
	struct fetcher *fetcher;
	struct fetch_want want; /* without its slices */
	void (*ended)(struct fetch *f);
	void *owner;
	/* How it ended: 200 and the body, or why not: half a sentence. */
	bool ok;
	struct text body;
	char why[FETCH_WHY_MAX];
	/* How far it is. */
	struct fetch_url url;
	void *easy, *fields, *addresses; /* libcurl's, or NULL */
	struct text cas;                 /* in PEM; empty: the system's */
	struct resolve_round round;
	struct timer limit;
	struct loop_task tell;
	size_t head_bytes;
	bool over;    /* the answer is too long */
	bool settled; /* how it ended is known */
	bool dead;    /* its owner is not to be told */
	char said[FETCH_WHY_MAX];
};

/*
 * Starts one; `ended` is told in a later turn, and f is gone after that. Of
 * want, `accept` outlives it.
 */
struct fetch *fetch_start(struct fetcher *fr, const struct fetch_want *want,
    void (*ended)(struct fetch *f), void *owner);

/* Its owner does not want it any more. */
void fetch_cancel(struct fetch *f);

#endif
