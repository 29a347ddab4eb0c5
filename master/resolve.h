/*
 * resolve.h - the names among the configured endpoints, and what they stand for
 * right now. Each is resolved again when its TTL is over, whether or not there
 * is traffic; after any failure the last good addresses stay.
 *
 *	prepare(image)  names that are new are asked for
 *	await, settled  a reload waits for the first answers of some
 *	follow(image)   it is in force: what it does not name is forgotten
 *	changed         a service has other addresses than before
 *
 * Only the master has one, on its loop. See resolve_name.h for one name.
 */
#ifndef MASTER_RESOLVE_H
#define MASTER_RESOLVE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/map.h"
#include "master/resolve_channel.h"
#include "master/resolve_name.h"
#include "shm/image.h"

struct resolver;

struct resolver_owner {
	/*
	 * The addresses of service `index` of the image that is followed have
	 * changed. False: they could not be published; told again in a while.
	 */
	bool (*changed)(struct resolver *rs, uint32_t index);
	/* All names that are awaited have had their first answer. */
	void (*settled)(struct resolver *rs);
};

struct resolver {
	struct loop *loop;
	const struct resolver_owner *owner;
	struct resolve_channel channel;
	struct resolve_bounds bounds;
	uint32_t attempts;
	struct list names;  /* struct resolve_name */
	struct map by_host; /* kind and host -> struct resolve_name */
	struct list queue;  /* due, while too many rounds run */
	uint32_t running;   /* rounds */
	bool *changed;      /* services, by index */
	uint32_t services;  /* of the image that is followed */
	bool awaiting;      /* `settled` is to be told */
	struct loop_task tell;
	struct timer retry; /* services that could not be published */
	uint64_t random;
	uint64_t ok, failed; /* rounds since the start */
};

/* False with errno. */
bool resolver_init(
    struct resolver *rs, struct loop *loop, const struct resolver_owner *owner);
void resolver_fini(struct resolver *rs);

/*
 * Takes img's settings and begins to resolve the names in it that are new;
 * those known before stay, too, until resolver_follow.
 */
void resolver_prepare(struct resolver *rs, const struct img_head *img);

/* img (NULL: none) is in force: its names, and no others, are kept fresh. */
void resolver_follow(struct resolver *rs, const struct img_head *img);

/*
 * A successor has followed the image that it found: the current sets have
 * members of its names. They stay until there are answers.
 */
void resolver_inherit(struct resolver *rs);

/* NULL: it is not known. */
struct resolve_name *resolver_find(
    const struct resolver *rs, enum img_endpoint_kind kind, struct slice host);

/* `settled` waits for n, too. Until resolver_follow. */
void resolver_await(struct resolver *rs, struct resolve_name *n);

/* Nothing is awaited, or all of it has settled. */
bool resolver_settled(struct resolver *rs);

/* All names; start with NULL; NULL at the end. */
struct resolve_name *resolver_next(struct resolver *rs, struct resolve_name *n);

#endif
