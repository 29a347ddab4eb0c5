/*
 * note.h - what keeper and master tell each other: messages of one fixed size
 * over a SOCK_SEQPACKET pair, made anew for every master.
 */
#ifndef MASTER_NOTE_H
#define MASTER_NOTE_H

#include <stdint.h>

#include "common/base/log.h"
#include "common/net/addr.h"

enum note_kind {
	/* keeper to master */
	NOTE_RELOAD = 1, /* load the configuration */
	NOTE_STOP,       /* end now */
	NOTE_LOG_REOPEN, /* the new log file's descriptor rides, if any */
	NOTE_OPENED,     /* the listener has `id`, or 0 and `error` */
	NOTE_DIED,       /* somebody has: his slot says how */

	/* master to keeper */
	NOTE_OPEN,     /* make sockets for addr; one NOTE_OPENED answers */
	NOTE_CLOSE,    /* listener `id` is not wanted any more */
	NOTE_LOADING,  /* a reload has begun: if I die, it is to be redone */
	NOTE_LOADED,   /* it has ended, well or not */
	NOTE_SETTINGS, /* log_level, drain_us, log_wanted are in force */
	NOTE_SERVE,    /* a generation is published: workers may run */
	NOTE_GIVE_UP,  /* the first load failed: nothing can be served */
};

struct note {
	uint32_t kind; /* enum note_kind */
	uint32_t id;
	int32_t error;      /* errno */
	uint32_t log_level; /* NOTE_SETTINGS; enum log_level */
	uint64_t drain_us;  /* NOTE_SETTINGS */
	struct addr addr;
	uint32_t log_wanted; /* NOTE_SETTINGS: there is work for penstocklog */
};

_Static_assert(sizeof(struct note) == 48, "the same in both");

#endif
