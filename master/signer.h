/*
 * signer.h - the keys that the gateway signs with (shm/signing.h): made when
 * the configuration first needs them, rotated in time, kept in state_dir; their
 * public part is published in the slot KEYSETS_OWN.
 */
#ifndef MASTER_SIGNER_H
#define MASTER_SIGNER_H

#include <stdbool.h>

#include "common/base/diag.h"
#include "common/base/text.h"
#include "common/net/loop.h"
#include "shm/image.h"
#include "shm/signing.h"

#define SIGNER_FILE "signing_keys"

struct signer;

struct signer_owner {
	/* The keys have changed: they are to be kept. */
	void (*changed)(struct signer *s);
};

struct signer {
	struct loop *loop;
	struct region *region;
	const struct signer_owner *owner;
	struct timer due;
	bool used;          /* the configuration needs keys */
	uint64_t rotate_us; /* a key signs so long */
};

/* The pointers outlive it. */
void signer_init(struct signer *s, struct loop *loop, struct region *region,
    const struct signer_owner *owner);
void signer_fini(struct signer *s);

/* Does as the image says (NULL: none), and comes back by itself. */
void signer_follow(struct signer *s, const struct img_head *img);

/* The next key signs from now on. False: no memory, nothing has changed. */
bool signer_rotate(struct signer *s);

/* When the next rotation is due, in seconds of wall time; 0: never. */
int64_t signer_due(const struct signer *s);

/* ---- the file ---- */

/* Private keys are in there: to be wiped. */
void signer_write(const struct region *r, struct text *out);

/* False with a complaint. Keys that are there stay. */
bool signer_load(struct region *r, struct slice text, struct diag *d);

#endif
