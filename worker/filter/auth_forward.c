/*
 * auth_forward.c - a service that is asked about each request, by what it has
 * of credentials, before it goes on: 2xx lets it pass, and says in fields who
 * it is; 401 and 403 refuse it, and 3xx sends the client elsewhere. Anything
 * else is no answer, and nobody passes.
 */
#include <string.h>

#include "common/base/hash.h"
#include "worker/filter/auth_cache.h"
#include "worker/filter/auth_parts.h"
#include "worker/filter/auth_question.h"
#include "worker/filter/way.h"

#define FORWARD_OWN_FIELDS 6u

/* A question on its way; in the request's arena. */
struct asking {
	struct auth_wait wait;
	struct head head;
	struct slice text; /* what the answer depends on; with ttl */
};

static enum auth_verdict
asking_bad(struct auth_try *t, enum why why)
{
	t->why = why;
	return AUTH_BAD;
}

/* ---- the answer ---- */

/* False: two of them, or none that can be told to an upstream. */
static bool
answer_one(const struct head *h, struct slice name, struct slice *value)
{
	for (uint32_t i = 0; i < h->count; i++) {
		const struct field *f = &h->fields[i];

		if (f->value.n == 0 || !slice_eq_nocase(f->name, name))
			continue;
		if (value->n != 0 || !auth_parts_fit(f->value))
			return false;
		*value = f->value;
	}
	return true;
}

/* "a, b", and "c" in another field, are "a,b,c" (RFC 9110 5.3). */
static bool
answer_list(
    const struct head *h, struct slice name, char *room, struct slice *value)
{
	char *at = room;

	for (uint32_t i = 0; i < h->count; i++) {
		const struct field *f = &h->fields[i];
		struct slice element;
		size_t from = 0;

		if (!slice_eq_nocase(f->name, name))
			continue;
		while (head_list_next(f->value, &from, &element)) {
			if (element.n == 0)
				continue;
			if (!auth_parts_fit(element))
				return false;
			if (at != room)
				*at++ = ',';
			memcpy(at, element.p, element.n);
			at += element.n;
		}
	}
	*value = slice_make(room, (size_t)(at - room));
	return true;
}

static bool
answer_claim(struct auth_try *t, const struct head *h, enum img_claim claim,
    struct slice *value)
{
	struct slice name =
	    img_slice(t->q->image, t->auth->answer_headers[claim]);
	size_t n = 1;
	char *room;

	if (name.n == 0)
		return true;
	if (claim != IMG_CLAIM_ROLES && claim != IMG_CLAIM_PERMISSIONS)
		return answer_one(h, name, value);
	for (uint32_t i = 0; i < h->count; i++)
		if (slice_eq_nocase(h->fields[i].name, name))
			n += h->fields[i].value.n + 1;
	room = arena_alloc(&t->q->arena, n);
	return room != NULL && answer_list(h, name, room, value);
}

static enum why
answer_identity(struct auth_try *t, const struct head *h)
{
	struct req *q = t->q;
	struct identity_parts parts = { .type = IMG_AUTH_FORWARD,
		.authenticator = img_slice(q->image, t->auth->name),
		.issued_s = INT64_MIN,
		.expires_s = INT64_MAX };

	for (unsigned i = 0; i < IMG_CLAIMS; i++)
		if (!answer_claim(t, h, (enum img_claim)i, &parts.claim[i]))
			return WHY_AUTH_UNAVAILABLE;
	t->identity = identity_new(&parts);
	return t->identity != NULL ? WHY_OK : WHY_OVERLOADED;
}

/* All challenges of a 401, in one field. */
static void
answer_challenge(struct auth_try *t, const struct head *h)
{
	size_t n = 0;
	char *p;

	for (uint32_t i = 0; i < h->count; i++)
		if (h->fields[i].id == FIELD_WWW_AUTHENTICATE)
			n += h->fields[i].value.n + 2;
	p = arena_alloc(&t->q->arena, n + 1);
	if (n == 0 || p == NULL)
		return;
	t->challenge = slice_make(p, 0);
	for (uint32_t i = 0; i < h->count; i++) {
		struct slice value = h->fields[i].value;

		if (h->fields[i].id != FIELD_WWW_AUTHENTICATE || value.n == 0)
			continue;
		if (t->challenge.n != 0) {
			memcpy(p + t->challenge.n, ", ", 2);
			t->challenge.n += 2;
		}
		memcpy(p + t->challenge.n, value.p, value.n);
		t->challenge.n += value.n;
	}
}

/* Where to, and what the client is to bring along from there. */
static enum why
answer_redirect(struct auth_try *t, const struct head *h)
{
	struct arena *arena = &t->q->arena;
	struct head *to = arena_zalloc(arena, sizeof(*to));
	struct head some = *h;

	if (!head_has(h, FIELD_LOCATION))
		return WHY_AUTH_UNAVAILABLE;
	some.whole = SLICE_NONE; /* of little of it */
	some.count = 0;
	some.fields = arena_alloc(arena, h->count * sizeof(*h->fields));
	if (to == NULL || some.fields == NULL)
		return WHY_OVERLOADED;
	for (uint32_t i = 0; i < h->count; i++)
		if (h->fields[i].id == FIELD_LOCATION ||
		    h->fields[i].id == FIELD_SET_COOKIE)
			some.fields[some.count++] = h->fields[i];
	t->redirect = to;
	return head_copy(to, &some, arena, 0) ? WHY_AUTH_REDIRECT
					      : WHY_OVERLOADED;
}

static enum why
answer_read(struct auth_try *t, const struct inquiry_answer *a)
{
	if (a->head == NULL)
		return WHY_AUTH_UNAVAILABLE;
	if (a->head->status >= 200 && a->head->status < 300)
		return answer_identity(t, a->head);
	switch (a->head->status) {
	case 301:
	case 302:
	case 303:
	case 307:
	case 308:
		return answer_redirect(t, a->head);
	case 401:
		answer_challenge(t, a->head);
		return WHY_AUTH_REFUSED;
	case 403:
		return WHY_AUTH_FORBIDDEN;
	default:
		return WHY_AUTH_UNAVAILABLE;
	}
}

static enum why
asking_read(struct auth_wait *w, const struct inquiry_answer *a)
{
	struct asking *k = CONTAINER_OF(w, struct asking, wait);
	struct auth_try *t = w->t;
	struct auth_cache_key key = { .auth = t->auth, .text = k->text };
	enum why why = answer_read(t, a);

	if (why == WHY_OK)
		auth_cache_keep(t->q->env->auth_cache, &key, t->identity,
		    auth_cache_until(t->auth->ttl_us));
	return why;
}

/* ---- the question ---- */

static void
question_add(struct head *h, const char *name, struct slice value)
{
	h->fields[h->count++] = (struct field){
		.name = slice_str(name), .value = value, .id = FIELD_OTHER
	};
}

/* All fields of the names that go along. False: there are too many. */
static bool
question_forwarded(struct asking *k)
{
	const struct auth_try *t = k->wait.t;
	struct req *q = t->q;
	const struct img_span *span = &t->auth->forward_headers;
	const struct img_str *names = img_at(q->image, span->off);

	for (uint32_t n = 0; n < span->count; n++)
		for (uint32_t i = 0; i < q->head.count; i++) {
			const struct field *f = &q->head.fields[i];

			if (!slice_eq_nocase(
				f->name, img_slice(q->image, names[n])))
				continue;
			if (k->head.count + FORWARD_OWN_FIELDS >=
			    INQUIRY_FIELDS_MAX)
				return false;
			k->head.fields[k->head.count++] = *f;
			k->head.present |= UINT64_C(1) << f->id;
		}
	return true;
}

/* The path that was matched: another reading of it might be let pass. */
static struct slice
question_uri(struct req *q)
{
	const struct uri *u = &q->uri;

	if (!u->has_query)
		return u->path;
	return arena_printf(
	    &q->arena, "%.*s?%.*s", SLICE_FMT(u->path), SLICE_FMT(u->query));
}

/* Who asks for what, as other gateways say it. False without memory. */
static bool
question_own(struct asking *k)
{
	struct req *q = k->wait.t->q;
	struct head *h = &k->head;

	question_add(h, "X-Forwarded-Method", q->head.method_text);
	question_add(h, "X-Forwarded-Uri", question_uri(q));
	head_add(h, FIELD_X_FORWARDED_HOST, way_host(q));
	head_add(h, FIELD_X_FORWARDED_PROTO, way_proto(q));
	head_add(h, FIELD_X_FORWARDED_FOR, req_client_text(q));
	head_add(h, FIELD_X_REQUEST_ID, q->request_id);
	return !arena_failed(&q->arena);
}

#define PUT(text, length) (memcpy(at, text, length), at += (length))

/*
 * Everything but the request's own id, which is last; and a hash of it at the
 * end, as that is what the cache looks at first.
 */
static struct slice
question_text(struct asking *k)
{
	static const struct hash_key key = { 0 };
	const struct head *h = &k->head;
	size_t n = 0;
	uint64_t hash;
	char *p, *at;

	for (uint32_t i = 0; i + 1 < h->count; i++)
		n += h->fields[i].name.n + h->fields[i].value.n + 2;
	p = at = arena_alloc(&k->wait.t->q->arena, n + sizeof(hash));
	if (p == NULL)
		return SLICE_NONE;
	for (uint32_t i = 0; i + 1 < h->count; i++) {
		const struct field *f = &h->fields[i];

		PUT(f->name.p, f->name.n);
		PUT(":", 1);
		if (f->value.n != 0)
			PUT(f->value.p, f->value.n);
		PUT("\n", 1);
	}
	hash = hash_bytes(key, p, n);
	PUT(&hash, sizeof(hash));
	return slice_make(p, n + sizeof(hash));
}

#undef PUT

static enum auth_verdict
asking_begin(struct asking *k)
{
	struct auth_try *t = k->wait.t;
	struct auth_cache_key key = { .auth = t->auth };

	if (t->auth->ttl_us == 0)
		return auth_question_begin(
		    &k->wait, SLICE_NONE, &k->head, SLICE_NONE);
	key.text = k->text = question_text(k);
	t->identity = auth_cache_find(t->q->env->auth_cache, &key);
	if (t->identity != NULL)
		return AUTH_OK;
	if (k->text.n != 0 && auth_question_join(&k->wait, k->text))
		return AUTH_WAIT;
	return auth_question_begin(&k->wait, k->text, &k->head, SLICE_NONE);
}

static enum auth_verdict
auth_forward_ask(struct auth_try *t)
{
	struct asking *k = arena_zalloc(&t->q->arena, sizeof(*k));
	struct field *fields =
	    arena_alloc(&t->q->arena, INQUIRY_FIELDS_MAX * sizeof(*fields));

	if (k == NULL || fields == NULL)
		return asking_bad(t, WHY_OVERLOADED);
	k->wait.t = t;
	k->wait.read = asking_read;
	k->head = (struct head){ .method_text = SLICE_LIT("GET"),
		.method = METHOD_GET,
		.target = img_slice(t->q->image, t->auth->path),
		.fields = fields };
	if (!question_forwarded(k))
		return asking_bad(t, WHY_HEAD_TOO_LARGE);
	if (k->head.count == 0 && !t->auth->always)
		return AUTH_NONE;
	return question_own(k) ? asking_begin(k)
			       : asking_bad(t, WHY_OVERLOADED);
}

const struct auth_ops auth_forward = {
	.scheme = AUTH_SCHEME_BEARER,
	.ask = auth_forward_ask,
	.forget = auth_question_forget,
};
