/*
 * head.h - a message head as parsed: a start line and numbered fields.
 */
#ifndef COMMON_HTTP_HEAD_H
#define COMMON_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/slice.h"
#include "common/http/http_field.h"

struct field {
	struct slice name;  /* as the peer spelt it */
	struct slice value; /* without surrounding OWS */
	uint16_t id;        /* enum field_id; FIELD_OTHER when not known */
};

enum body_kind {
	BODY_NONE,   /* no body follows */
	BODY_LENGTH, /* exactly `length` bytes */
	BODY_STREAM, /* of unknown length: chunked, or to the end (h1) */
};

struct head {
	/* request */
	struct slice method_text;
	struct slice target; /* as received, origin-form part: path?query or
				"*"; starts with "?" when an absolute one had no
				path; authority-form with CONNECT */
	struct slice host;   /* the authority: Host, or an absolute target's */
	/* response */
	struct slice reason;
	uint16_t status; /* 0 in a request */
	/* both */
	uint8_t method;  /* enum http_method; in a response: of its request */
	uint8_t version; /* enum http_version */
	uint8_t body;    /* enum body_kind */
	bool close;      /* h1: the sender ends the connection afterwards */
	bool https;      /* an absolute target, or :scheme, said so */
	bool expect_continue;
	/*
	 * To be written only; a head that was read has it among its fields. In
	 * a request the protocol to switch to; in a 101 that which follows; in
	 * another answer one that might be asked for (RFC 9110 7.8). Empty:
	 * none. But an extended CONNECT of HTTP/2 (RFC 8441) is read as a GET
	 * with `upgrade` set to its :protocol, and its 2xx answer as a 101.
	 */
	struct slice upgrade;
	/*
	 * With BODY_LENGTH. In an answer to HEAD or a 304 with BODY_NONE and a
	 * Content-Length field, what that field says.
	 */
	uint64_t length;
	/*
	 * The text that the slices of a head that was read lie in, where it is
	 * in one piece, and valid as long as they are: with HTTP/1 the head as
	 * it came. Else empty. It may hold what is no part of the head any
	 * more.
	 */
	struct slice whole;
	uint64_t present; /* bit i: field_id i (1..63) occurs */
	uint32_t count;
	uint32_t room; /* fields that there is room for, as far as known */
	struct field *fields;
};

static inline bool
head_has(const struct head *h, enum field_id id)
{
	return (h->present >> (unsigned)id & 1u) != 0;
}

/* The search behind head_find. */
static inline const struct field *
head_seek(const struct head *h, enum field_id id)
{
	for (uint32_t i = 0; i < h->count; i++)
		if (h->fields[i].id == id)
			return &h->fields[i];
	return NULL;
}

/* The first field with this id, or NULL. */
static inline const struct field *
head_find(const struct head *h, enum field_id id)
{
	return head_has(h, id) ? head_seek(h, id) : NULL;
}

/* The same of a field that is there. */
const struct field *head_get(const struct head *h, enum field_id id);

/* The first field with this name (case-insensitive), or NULL. */
const struct field *head_find_name(const struct head *h, struct slice name);

/* Appends a known field; h->fields have room. */
static inline void
head_add(struct head *h, enum field_id id, struct slice value)
{
	h->fields[h->count++] = (struct field){
		.name = http_name(id),
		.value = value,
		.id = (uint16_t)id,
	};
	h->present |= UINT64_C(1) << id;
}

/* The same of one without an id. */
static inline void
head_add_told(struct head *h, enum http_told name, struct slice value)
{
	h->fields[h->count++] =
	    (struct field){ .name = http_name(name), .value = value };
}

/*
 * Makes room for `more` fields: they are moved to the arena where h->room is
 * too small. False when the arena failed.
 */
bool head_reserve(struct head *h, uint32_t more, struct arena *a);

/*
 * A deep copy whose slices live in the arena, but for static names: `whole` at
 * once, and what lies elsewhere, by itself. `spare` more fields can be appended
 * in place. False when the arena failed.
 */
bool head_copy(
    struct head *to, const struct head *from, struct arena *a, uint32_t spare);

/*
 * True when `name` is an element of one of the fields with this id, which hold
 * lists (case-insensitive).
 */
bool head_lists(const struct head *h, enum field_id id, struct slice name);

/* Listed in a Connection field: it is hop-by-hop (RFC 9110 7.6.1). */
static inline bool
head_nominated(const struct head *h, struct slice name)
{
	return head_lists(h, FIELD_CONNECTION, name);
}

/* Walks a comma-separated list value; *at starts at 0. False at the end. */
bool head_list_next(struct slice value, size_t *at, struct slice *element);

#endif
