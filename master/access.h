/*
 * access.h - what the master does for identity, put together: key sets, API
 * keys, revocations, the keys that the gateway signs with, refresh families,
 * and the files of those that outlive a stop.
 */
#ifndef MASTER_ACCESS_H
#define MASTER_ACCESS_H

#include <stdbool.h>

#include "common/base/diag.h"
#include "common/net/loop.h"
#include "master/fetch.h"
#include "master/jwks.h"
#include "master/saver.h"
#include "master/signer.h"
#include "shm/inherit.h"

struct access;

struct access_owner {
	/* What jwks_prepare waited for is there. */
	void (*settled)(struct access *a);
	/* Something was replaced that is to be freed one day. */
	void (*published)(struct access *a);
};

struct access {
	struct loop *loop;
	struct inherit *in;
	const struct access_owner *owner;
	struct fetcher fetcher;
	struct jwks jwks;
	struct signer signer;
	struct saver saver;
	struct loop_watch wake; /* in->master_wake_fd */
	struct timer tend;      /* sweeps revocations, saves families */
	bool families;          /* of refresh tokens are in use */
	uint64_t lineage;       /* sum of those that were saved; 0: none yet */
};

/* False with errno. */
bool access_init(struct access *a, struct loop *loop, struct inherit *in,
    const struct access_owner *owner);
/* Saves what changes without being told. */
void access_fini(struct access *a);

/* Into a region that is new: what was kept. False with complaints. */
bool access_load(struct access *a, struct diag *d);

/* See jwks.h. img has its slots. */
bool access_prepare(struct access *a, const struct img_head *img);
void access_publish(struct access *a, const struct img_head *img);
void access_follow(struct access *a, const struct img_head *img);

/*
 * Something was revoked, or is not any more, or keys were added or removed:
 * every worker looks, and it is kept. False: it could not be kept.
 */
bool access_changed(struct access *a, enum saver_file file);

#endif
