/*
 * forwarded.c - see forwarded.h.
 */
#include "worker/filter/forwarded.h"

#include "worker/flow/req.h"

#define FORWARDED_ADDED 16u /* fields, with room for rules */

static const uint64_t forwarded_own = UINT64_C(1) << FIELD_HOST |
    UINT64_C(1) << FIELD_X_REQUEST_ID | UINT64_C(1) << FIELD_FORWARDED |
    UINT64_C(1) << FIELD_X_FORWARDED_FOR |
    UINT64_C(1) << FIELD_X_FORWARDED_HOST |
    UINT64_C(1) << FIELD_X_FORWARDED_PROTO |
    UINT64_C(1) << FIELD_X_FORWARDED_PORT;

static void
forwarded_add(struct head *h, enum field_id id, struct slice value)
{
	h->fields[h->count++] = (struct field){
		.name = http_field_name(id), .value = value, .id = (uint16_t)id
	};
	h->present |= UINT64_C(1) << id;
}

/* "for=1.2.3.4;host=api.example;proto=http" (RFC 7239 4). */
static struct slice
forwarded_value(struct req *q)
{
	struct slice host = q->head.host;
	bool v6 = q->client.is_v6 != 0;
	size_t n = q->client_text.n + host.n + 40;
	char *p = arena_alloc(&q->arena, n), *at = p;

	if (p == NULL)
		return SLICE_NONE;
#define PUT(text, length) (memcpy(at, text, length), at += (length))
	PUT("for=", 4);
	if (v6)
		PUT("\"[", 2);
	PUT(q->client_text.p, q->client_text.n);
	if (v6)
		PUT("]\"", 2);
	if (host.n != 0) {
		PUT(";host=\"", 7);
		PUT(host.p, host.n);
		PUT("\"", 1);
	}
	PUT(";proto=http", 11);
#undef PUT
	return slice_make(p, (size_t)(at - p));
}

/* The port of the Host field, else the scheme's. */
static struct slice
forwarded_port(struct slice host)
{
	for (size_t i = host.n; i > 0; i--) {
		char c = host.p[i - 1];

		if (c == ':' && i < host.n)
			return slice_skip(host, i);
		if (c < '0' || c > '9')
			break;
	}
	return SLICE_LIT("80");
}

static void
forwarded_copy(struct head *up, const struct head *h)
{
	bool nominated = head_has(h, FIELD_CONNECTION);

	for (uint32_t i = 0; i < h->count; i++) {
		const struct field *f = &h->fields[i];

		if ((forwarded_own >> f->id & 1) != 0 ||
		    (http_field_flags(f->id) & (FIELD_HOP | FIELD_FRAMING)) !=
			0)
			continue;
		if (nominated && head_nominated(h, f->name))
			continue;
		up->fields[up->count++] = *f;
		up->present |= UINT64_C(1) << f->id;
	}
}

enum verdict
forwarded_request(struct req *q)
{
	struct head *up = &q->up;

	q->up_room = q->head.count + FORWARDED_ADDED;
	*up = q->head;
	up->count = 0;
	up->present = 0;
	up->close = false;
	up->fields = arena_alloc(&q->arena, q->up_room * sizeof(struct field));
	if (up->fields == NULL) {
		req_fail(q, WHY_OVERLOADED);
		return DONE;
	}
	forwarded_add(up, FIELD_HOST, q->head.host);
	forwarded_copy(up, &q->head);
	forwarded_add(up, FIELD_X_REQUEST_ID, q->request_id);
	forwarded_add(up, FIELD_X_FORWARDED_FOR, q->client_text);
	forwarded_add(up, FIELD_X_FORWARDED_PROTO, SLICE_LIT("http"));
	forwarded_add(up, FIELD_X_FORWARDED_HOST, q->head.host);
	forwarded_add(up, FIELD_X_FORWARDED_PORT, forwarded_port(q->head.host));
	forwarded_add(up, FIELD_FORWARDED, forwarded_value(q));
	forwarded_add(up, FIELD_VIA,
	    q->head.version == HTTP_1_0 ? SLICE_LIT("1.0 penstock")
					: SLICE_LIT("1.1 penstock"));
	if (arena_failed(&q->arena)) {
		req_fail(q, WHY_OVERLOADED);
		return DONE;
	}
	return GO_ON;
}
