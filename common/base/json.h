/*
 * json.h - writes JSON (RFC 8259) at the end of a text. Append-only: the
 * caller opens, fills and closes in order; commas are put by themselves.
 *
 * Strings may hold any bytes: control characters are escaped, what is not
 * UTF-8 becomes U+FFFD.
 *
 * No name here is one of jansson's, which reads JSON: its calls of its own
 * functions would end here.
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
void json_object_begin(struct json *j, const char *key);
/* The same with a name that is data. */
void json_object_begin_named(struct json *j, struct slice key);
void json_object_end(struct json *j);
void json_array_begin(struct json *j, const char *key);
void json_array_end(struct json *j);
void json_add_string(struct json *j, const char *key, struct slice value);
void json_add_uint(struct json *j, const char *key, uint64_t value);
void json_add_int(struct json *j, const char *key, int64_t value);
void json_add_bool(struct json *j, const char *key, bool value);
void json_add_null(struct json *j, const char *key);
/* A number with three decimals. */
void
json_add_thousandths(struct json *j, const char *key, uint64_t thousandths);
void json_add_seconds(struct json *j, const char *key, uint64_t us);

/* Appends the bytes of s between quotes, escaped. */
void json_quote(struct text *out, struct slice s);

#define JSON_CHAR_MAX 6 /* bytes of what a byte becomes */
/* The same without the quotes, to where there is room for JSON_CHAR_MAX times
 * s.n; returns its end. */
char *json_put(char *to, struct slice s);

/* The character c, at most 0xffff, as an escape of JSON_CHAR_MAX bytes at most,
 * to where there is room for it; returns its end. */
char *json_put_escape(char *to, uint32_t c);

/* So many bytes at the beginning of s stand there as they are: those of ASCII
 * that neither control anything nor are quotes or backslashes. */
size_t json_plain(struct slice s);

#endif
