/*
 * reload.h - from "load the configuration" to a published generation, or to
 * nothing having happened.
 *
 *	IDLE --asked--> LOADING --written--> OPENING --all open--> RESOLVING
 *	  ^                |                    |                      |
 *	  +---unchanged, failed---- undo -------+             answers, or time
 *	  |                                                            |
 *	  +----------------------------------------------- publish <---+
 *
 * RESOLVING waits for the first answers of names that are new, and for first
 * key sets, for a while.
 * Requests that come while one runs make one more run of it.
 */
#ifndef MASTER_RELOAD_H
#define MASTER_RELOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/text.h"
#include "master/loader.h"
#include "master/note.h"
#include "master/resolve.h"
#include "shm/control.h"
#include "shm/image.h"
#include "shm/inherit.h"

enum reload_state {
	RELOAD_IDLE,
	RELOAD_LOADING,
	RELOAD_OPENING,
	RELOAD_RESOLVING
};

/* What RESOLVING waits for: bits. */
enum reload_wait { RELOAD_WAIT_NAMES = 1, RELOAD_WAIT_OTHERS = 2 };

struct reload;

struct reload_owner {
	/* Passes a note to the keeper. */
	void (*tell)(struct reload *r, const struct note *n);
	/* Run number r->run has ended like this; what it said is in r->said. */
	void (*ended)(struct reload *r, enum reload_outcome how);
	/* Endpoint sets have changed, be it that an image was published. */
	void (*published)(struct reload *r);
	/* Something else that img needs is on its way: reload_prepared is to be
	 * called. False: nothing is. NULL: likewise. */
	bool (*prepare)(struct reload *r, const struct img_head *img);
	/* img is just about to be published. May be NULL. */
	void (*ready)(struct reload *r, const struct img_head *img);
};

struct reload {
	struct inherit *in; /* its listeners' ids and addresses: kept in step */
	const struct reload_owner *owner;
	struct loader loader;
	struct resolver names;
	struct timer names_limit; /* for RESOLVING */
	enum reload_state state;
	bool again;     /* one more run is wanted */
	bool failed;    /* this run, after the loader's part */
	uint32_t waits; /* of RESOLVING: enum reload_wait */
	uint64_t run;   /* number of the run that goes on, or was last */
	uint64_t began_us;
	int slot;              /* of the image being made, -1: none */
	uint64_t secret_bytes; /* that were reserved for it */
	uint32_t opening;      /* listeners that the keeper has yet to open */
	uint32_t log_level;    /* settings of the configuration being loaded */
	uint64_t drain_us;
	struct text said; /* complaints of the last run, a line each */
	bool undo_left;   /* sets that lacked room to go back */
	/* Services that are retired once no worker can see the old image. */
	uint64_t retire_stamp; /* 0: nothing waits */
};

/* False with errno. */
bool reload_init(struct reload *r, struct inherit *in, struct loop *loop,
    const struct boot *boot, const char *path,
    const struct reload_owner *owner);
void reload_fini(struct reload *r);

/*
 * Asks for a run that begins from now on; returns its number. `ended` is told
 * when it, or a later one, is over.
 */
uint64_t reload_request(struct reload *r);

/* The keeper answered NOTE_OPEN. */
void reload_opened(struct reload *r, const struct note *n);

/* What `prepare` said is on its way has come, or has not. */
void reload_prepared(struct reload *r);

/*
 * A new master found a published image: listeners and services are brought in
 * step with it.
 */
void reload_resume(struct reload *r);

/*
 * Publishes the endpoint set of service `index` of the current image anew: an
 * operator or a name has changed something. False: no room; it stays as it is.
 */
bool reload_renew(struct reload *r, uint32_t index);

/*
 * Frees what is retired and seen by nobody. True while something is left: call
 * again in a while.
 */
bool reload_reclaim(struct reload *r);

/* The current image; NULL: none. For the master alone. */
const struct img_head *reload_current(const struct region *r);

#endif
