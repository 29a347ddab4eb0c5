/*
 * way.c - see way.h.
 */
#include "worker/filter/way.h"

#include "common/http/authority.h"

/* What a trusted peer says in the one field of this kind; else NULL. */
static const struct field *
way_claim(const struct req *q, enum field_id id)
{
	const struct field *found = NULL;

	if (!q->trusted || !head_has(&q->head, id))
		return NULL;
	for (uint32_t i = 0; i < q->head.count; i++) {
		if (q->head.fields[i].id != id)
			continue;
		if (found != NULL)
			return NULL;
		found = &q->head.fields[i];
	}
	return found;
}

static struct slice
way_peer(struct req *q)
{
	char *text;

	if (!q->trusted)
		return req_client_text(q);
	text = arena_alloc(&q->arena, ADDR_TEXT_MAX);
	return text != NULL ? slice_make(text, addr_ip_text(&q->peer, text))
			    : SLICE_NONE;
}

#define PUT_LIT(text) \
	(memcpy(at, text, sizeof(text) - 1), at += sizeof(text) - 1)

/* All that a trusted peer says in fields of this kind, and `last` behind it. */
static __attribute__((noinline)) struct slice
way_join(struct req *q, enum field_id id, struct slice last)
{
	size_t n = last.n;
	char *p, *at;

	for (uint32_t i = 0; i < q->head.count; i++)
		if (q->head.fields[i].id == id)
			n += q->head.fields[i].value.n + 2;
	p = at = arena_alloc(&q->arena, n);
	if (p == NULL)
		return SLICE_NONE;
	for (uint32_t i = 0; i < q->head.count; i++) {
		const struct field *f = &q->head.fields[i];

		if (f->id != id || f->value.n == 0)
			continue;
		at = slice_put(at, f->value);
		PUT_LIT(", ");
	}
	at = slice_put(at, last);
	return slice_make(p, (size_t)(at - p));
}

static inline struct slice
way_append(struct req *q, enum field_id id, struct slice last)
{
	return q->trusted && head_has(&q->head, id) ? way_join(q, id, last)
						    : last;
}

/* "for=1.2.3.4;host=api.example;proto=http" (RFC 7239 4). */
static struct slice
way_element(struct req *q, struct slice peer)
{
	struct slice host = q->head.host, scheme = way_scheme(q);
	bool v6 = q->peer.is_v6 != 0;
	size_t n = peer.n + host.n + 40;
	char *p = arena_alloc(&q->arena, n), *at = p;

	if (p == NULL)
		return SLICE_NONE;
	PUT_LIT("for=");
	if (v6)
		PUT_LIT("\"[");
	at = slice_put(at, peer);
	if (v6)
		PUT_LIT("]\"");
	if (host.n != 0) {
		PUT_LIT(";host=\"");
		at = slice_put(at, host);
		PUT_LIT("\"");
	}
	PUT_LIT(";proto=");
	at = slice_put(at, scheme);
	return slice_make(p, (size_t)(at - p));
}

#undef PUT_LIT

struct slice
way_told_proto(const struct req *q)
{
	const struct field *f = way_claim(q, FIELD_X_FORWARDED_PROTO);

	if (f != NULL && slice_eq_nocase(f->value, SLICE_LIT("https")))
		return SLICE_LIT("https");
	if (f != NULL && slice_eq_nocase(f->value, SLICE_LIT("http")))
		return SLICE_LIT("http");
	return way_scheme(q);
}

struct slice
way_told_host(const struct req *q)
{
	const struct field *f = way_claim(q, FIELD_X_FORWARDED_HOST);
	struct authority a;

	if (f != NULL && authority_parse(f->value, &a))
		return f->value;
	return q->head.host;
}

/* A trusted peer's, if it is one. */
static __attribute__((noinline)) struct slice
way_told_port(const struct req *q)
{
	const struct field *f = way_claim(q, FIELD_X_FORWARDED_PORT);
	uint16_t number;

	return f != NULL && addr_parse_port(f->value, &number) && number != 0
	    ? f->value
	    : SLICE_NONE;
}

/* The peer's, else that of the host, else the scheme's. */
static struct slice
way_port(const struct req *q, struct slice host, struct slice proto)
{
	struct slice told = q->trusted ? way_told_port(q) : SLICE_NONE;

	if (told.n != 0)
		return told;
	for (size_t i = host.n; i > 0; i--) {
		char c = host.p[i - 1];

		if (c == ':' && i < host.n)
			return slice_skip(host, i);
		if (c < '0' || c > '9')
			break;
	}
	return proto.n == 5 ? SLICE_LIT("443") : SLICE_LIT("80");
}

void
way_add(struct req *q)
{
	struct slice peer = way_peer(q), host = way_host(q);
	struct slice proto = way_proto(q);
	struct head *up = &q->up;

	head_add(up, FIELD_X_FORWARDED_FOR,
	    way_append(q, FIELD_X_FORWARDED_FOR, peer));
	head_add(up, FIELD_X_FORWARDED_PROTO, proto);
	head_add(up, FIELD_X_FORWARDED_HOST, host);
	head_add(up, FIELD_X_FORWARDED_PORT, way_port(q, host, proto));
	head_add(up, FIELD_FORWARDED,
	    way_append(q, FIELD_FORWARDED, way_element(q, peer)));
}
