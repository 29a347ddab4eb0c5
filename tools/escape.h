/*
 * escape.h - text from anywhere as part of a line that is one line and says
 * nothing to a terminal. Each writes at `to` and returns where it ended; room
 * is the caller's matter.
 */
#ifndef TOOLS_ESCAPE_H
#define TOOLS_ESCAPE_H

#include <stddef.h>

#include "common/base/json.h"

#define ESCAPE_SLACK 16 /* bytes that may be written behind the end */

/*
 * What stands between the quotes of a string of JSON, at most 6 bytes for one:
 * what is not UTF-8 becomes U+FFFD; characters that control something, be it
 * the direction of writing, are escaped, and so are the separators of lines.
 */
char *escape_json_odd(char *to, struct slice s);

static inline char *
escape_json(char *to, struct slice s)
{
	return json_plain(s) == s.n ? slice_put(to, s) : escape_json_odd(to, s);
}

/* As nginx writes its logs: control characters, '"', '\' and what is not ASCII
 * are "\xHH"; at most 4 bytes for one. */
char *escape_hex(char *to, struct slice s);

/*
 * For people: UTF-8 stays, all that escape_json escapes for another reason than
 * JSON's own is "\xHH" byte for byte. *columns grows by the characters.
 */
char *escape_shown(char *to, struct slice s, size_t *columns);

#endif
