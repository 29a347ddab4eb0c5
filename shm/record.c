/*
 * record.c - see record.h.
 */
#include "shm/record.h"

_Static_assert(sizeof(struct record_request) % 8 == 0, "request");
_Static_assert(sizeof(struct record_attempt) % 8 == 0, "attempt");
_Static_assert(sizeof(struct record_step) % 8 == 0, "step");
_Static_assert(sizeof(struct record_field) % 8 == 0, "field");

/* What is behind the entries; texts must lie there. */
struct texts {
	size_t from, to;
};

static bool
text_fits(const struct texts *t, struct record_str s)
{
	return s.len == 0 ||
	    (s.off >= t->from && (size_t)s.off + s.len <= t->to);
}

/* Finds those of the request; false: they are longer than what is there. */
static bool
texts_find(struct record_view *v, const struct texts *t)
{
	size_t at = t->from;

	for (int i = 0; i < RECORD_TEXTS; i++) {
		v->text_at[i] = (uint16_t)at;
		at += v->request->text_bytes[i];
	}
	return at <= t->to;
}

static bool
texts_fit(const struct record_view *v, const struct texts *t)
{
	const struct record_request *q = v->request;

	for (int i = 0; i < q->attempts_kept; i++)
		if (!text_fits(t, v->attempts[i].service))
			return false;
	for (int i = 0; i < q->fields; i++)
		if (!text_fits(t, v->fields[i].name) ||
		    !text_fits(t, v->fields[i].value))
			return false;
	return true;
}

static bool
view_request(struct record_view *v, size_t n)
{
	const struct record_request *q = (const void *)v->head;
	struct texts t = { .to = n };

	if (n < sizeof(*q) || q->attempts_kept > RECORD_ATTEMPTS_MAX ||
	    q->steps > RECORD_STEPS_MAX || q->fields > RECORD_FIELDS_MAX)
		return false;
	v->request = q;
	v->attempts = (const void *)(q + 1);
	v->steps = (const void *)(v->attempts + q->attempts_kept);
	v->fields = (const void *)(v->steps + q->steps);
	t.from =
	    (size_t)((const char *)(v->fields + q->fields) - (const char *)q);
	return t.from <= n && texts_find(v, &t) && texts_fit(v, &t);
}

bool
record_view(struct record_view *v, const void *bytes, size_t n)
{
	const struct record_head *h = bytes;

	*v = (struct record_view){ .head = h };
	if (n < sizeof(*h) || h->bytes != n || n > RECORD_MAX || n % 8 != 0)
		return false;
	switch ((enum record_kind)h->kind) {
	case RECORD_REQUEST:
	case RECORD_CONNECTION:
		return view_request(v, n);
	case RECORD_AUDIT:
		return true;
	case RECORD_PAD:
		break;
	}
	return false;
}
