/*
 * audit_line.c - see audit_line.h.
 */
#include "tools/audit_line.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/base/json.h"

#define HASH_HEAD ",\"hash\":\""
#define HASH_TAIL "\"}"
#define LINE_TAIL (sizeof(HASH_HEAD HASH_TAIL) - 1 + AUDIT_HASH)
#define CHAIN_HEAD ",\"event\":\"chain\",\"prev\":\""
#define KEYED "\",\"algorithm\":\"hmac-sha256\","
#define PLAIN "\",\"algorithm\":\"sha256\","

void
audit_at_start(struct audit_at *at)
{
	at->seq = 0;
	memset(at->hash, '0', AUDIT_HASH);
}

/* ---- writing ---- */

/* Its last member; the line began at `from`. */
static bool
line_seal(struct text *out, size_t from, const struct audit_chain *c,
    struct audit_at *at)
{
	struct slice body = slice_skip(text_slice(out), from);

	if (!audit_chain_hash(c, at->hash, body, at->hash)) {
		out->n = from;
		return false;
	}
	at->seq++;
	text_add(out, SLICE_LIT(HASH_HEAD));
	text_add(out, slice_make(at->hash, AUDIT_HASH));
	text_add(out, SLICE_LIT(HASH_TAIL "\n"));
	return true;
}

static void
add_text(struct json *j, const char *key, const struct record_audit *a,
    enum audit_text t)
{
	struct slice s = audit_text(a, t);

	if (s.n != 0)
		json_add_string(j, key, s);
}

static void
add_uint(struct json *j, const char *key, uint64_t value)
{
	if (value != 0)
		json_add_uint(j, key, value);
}

static void
add_time(struct json *j, struct wall t)
{
	char text[WALL_TEXT_BYTES];

	wall_text(t, text);
	json_add_string(j, "time", slice_str(text));
}

static void
add_address(struct json *j, const struct record_audit *a)
{
	char text[ADDR_TEXT_MAX];

	if ((a->flags & AUDIT_HAS_ADDRESS) == 0)
		return;
	(void)addr_ip_text(&a->address, text);
	json_add_string(j, "address", slice_str(text));
}

static void
add_id(struct json *j, uint64_t run, uint32_t ring, uint64_t number)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "%" PRIx64 ".%" PRIu32 ".%" PRIu64,
	    run, ring, number);
	json_add_string(j, "id", slice_str(text));
}

static void
add_event(struct json *j, const struct record_audit *a)
{
	add_time(j, (struct wall){ a->head.wall_us });
	json_add_string(j, "event", slice_str(audit_event_name(a->event)));
	json_add_string(
	    j, "outcome", slice_str(audit_outcome_name(a->outcome)));
	add_text(j, (a->flags & AUDIT_CLAIMED) != 0 ? "claimed" : "who", a,
	    AUDIT_WHO);
	add_text(j, "via", a, AUDIT_VIA);
	add_address(j, a);
	add_text(j, "object", a, AUDIT_OBJECT);
	add_text(j, "detail", a, AUDIT_DETAIL);
	add_uint(j, "count", a->count);
	add_text(j, "route", a, AUDIT_ROUTE);
	add_text(j, "service", a, AUDIT_SERVICE);
	add_text(j, "request_id", a, AUDIT_REQUEST);
	add_uint(j, "status", a->status);
	add_text(j, "why", a, AUDIT_WHY);
	add_text(j, "error_code", a, AUDIT_CODE);
	add_uint(j, "generation", a->generation);
	if ((a->flags & AUDIT_CLIPPED) != 0)
		json_add_bool(j, "clipped", true);
}

bool
audit_line_write(struct text *out, const struct audit_chain *c,
    struct audit_at *at, uint64_t run, uint32_t ring,
    const struct record_audit *a)
{
	size_t from = out->n;
	struct json j;

	json_init(&j, out);
	json_object_begin(&j, NULL);
	json_add_uint(&j, "seq", at->seq + 1);
	add_id(&j, run, ring, a->head.seq);
	add_event(&j, a);
	return line_seal(out, from, c, at);
}

bool
audit_line_begin(struct text *out, const struct audit_chain *c,
    struct audit_at *at, struct wall now)
{
	size_t from = out->n;
	struct json j;

	json_init(&j, out);
	json_object_begin(&j, NULL);
	json_add_uint(&j, "seq", at->seq + 1);
	json_add_string(&j, "event", SLICE_LIT("chain"));
	json_add_string(&j, "prev", slice_make(at->hash, AUDIT_HASH));
	json_add_string(&j, "algorithm",
	    audit_chain_keyed(c) ? SLICE_LIT("hmac-sha256")
				 : SLICE_LIT("sha256"));
	add_time(&j, now);
	return line_seal(out, from, c, at);
}

/* ---- reading ---- */

static bool
take_literal(struct slice *s, struct slice what)
{
	if (!slice_starts(*s, what))
		return false;
	*s = slice_skip(*s, what.n);
	return true;
}

/* Digits of this base, without needless zeroes. */
static bool
take_number(struct slice *s, unsigned base, uint64_t *value)
{
	size_t n = 0;

	*value = 0;
	for (; n < s->n; n++) {
		char c = s->p[n];
		unsigned digit = c >= '0' && c <= '9' ? (unsigned)(c - '0')
		    : c >= 'a' && c <= 'f'            ? (unsigned)(c - 'a') + 10
						      : 16;

		if (digit >= base)
			break;
		if (*value > (UINT64_MAX - digit) / base)
			return false;
		*value = *value * base + digit;
	}
	if (n == 0 || (n > 1 && s->p[0] == '0'))
		return false;
	*s = slice_skip(*s, n);
	return true;
}

static bool
take_hash(struct slice *s, const char **hash)
{
	for (size_t i = 0; i < AUDIT_HASH; i++)
		if (i >= s->n ||
		    !((s->p[i] >= '0' && s->p[i] <= '9') ||
			(s->p[i] >= 'a' && s->p[i] <= 'f')))
			return false;
	*hash = s->p;
	*s = slice_skip(*s, AUDIT_HASH);
	return true;
}

static bool
read_id(struct slice s, struct audit_id *id)
{
	uint64_t ring;

	if (!take_literal(&s, SLICE_LIT(",\"id\":\"")) ||
	    !take_number(&s, 16, &id->run) ||
	    !take_literal(&s, SLICE_LIT(".")) || !take_number(&s, 10, &ring) ||
	    !take_literal(&s, SLICE_LIT(".")) ||
	    !take_number(&s, 10, &id->number) || ring > WORKERS_MAX ||
	    id->number == 0)
		return false;
	id->ring = (uint32_t)ring;
	return take_literal(&s, SLICE_LIT("\","));
}

static bool
read_begin(struct slice s, struct audit_line *l)
{
	if (!take_literal(&s, SLICE_LIT(CHAIN_HEAD)) ||
	    !take_hash(&s, &l->prev))
		return false;
	l->keyed = take_literal(&s, SLICE_LIT(KEYED));
	return l->keyed || take_literal(&s, SLICE_LIT(PLAIN));
}

bool
audit_line_read(struct slice text, struct audit_line *l)
{
	struct slice s = text, tail;

	*l = (struct audit_line){ 0 };
	if (text.n < LINE_TAIL || text.n >= AUDIT_LINE_MAX)
		return false;
	l->body = slice_make(text.p, text.n - LINE_TAIL);
	tail = slice_skip(text, l->body.n);
	if (!take_literal(&tail, SLICE_LIT(HASH_HEAD)) ||
	    !take_hash(&tail, &l->hash) ||
	    !slice_eq(tail, SLICE_LIT(HASH_TAIL)))
		return false;
	s = l->body;
	if (!take_literal(&s, SLICE_LIT("{\"seq\":")) ||
	    !take_number(&s, 10, &l->seq) || l->seq == 0)
		return false;
	return read_id(s, &l->id) || read_begin(s, l);
}
