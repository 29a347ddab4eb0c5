/*
 * trace_context.c - W3C Trace Context; see trace_context.h.
 *
 *	traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
 *	tracestate:  vendor=opaque,tenant@other=opaque
 */
#include "worker/flow/trace_context.h"

#include "common/base/hex.h"

#define PARENT_BYTES 55 /* of version 00 */
#define STATE_MEMBERS_MAX 32
#define STATE_BYTES_MAX 512
#define STATE_LARGE 128    /* such members are left out first */
#define STATE_PART_MAX 256 /* of a key, of a value */

/* ---- traceparent ---- */

/* The dashes, and what follows in later versions (3.2.4 of Level 2). */
static bool
parent_is_formed(struct slice v, uint8_t version)
{
	if (v.p[2] != '-' || v.p[35] != '-' || v.p[52] != '-')
		return false;
	if (v.n == PARENT_BYTES)
		return version != 0xff;
	return version != 0 && version != 0xff && v.p[PARENT_BYTES] == '-';
}

/* What a traceparent says, without the dashes. */
struct parent {
	uint8_t trace_id[TRACE_ID_BYTES], parent_id[TRACE_SPAN_BYTES];
	uint8_t version, flags;
	uint8_t zeroes[2]; /* so that digits are read by eights */
};

static bool
parent_read(struct slice v, struct parent *to)
{
	char digits[2 * sizeof(*to)];

	if (v.n < PARENT_BYTES)
		return false;
	memcpy(digits, v.p + 3, 32);
	memcpy(digits + 32, v.p + 36, 16);
	memcpy(digits + 48, v.p, 2);
	memcpy(digits + 50, v.p + 53, 2);
	memcpy(digits + 52, "0000", 4);
	return hex_read_lower(
	    slice_make(digits, sizeof(digits)), to, sizeof(*to));
}

bool
trace_parent_parse(struct slice v, struct trace_context *c)
{
	struct parent said;

	*c = (struct trace_context){ .said = TRACE_NO };
	if (!parent_read(v, &said) || !parent_is_formed(v, said.version))
		return false;
	memcpy(c->trace_id, said.trace_id, TRACE_ID_BYTES);
	memcpy(c->parent_id, said.parent_id, TRACE_SPAN_BYTES);
	c->flags = said.flags & (TRACE_SAMPLED | TRACE_RANDOM);
	if ((said.flags & TRACE_SAMPLED) != 0)
		c->said = TRACE_YES;
	return trace_has_id(c->trace_id, TRACE_ID_BYTES) &&
	    trace_has_id(c->parent_id, TRACE_SPAN_BYTES);
}

bool
trace_read_w3c(const struct head *h, struct trace_context *c)
{
	const struct field *found = NULL;

	if (!head_has(h, FIELD_TRACEPARENT))
		return false;
	for (uint32_t i = 0; i < h->count; i++) {
		if (h->fields[i].id != FIELD_TRACEPARENT)
			continue;
		if (found != NULL)
			return false;
		found = &h->fields[i];
	}
	return found != NULL && trace_parent_parse(found->value, c);
}

/* ---- tracestate ---- */

struct state {
	struct slice member[STATE_MEMBERS_MAX];
	uint32_t count;
	size_t bytes; /* joined by commas */
};

static bool
state_key_is_valid(struct slice key)
{
	if (key.n == 0 || key.n > STATE_PART_MAX)
		return false;
	for (size_t i = 0; i < key.n; i++) {
		char c = key.p[i];

		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			continue;
		if (i == 0 || c == '\0' || strchr("_-*/@", c) == NULL)
			return false;
	}
	return true;
}

/* The blanks at its end are gone already. */
static bool
state_value_is_valid(struct slice value)
{
	if (value.n == 0 || value.n > STATE_PART_MAX)
		return false;
	for (size_t i = 0; i < value.n; i++)
		if (value.p[i] < ' ' || value.p[i] > '~' || value.p[i] == '=')
			return false;
	return true;
}

static bool
state_add(struct state *s, struct slice member)
{
	struct slice rest = slice_trim(member), key;

	if (rest.n == 0)
		return true;
	if (s->count == STATE_MEMBERS_MAX)
		return false;
	member = rest;
	(void)slice_cut(&rest, '=', &key);
	if (!state_key_is_valid(key) || !state_value_is_valid(rest))
		return false;
	s->bytes += member.n + (s->count != 0);
	s->member[s->count++] = member;
	return true;
}

static bool
state_add_field(struct state *s, struct slice value)
{
	struct slice member;

	while (slice_cut(&value, ',', &member))
		if (!state_add(s, member))
			return false;
	return true;
}

/* The last large one, else the last. */
static void
state_leave_out(struct state *s)
{
	uint32_t i = s->count;

	while (i > 0 && s->member[i - 1].n <= STATE_LARGE)
		i--;
	i = i != 0 ? i - 1 : s->count - 1;
	s->count--;
	s->bytes -= s->member[i].n + (s->count != 0);
	for (; i < s->count; i++)
		s->member[i] = s->member[i + 1];
}

static struct slice
state_join(const struct state *s, struct arena *a)
{
	char *text, *at;

	if (s->count == 0)
		return SLICE_NONE;
	text = at = arena_alloc(a, s->bytes);
	if (text == NULL)
		return SLICE_NONE;
	for (uint32_t i = 0; i < s->count; i++) {
		if (i != 0)
			*at++ = ',';
		memcpy(at, s->member[i].p, s->member[i].n);
		at += s->member[i].n;
	}
	return slice_make(text, (size_t)(at - text));
}

struct slice
trace_read_state(const struct head *h, struct arena *a)
{
	const struct field *only = NULL;
	struct state s;
	uint32_t fields = 0;

	s.count = 0;
	s.bytes = 0;
	if (!head_has(h, FIELD_TRACESTATE))
		return SLICE_NONE;
	for (uint32_t i = 0; i < h->count; i++) {
		if (h->fields[i].id != FIELD_TRACESTATE)
			continue;
		only = &h->fields[i];
		fields++;
		if (!state_add_field(&s, only->value))
			return SLICE_NONE;
	}
	if (fields == 1 && s.bytes == only->value.n &&
	    s.bytes <= STATE_BYTES_MAX)
		return only->value;
	while (s.bytes > STATE_BYTES_MAX)
		state_leave_out(&s);
	return state_join(&s, a);
}
