/*
 * template.c - evaluates compiled templates, and the header rules made of them.
 */
#include "worker/flow/template.h"

#include "worker/flow/claim_text.h"
#include "worker/flow/cookie.h"
#include "worker/flow/identity.h"
#include "worker/flow/route_path.h"

#define RULES_SPARE 8u /* fields, when the array is moved */

/* RFC 3986 3.3: what a path consists of, and "%" of escapes that are there. */
static bool
path_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') ||
	    (c != '\0' && strchr("-._~!$&'()*+,;=:@/%", c) != NULL);
}

static size_t
path_encode(struct slice s, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (path_char(s.p[i]))
			out[n++] = s.p[i];
		else
			n += uri_encode(
			    slice_make(s.p + i, 1), false, false, out + n);
	}
	return n;
}

static bool
field_named(const struct field *f, uint32_t id, struct slice name)
{
	return f->id == id &&
	    (id != FIELD_OTHER || slice_eq_nocase(f->name, name));
}

/* RFC 9110 5.3: several fields of one name are one list. */
static struct slice
header_value(const struct head *h, const struct img_tmpl_op *op,
    struct slice name, struct arena *a)
{
	struct slice joined = SLICE_NONE;

	for (uint32_t i = 0; i < h->count; i++) {
		const struct field *f = &h->fields[i];

		if (!field_named(f, op->arg, name))
			continue;
		if (joined.p == NULL)
			joined = f->value;
		else
			joined = arena_printf(a, "%.*s, %.*s",
			    SLICE_FMT(joined), SLICE_FMT(f->value));
	}
	return joined;
}

static struct slice
op_value(const struct img_head *img, const struct img_tmpl_op *op,
    const struct template_vars *v, struct arena *a)
{
	struct slice text = img_slice(img, op->text), value = SLICE_NONE;

	switch ((enum img_tmpl_kind)op->kind) {
	case TMPL_LITERAL:
		return text;
	case TMPL_PARAM:
		return op->arg < v->match->count ? v->match->params[op->arg]
						 : SLICE_NONE;
	case TMPL_CLIENT:
		return v->client;
	case TMPL_HOST:
		return route_host_name(v->head->host);
	case TMPL_PATH:
		return v->uri->path;
	case TMPL_QUERY:
	case TMPL_QUERY_APPEND:
		return v->uri->query;
	case TMPL_REQUEST_ID:
		return v->request_id;
	case TMPL_ROUTE:
		return v->match->route != NULL
		    ? img_slice(img, v->match->route->name)
		    : SLICE_NONE;
	case TMPL_SERVICE:
		return v->service != NULL ? img_slice(img, v->service->name)
					  : SLICE_NONE;
	case TMPL_ENDPOINT:
		return v->endpoint;
	case TMPL_HEADER:
		return header_value(v->head, op, text, a);
	case TMPL_COOKIE:
		(void)cookie_find(v->head, text, &value);
		return value;
	case TMPL_CLIENT_SUBJECT:
		return v->peer.cert.subject;
	case TMPL_CLIENT_SAN:
		return v->peer.cert.san;
	case TMPL_CLIENT_ISSUER:
		return v->peer.cert.issuer;
	case TMPL_CLIENT_SERIAL:
		return v->peer.cert.serial;
	case TMPL_CLIENT_FINGERPRINT:
		return v->peer.cert.fingerprint;
	case TMPL_TLS_VERSION:
		return v->peer.version;
	case TMPL_SNI:
		return v->peer.sni;
	case TMPL_USER:
		return identity_claim(v->identity, IMG_CLAIM_USER);
	case TMPL_TENANT:
		return identity_claim(v->identity, IMG_CLAIM_TENANT);
	case TMPL_ROLES:
		return identity_claim(v->identity, IMG_CLAIM_ROLES);
	case TMPL_CLAIM:
		return claim_text(v->identity, text, a);
	}
	return SLICE_NONE;
}

static size_t
plain_write(struct slice s, char *out)
{
	if (s.n != 0)
		memcpy(out, s.p, s.n);
	return s.n;
}

/* Without control characters: no value ends the line (RFC 9110 5.5). */
static size_t
header_write(struct slice s, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if ((c >= 0x20 || c == '\t') && c != 0x7f)
			out[n++] = s.p[i];
	}
	return n;
}

static size_t
target_write(const struct img_tmpl_op *op, struct slice s, char *out)
{
	bool escaped = (op->flags & TMPL_ESCAPED) != 0;
	bool in_query = (op->flags & TMPL_IN_QUERY) != 0;

	if (op->kind == TMPL_LITERAL || (op->kind == TMPL_QUERY && in_query))
		return plain_write(s, out);
	if (escaped && !in_query)
		return path_encode(s, out);
	return uri_encode(s, false, escaped, out);
}

/* A path was normalised: its escapes are good ones. */
static size_t
text_write(const struct img_tmpl_op *op, struct slice s, char *out)
{
	size_t n;

	if ((op->flags & TMPL_ESCAPED) != 0 && uri_decode(s, out, &n))
		return n;
	return plain_write(s, out);
}

/* At most three times the value and one byte more. */
static size_t
op_write(const struct img_tmpl_op *op, struct slice s, enum template_use use,
    const struct template_vars *v, char *out)
{
	if (op->kind == TMPL_QUERY_APPEND) {
		if (!v->uri->has_query)
			return 0;
		out[0] = (char)op->arg;
		return 1 + plain_write(s, out + 1);
	}
	switch (use) {
	case TEMPLATE_HEADER:
		return header_write(s, out);
	case TEMPLATE_TARGET:
		return target_write(op, s, out);
	case TEMPLATE_BODY:
		return plain_write(s, out);
	case TEMPLATE_TEXT:
		return text_write(op, s, out);
	}
	return 0;
}

/*
 * Whether a target's path has a "." or ".." segment. Templates are built
 * without, so a value has made it; an escaped one would be decoded again.
 */
static bool
has_dot_segment(struct slice target)
{
	size_t start = 0;

	for (size_t i = 0; i <= target.n; i++) {
		bool end = i == target.n || target.p[i] == '?';
		size_t n = i - start;

		if (!end && target.p[i] != '/')
			continue;
		if ((n == 1 || n == 2) && target.p[start] == '.' &&
		    target.p[i - 1] == '.')
			return true;
		if (end)
			return false;
		start = i + 1;
	}
	return false;
}

/* A capture that means what it says, as nearly all do. */
static bool
is_plain_capture(const struct img_tmpl_op *op, const struct template_vars *v)
{
	struct slice value;

	if (op->kind != TMPL_PARAM || op->arg >= v->match->count)
		return false;
	value = v->match->params[op->arg];
	return value.n == 0 || memchr(value.p, '%', value.n) == NULL;
}

struct slice
template_eval(const struct img_head *img, struct img_span span,
    enum template_use use, const struct template_vars *v, struct arena *a)
{
	const struct img_tmpl_op *ops = img_at(img, span.off);
	struct slice *values, out = SLICE_NONE;
	size_t size = 0;
	char *p;

	if (span.count == 0)
		return SLICE_NONE;
	if (span.count == 1 && ops[0].kind == TMPL_LITERAL)
		return arena_copy(a, img_slice(img, ops[0].text));
	if (span.count == 1 && use == TEMPLATE_TEXT &&
	    is_plain_capture(&ops[0], v))
		return v->match->params[ops[0].arg];
	values = arena_alloc(a, span.count * sizeof(*values));
	if (values == NULL)
		return SLICE_NONE;
	for (uint32_t i = 0; i < span.count; i++) {
		values[i] = op_value(img, &ops[i], v, a);
		size += 1 + values[i].n * (use == TEMPLATE_TARGET ? 3 : 1);
	}
	p = arena_alloc(a, size);
	if (p == NULL)
		return SLICE_NONE;
	for (uint32_t i = 0; i < span.count; i++)
		out.n += op_write(&ops[i], values[i], use, v, p + out.n);
	out.p = p;
	if (use == TEMPLATE_TARGET && has_dot_segment(out))
		return SLICE_NONE;
	return out;
}

/* Drops the fields of the rule's name, but for the first when `keep`. */
static struct field *
fields_drop(
    struct head *h, const struct img_rule *rule, struct slice name, bool keep)
{
	struct field *kept = NULL;
	uint32_t n = 0;

	for (uint32_t i = 0; i < h->count; i++) {
		if (!field_named(&h->fields[i], rule->id, name)) {
			h->fields[n++] = h->fields[i];
		} else if (keep && kept == NULL) {
			kept = &h->fields[n];
			h->fields[n++] = h->fields[i];
		}
	}
	h->count = n;
	if (rule->id != FIELD_OTHER)
		h->present &= ~(UINT64_C(1) << rule->id);
	return kept;
}

static struct field *
field_append(struct head *h, uint32_t *room, struct arena *a)
{
	struct field *fields = h->fields;

	if (h->count >= *room) {
		uint32_t more = h->count + RULES_SPARE;

		fields = arena_alloc(a, more * sizeof(*fields));
		if (fields == NULL)
			return NULL;
		if (h->count != 0)
			memcpy(fields, h->fields, h->count * sizeof(*fields));
		h->fields = fields;
		*room = more;
	}
	return &fields[h->count++];
}

static void
rule_apply(const struct img_head *img, const struct img_rule *rule,
    struct head *h, uint32_t *room, const struct template_vars *v,
    struct arena *a)
{
	struct slice name = img_slice(img, rule->name), value = SLICE_NONE;
	struct field *f = NULL;

	/* Before the drop: the value may be made of the old one. */
	if (rule->kind != RULE_REMOVE)
		value = template_eval(img, rule->value, TEMPLATE_HEADER, v, a);
	if (rule->kind != RULE_ADD)
		f = fields_drop(h, rule, name, rule->kind == RULE_SET);
	if (rule->kind == RULE_REMOVE)
		return;
	if (f == NULL)
		f = field_append(h, room, a);
	if (f == NULL)
		return;
	/* The head may outlive the image: nothing of it points there. */
	*f = (struct field){ .name = arena_copy(a, name),
		.value = slice_trim(value),
		.id = (uint16_t)rule->id };
	if (rule->id != FIELD_OTHER)
		h->present |= UINT64_C(1) << rule->id;
}

bool
rules_apply(const struct img_head *img, struct img_span rules, struct head *h,
    uint32_t *room, const struct template_vars *v, struct arena *a)
{
	const struct img_rule *all = img_at(img, rules.off);

	for (uint32_t i = 0; i < rules.count; i++)
		rule_apply(img, &all[i], h, room, v, a);
	return !arena_failed(a);
}
