/*
 * conf_table.h - every option once, as a row.
 *
 * A block is the rows of one kind of thing (the file itself, a service, a
 * route, ...); a row says where in the thing's struct the value goes and all
 * that reader, checker, -T, --options, the manual and the did-you-mean have to
 * know. A key inside a plain group has a dotted path in the same block:
 * "pool.max_idle".
 */
#ifndef MASTER_CONF_TABLE_H
#define MASTER_CONF_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/slice.h"
#include "master/conf.h"

enum conf_type {
	CONF_BOOL,     /* bool */
	CONF_INT,      /* uint64_t */
	CONF_DECIMAL,  /* uint64_t, in thousandths */
	CONF_SHARE,    /* uint64_t, in millionths */
	CONF_STRING,   /* const char *, NULL when absent */
	CONF_WORD,     /* const char *, one of `words` */
	CONF_SCALAR,   /* const char *: of a string, number or boolean */
	CONF_DURATION, /* uint64_t us; CONF_UNSET when absent, no default */
	CONF_SIZE,     /* uint64_t bytes */
	CONF_RATE,     /* struct conf_rate; min and max are of its count */
	CONF_NAMES,    /* struct conf_strings; one string will do; the
			* default's names are separated by one space */
	CONF_GROUP,    /* nothing stored; its keys are rows of the same block */
	CONF_LIST,     /* array of the block's struct */
	CONF_NAMED,    /* the same; also written as a group of named groups */
};

#define CONF_RESTART 1u  /* a change needs a restart */
#define CONF_ZERO 2u     /* 0 is allowed and means "no limit" */
#define CONF_OPTIONAL 4u /* a group that is off when it is not written */
#define CONF_TEXT 8u     /* a string that may hold control characters */
#define CONF_INPUT 16u   /* says what to read; no part of the result */
#define CONF_SECRET 32u  /* a string that is never shown */

struct conf_block;

struct conf_row {
	const char *path;
	enum conf_type type;
	unsigned flags;
	size_t offset;       /* of the value in the thing's struct */
	size_t count_offset; /* CONF_LIST, CONF_NAMED: of the size_t count */
	/* Value of a number, length of a string; max 0: no bound above. */
	uint64_t min, max;
	const char *def;   /* as text; NULL: absent */
	const char *unit;  /* of a number; NULL: none */
	const char *words; /* CONF_WORD: separated by one space */
	/* Things of these types alone have it, by their row "type" (or the
	 * block's `kind`), separated by one space; NULL: all have it. */
	const char *only;
	const struct conf_block *block; /* CONF_LIST, CONF_NAMED */
	const char *help;
};

struct conf_block {
	const char *noun; /* "service" */
	const struct conf_row *rows;
	size_t count;
	size_t size; /* of the struct, whose first field is its place */
	size_t origins_offset;
	bool name_required; /* in list form */
	const char *bare;   /* the row that an array in place of a group is of;
			       NULL: there must be a group */
	const char *kind;   /* the row that tells types apart; NULL: "type" */
};

extern const struct conf_block conf_block_top, conf_block_listener,
    conf_block_service, conf_block_endpoint, conf_block_route,
    conf_block_condition, conf_block_header_rule, conf_block_probe_header,
    conf_block_certificate, conf_block_cors, conf_block_arm;
extern const struct conf_block conf_block_rate_limit, conf_block_ban,
    conf_block_access_log, conf_block_audit_log;
extern const struct conf_block conf_block_auth, conf_block_key,
    conf_block_holder, conf_block_role, conf_block_claim_rule, conf_block_deny;

/* The row of `key` inside the group `prefix` ("" outside one), or NULL. */
const struct conf_row *
conf_row_find(const struct conf_block *b, const char *prefix, const char *key);

/* The index of the row with this path, which must exist. */
size_t conf_row_index(const struct conf_block *b, const char *path);

/*
 * The part of row->path after the group `prefix`; NULL when the row is not a
 * direct key of that group.
 */
const char *conf_row_key(const struct conf_row *row, const char *prefix);

/* The group that a row stands in, as the first n bytes of its path; 0: none. */
size_t conf_row_prefix(const struct conf_row *row);

/* The place of a value among the words of its row, of which it is one. */
uint32_t
conf_word_index(const struct conf_block *b, const char *path, const char *word);

/* True when the word is one of a list's, which one space separates. */
bool conf_word_among(const char *list, const char *word);

/* True when a thing of this type has such a row; by its "only". */
bool conf_row_applies(
    const struct conf_block *b, const struct conf_row *row, const void *thing);

/* "duration", "list", ...: for people. */
const char *conf_type_name(enum conf_type type);

/* The origins of a thing, one per row. */
uint32_t *conf_origins(const struct conf_block *b, const void *thing);

/* True when the value was written in a file (even if it was wrong). */
bool
conf_given(const struct conf_block *b, const void *thing, const char *path);

/* Where a value was written; the thing's own place when it was not. */
struct conf_place conf_where(const struct conf *c, const struct conf_block *b,
    const void *thing, const char *path);

#endif
