/*
 * resolve_answer.c - see resolve_answer.h. Whatever the bytes are: nothing is
 * read outside of them, a compressed name only ever points backwards, and the
 * work is bounded by their number.
 */
#include "master/resolve_answer.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"
#include "common/base/slice.h"

#define HEADER_BYTES 12
#define CLASS_IN 1
#define ALIASES_MAX 16 /* in a row */
#define LABEL_MAX 63

struct reader {
	const uint8_t *p;
	size_t n, at;
};

struct name {
	uint8_t n;
	char text[RESOLVE_HOST_MAX]; /* lower case, dots between labels */
};

struct rr {
	struct name owner;
	uint16_t type, class;
	uint32_t ttl_s;
	struct reader data; /* at its start; p, at are of the whole message */
};

static bool
reader_u16(struct reader *r, uint16_t *v)
{
	if (r->n - r->at < 2)
		return false;
	*v = (uint16_t)(r->p[r->at] << 8 | r->p[r->at + 1]);
	r->at += 2;
	return true;
}

static bool
name_add(struct name *name, const uint8_t *label, size_t n)
{
	size_t dot = name->n != 0;

	if (name->n + dot + n > sizeof(name->text))
		return false;
	if (dot != 0)
		name->text[name->n++] = '.';
	for (size_t i = 0; i < n; i++)
		name->text[name->n++] = ascii_lower((char)label[i]);
	return true;
}

static bool
name_eq(const struct name *a, const struct name *b)
{
	return a->n == b->n && memcmp(a->text, b->text, a->n) == 0;
}

/* RFC 1035 4.1.4. */
static bool
reader_name(struct reader *r, struct name *name)
{
	size_t at = r->at, floor = r->at, end = 0;

	name->n = 0;
	while (at < r->n && r->p[at] != 0) {
		size_t c = r->p[at++];

		if (c <= LABEL_MAX) {
			if (c > r->n - at || !name_add(name, r->p + at, c))
				return false;
			at += c;
			continue;
		}
		if (c < 0xc0 || at >= r->n)
			return false;
		if (end == 0)
			end = at + 1;
		at = (c & 0x3f) << 8 | r->p[at];
		if (at >= floor)
			return false;
		floor = at;
	}
	if (at >= r->n)
		return false;
	r->at = end != 0 ? end : at + 1;
	return true;
}

static bool
reader_rr(struct reader *r, struct rr *rr)
{
	uint16_t high, low, bytes;

	if (!reader_name(r, &rr->owner) || !reader_u16(r, &rr->type) ||
	    !reader_u16(r, &rr->class) || !reader_u16(r, &high) ||
	    !reader_u16(r, &low) || !reader_u16(r, &bytes) ||
	    bytes > r->n - r->at)
		return false;
	/* RFC 2181 8: with the highest bit set it counts as 0. */
	rr->ttl_s = high >= 0x8000 ? 0 : (uint32_t)high << 16 | low;
	rr->data = (struct reader){ r->p, r->at + bytes, r->at };
	r->at += bytes;
	return true;
}

/* ---- records ---- */

static bool
answer_add_addr(struct resolve_answer *a, struct reader *data, uint16_t type)
{
	struct addr *to = &a->addrs[a->addr_count];
	size_t bytes = type == RESOLVE_TYPE_A ? 4 : 16;

	if (data->n - data->at != bytes)
		return false;
	*to = (struct addr){ .is_v6 = type == RESOLVE_TYPE_AAAA };
	if (type == RESOLVE_TYPE_A)
		to->ip[10] = to->ip[11] = 0xff;
	memcpy(to->ip + 16 - bytes, data->p + data->at, bytes);
	a->addr_count++;
	return true;
}

static bool
host_ok(const struct name *name)
{
	for (size_t i = 0; i < name->n; i++) {
		char c = name->text[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
		    c != '-' && c != '_' && c != '.')
			return false;
	}
	return true;
}

static bool
answer_add_record(struct resolve_answer *a, struct reader *data)
{
	struct resolve_record *to = &a->records[a->record_count];
	struct name target;

	*to = (struct resolve_record){ 0 };
	if (!reader_u16(data, &to->priority) ||
	    !reader_u16(data, &to->weight) || !reader_u16(data, &to->port) ||
	    !reader_name(data, &target))
		return false;
	a->nowhere |= target.n == 0;
	/* Nothing can be at port 0, nor at what is no host's name. */
	if (target.n == 0 || !host_ok(&target) || to->port == 0)
		return true;
	memcpy(to->target, target.text, target.n);
	a->record_count++;
	return true;
}

/* ---- the message ---- */

struct message {
	struct reader answers; /* at the first one */
	uint16_t count;        /* of answers */
	struct name name;      /* whose records are looked for */
};

static bool
message_open(struct message *m, const uint8_t *p, size_t n)
{
	struct reader r = { p, n, 4 };
	uint16_t questions, class, type;

	if (n < HEADER_BYTES || !reader_u16(&r, &questions) ||
	    !reader_u16(&r, &m->count) || questions != 1)
		return false;
	r.at = HEADER_BYTES;
	if (!reader_name(&r, &m->name) || !reader_u16(&r, &type) ||
	    !reader_u16(&r, &class))
		return false;
	m->answers = r;
	return true;
}

static void
answer_ttl(struct resolve_answer *a, const struct rr *rr, bool *any)
{
	if (!*any || rr->ttl_s < a->ttl_s)
		a->ttl_s = rr->ttl_s;
	*any = true;
}

/* One alias further. False: malformed; *more: there was one. */
static bool
message_follow(
    struct message *m, struct resolve_answer *a, bool *any, bool *more)
{
	struct reader r = m->answers;
	struct rr rr;

	*more = false;
	for (uint16_t i = 0; i < m->count && !*more; i++) {
		if (!reader_rr(&r, &rr))
			return false;
		*more = rr.type == RESOLVE_TYPE_CNAME && rr.class == CLASS_IN &&
		    name_eq(&rr.owner, &m->name);
	}
	if (!*more)
		return true;
	answer_ttl(a, &rr, any);
	return reader_name(&rr.data, &m->name);
}

static bool
message_collect(
    const struct message *m, struct resolve_answer *a, uint16_t type, bool *any)
{
	struct reader r = m->answers;
	struct rr rr;

	for (uint16_t i = 0; i < m->count; i++) {
		if (!reader_rr(&r, &rr))
			return false;
		if (rr.type != type || rr.class != CLASS_IN ||
		    !name_eq(&rr.owner, &m->name))
			continue;
		if (type == RESOLVE_TYPE_SRV
			? !answer_add_record(a, &rr.data)
			: !answer_add_addr(a, &rr.data, type))
			return false;
		answer_ttl(a, &rr, any);
	}
	return true;
}

static bool
message_read(struct message *m, struct resolve_answer *a, uint16_t type)
{
	bool any = false, more = true;

	for (int i = 0; more && i < ALIASES_MAX; i++)
		if (!message_follow(m, a, &any, &more))
			return false;
	return !more && message_collect(m, a, type, &any);
}

/* ---- order ---- */

static int
addr_order(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct addr));
}

static int
record_order(const void *a, const void *b)
{
	const struct resolve_record *x = a, *y = b;
	int by;

	if (x->priority != y->priority)
		return x->priority < y->priority ? -1 : 1;
	by = strcmp(x->target, y->target);
	if (by == 0)
		by = (x->port > y->port) - (x->port < y->port);
	if (by == 0)
		by = (x->weight > y->weight) - (x->weight < y->weight);
	return by;
}

void
resolve_answer_sort(struct resolve_answer *a)
{
	uint32_t kept = 0;

	if (a->addr_count != 0)
		qsort(a->addrs, a->addr_count, sizeof(*a->addrs), addr_order);
	for (uint32_t i = 0; i < a->addr_count; i++)
		if (kept == 0 || !addr_eq(&a->addrs[kept - 1], &a->addrs[i]))
			a->addrs[kept++] = a->addrs[i];
	a->addr_count = kept;
	if (a->record_count != 0)
		qsort(a->records, a->record_count, sizeof(*a->records),
		    record_order);
}

bool
resolve_answer_read(
    struct resolve_answer *a, const void *bytes, size_t n, uint16_t type)
{
	struct message m;
	bool ok;

	*a = (struct resolve_answer){ 0 };
	if (!message_open(&m, bytes, n))
		return false;
	/* A record is longer than 10 bytes, whatever the count says. */
	size_t room = m.count < n / 10 ? m.count : n / 10;
	if (type == RESOLVE_TYPE_SRV)
		a->records = calloc(room + 1, sizeof(*a->records));
	else
		a->addrs = calloc(room + 1, sizeof(*a->addrs));
	MUST(a->records != NULL || a->addrs != NULL);
	ok = message_read(&m, a, type);
	if (ok)
		resolve_answer_sort(a);
	else
		resolve_answer_fini(a);
	return ok;
}

void
resolve_answer_fini(struct resolve_answer *a)
{
	free(a->addrs);
	free(a->records);
	*a = (struct resolve_answer){ 0 };
}
