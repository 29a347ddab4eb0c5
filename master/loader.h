/*
 * loader.h - the short-lived process that reads, checks and builds one
 * configuration image, and the master's end of the talk with it.
 *
 *	loader                          master
 *	COMPLAINT*            ->
 *	FAILED | UNCHANGED    ->                     or
 *	BUILT {bytes}         ->        makes room
 *	                      <-        PLACE {slot}
 *	WRITTEN               ->
 *	exits                           reaps it, then loader_events.ended
 */
#ifndef MASTER_LOADER_H
#define MASTER_LOADER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/base/slice.h"
#include "common/net/loop.h"
#include "master/boot.h"
#include "shm/region.h"

enum loader_kind {
	LOADER_NONE,
	LOADER_COMPLAINT,
	LOADER_FAILED,
	LOADER_UNCHANGED,
	LOADER_BUILT,
	LOADER_PLACE,
	LOADER_WRITTEN,
};

#define LOADER_TEXT_MAX 1024

/* Either way. `text` of `text_bytes` is sent only as far as it is used. */
struct loader_message {
	uint32_t kind; /* enum loader_kind */
	uint32_t text_bytes;
	uint64_t image_bytes, secret_bytes; /* BUILT */
	int32_t slot;       /* PLACE: of the image; -1: no room */
	uint32_t log_level; /* BUILT: a setting that the keeper keeps */
	uint64_t drain_us;  /* BUILT: likewise */
	bool error;         /* COMPLAINT: else a warning */
	char text[LOADER_TEXT_MAX];
};

struct loader;

struct loader_events {
	void (*complaint)(struct loader *l, bool error, struct slice text);
	/* Room is wanted: the image slot to write to, or -1. */
	int (*built)(struct loader *l, const struct loader_message *m);
	/*
	 * It is gone. `last` is what it said last: WRITTEN, UNCHANGED, FAILED;
	 * anything else: it died (a complaint came).
	 */
	void (*ended)(struct loader *l, enum loader_kind last);
};

struct loader {
	struct loop *loop;
	struct region *region;
	const struct boot *boot; /* what runs */
	const char *path;
	const struct loader_events *events;
	struct loop_watch watch; /* fd -1: none runs */
	struct timer limit;
	struct timer hurry; /* it works only when nobody else does until then */
	bool idle;          /* it does so at all: something is served already */
	pid_t pid;
	enum loader_kind last;
};

/* The pointers must outlive l. */
void loader_init(struct loader *l, struct loop *loop, struct region *region,
    const struct boot *boot, const char *path,
    const struct loader_events *events);

/* Kills one that runs. */
void loader_fini(struct loader *l);

/*
 * Forks one; only when none runs. log_fd and files_fd stay open in the child
 * (-1: none). False with errno.
 */
bool loader_start(struct loader *l, int log_fd, int files_fd);

#endif
