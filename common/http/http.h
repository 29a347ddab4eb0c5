/*
 * http.h - the closed vocabularies of HTTP: methods, versions, known fields,
 * reason phrases. All generated from http.def.
 */
#ifndef COMMON_HTTP_HTTP_H
#define COMMON_HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/slice.h"

enum http_version { HTTP_1_0, HTTP_1_1, HTTP_2 };

enum http_method {
	METHOD_OTHER,
#define HTTP_METHOD(id, name, flags) METHOD_##id,
#include "common/http/http.def"
	METHOD_COUNT
};

#define METHOD_SAFE 1u       /* RFC 9110 9.2.1 */
#define METHOD_IDEMPOTENT 2u /* RFC 9110 9.2.2 */

enum field_id {
	FIELD_OTHER,
#define HTTP_FIELD(id, name, flags) FIELD_##id,
#include "common/http/http.def"
	FIELD_COUNT
};

#define FIELD_HOP 1u     /* hop-by-hop: never forwarded (RFC 9110 7.6.1) */
#define FIELD_FRAMING 2u /* Content-Length, Transfer-Encoding: the codec's */
#define FIELD_SINGLE 4u  /* at most one may occur */

/* Methods are case-sensitive; METHOD_OTHER when not in the list. */
enum http_method http_method_find(struct slice name);
struct slice http_method_name(enum http_method m); /* "" for OTHER */
unsigned http_method_flags(enum http_method m);

/* Case-insensitive, one hash and one compare. */
enum field_id http_field_find(struct slice name);
/*
 * The known field for which servers take it that read "_" as "-": CGI, and what
 * came after it, make one variable of both.
 */
enum field_id http_field_folded(struct slice name);
struct slice http_field_name(enum field_id id);
unsigned http_field_flags(enum field_id id);

/* The phrase of RFC 9110 15 for a status, or "" if it has none. */
struct slice http_reason(unsigned status);

/* RFC 9110 5.6.2 token characters. */
extern const uint8_t http_token_char[256];
bool http_is_token(struct slice s);

#endif
