/*
 * audit_line.h - lines of an audit log: JSON of one event each, whose first
 * members and last one have fixed places, so that who follows the chain need
 * not understand the rest.
 *
 *	{"seq":17,"id":"RUN.RING.NUMBER","time":...,...,"hash":"..."}
 *	{"seq":18,"event":"chain","prev":"...",...,"hash":"..."}
 *
 * seq counts the lines of the chain, whatever files they are in. The id is of
 * the event: the start of the gateway, which of its rings, and its number
 * there. A line of the second kind begins each file, and says what the last
 * hash of the file before was.
 */
#ifndef TOOLS_AUDIT_LINE_H
#define TOOLS_AUDIT_LINE_H

#include "common/base/clock.h"
#include "common/base/text.h"
#include "shm/audit.h"
#include "tools/audit_chain.h"

#define AUDIT_LINE_MAX 65536 /* bytes, with its end */

/* A place in the chain: behind a line. */
struct audit_at {
	uint64_t seq; /* 0: before the first */
	char hash[AUDIT_HASH];
};

/* Before the first line. */
void audit_at_start(struct audit_at *at);

/* Which event a line is about. */
struct audit_id {
	uint64_t run;    /* the start of the gateway, wall clock */
	uint32_t ring;   /* WORKERS_MAX: the master's */
	uint64_t number; /* of the ring, from 1 without gaps */
};

/*
 * Appends the line behind `at`, which then is behind it. False: no memory for
 * its hash, and nothing is appended.
 */
bool audit_line_write(struct text *out, const struct audit_chain *c,
    struct audit_at *at, uint64_t run, uint32_t ring,
    const struct record_audit *a);

/* The same of the line that begins a file. */
bool audit_line_begin(struct text *out, const struct audit_chain *c,
    struct audit_at *at, struct wall now);

/* A line that was read; refers to its bytes. */
struct audit_line {
	uint64_t seq;
	struct slice body; /* what is hashed */
	const char *hash;  /* AUDIT_HASH digits */
	const char *prev;  /* of one that begins a file; else NULL */
	bool keyed;        /* likewise: it says that there is a key */
	struct audit_id id;
};

/* Without its end of line. False: it is none. */
bool audit_line_read(struct slice text, struct audit_line *l);

#endif
