/*
 * json.h - writes JSON (RFC 8259) at the end of a text. Append-only: the
 * caller opens, fills and closes in order; commas are put by themselves.
 *
 * Strings may hold any bytes: control characters are escaped, what is not
 * UTF-8 becomes U+FFFD.
 */
#ifndef COMMON_BASE_JSON_H
#define COMMON_BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/text.h"

struct json {
	struct text *out;
	bool comma; /* one is due before the next member or element */
};

/* Writes behind what `out` holds; out must outlive j. */
void json_init(struct json *j, struct text *out);

/*
 * `key` is the member's name, or NULL for an element of an array and for the
 * outermost value. Keys are the program's own and need no escapes.
 */
void json_object(struct json *j, const char *key);
void json_object_end(struct json *j);
void json_array(struct json *j, const char *key);
void json_array_end(struct json *j);
void json_string(struct json *j, const char *key, struct slice value);
void json_uint(struct json *j, const char *key, uint64_t value);
void json_int(struct json *j, const char *key, int64_t value);
void json_bool(struct json *j, const char *key, bool value);
void json_null(struct json *j, const char *key);
/* Three decimals. */
void json_seconds(struct json *j, const char *key, uint64_t us);

/* Appends the bytes of s between quotes, escaped. */
void json_quote(struct text *out, struct slice s);

#endif
