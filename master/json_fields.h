/*
 * json_fields.h - a JSON object whose members are known, read one by one: the
 * bodies of the admin API, the lines of files in state_dir.
 *
 * The first thing that is wrong stays, as a sentence; what is read after that
 * is empty.
 */
#ifndef MASTER_JSON_FIELDS_H
#define MASTER_JSON_FIELDS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/json_read.h"
#include "common/base/text.h"

#define JSON_FIELDS_WRONG 160

struct json_fields {
	struct json_value object;
	char *room; /* decoded texts */
	size_t used;
	char wrong[JSON_FIELDS_WRONG]; /* "": nothing */
};

/*
 * `names` ends with NULL: there may be no others. The text outlives f, and so
 * do texts that were read of it; for json_fields_fini in any case.
 */
void json_fields_init(
    struct json_fields *f, struct slice text, const char *const *names);
void json_fields_fini(struct json_fields *f);

/* False: something was wrong. */
static inline bool
json_fields_ok(const struct json_fields *f)
{
	return f->wrong[0] == '\0';
}

void json_fields_say(struct json_fields *f, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * A string of at most `max` bytes without control characters; empty: it is not
 * there (or null).
 */
struct slice
json_fields_text(struct json_fields *f, const char *name, size_t max);

/* An array of such strings, without commas, joined by them. */
struct slice
json_fields_list(struct json_fields *f, const char *name, size_t max);

/* A whole number from min to max; `otherwise` when it is not there (or null).
 */
int64_t json_fields_int(struct json_fields *f, const char *name, int64_t min,
    int64_t max, int64_t otherwise);

/* Seconds since 1970: a number, or a text as conf_time_parse takes it. */
int64_t
json_fields_time(struct json_fields *f, const char *name, int64_t otherwise);

/* Seconds, of a text with a unit ("30d"); 0: it is not there. */
int64_t json_fields_duration(struct json_fields *f, const char *name);

/* The member has to be there. */
void json_fields_need(struct json_fields *f, const char *name);

#endif
