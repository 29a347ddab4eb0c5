/*
 * upgrade.c - see upgrade.h.
 */
#include "worker/flow/upgrade.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include "common/base/must.h"

#define KEY_BYTES 16
#define KEY_TEXT 24    /* 16 bytes in base64: */
#define KEY_DIGITS 22  /* these, and "==" */
#define ACCEPT_TEXT 28 /* a SHA-1 in base64 */

bool
upgrade_is_websocket(struct slice protocol)
{
	return slice_eq_nocase(protocol, SLICE_LIT("websocket"));
}

/* ---- names of protocols ---- */

/* protocol = name ["/" version]; routes list names. */
static bool
upgrade_listed(const struct req *q, struct slice protocol)
{
	const struct img_span *span = &q->match.route->upgrades;
	const struct img_str *names = img_at(q->image, span->off);
	const char *slash = memchr(protocol.p, '/', protocol.n);
	struct slice name = protocol;

	if (slash != NULL) {
		name.n = (size_t)(slash - protocol.p);
		/* WebSocket says its version elsewhere. */
		if (!http_is_token(slice_skip(protocol, name.n + 1)) ||
		    upgrade_is_websocket(name))
			return false;
	}
	for (uint32_t i = 0; i < span->count; i++)
		if (slice_eq_nocase(name, img_slice(q->image, names[i])))
			return true;
	return false;
}

struct slice
upgrade_offered(const struct req *q, const struct head *h)
{
	for (uint32_t i = 0; i < h->count; i++) {
		struct slice protocol;
		size_t at = 0;

		if (h->fields[i].id != FIELD_UPGRADE)
			continue;
		while (head_list_next(h->fields[i].value, &at, &protocol))
			if (upgrade_listed(q, protocol))
				return protocol;
	}
	return SLICE_NONE;
}

/* ---- the handshake of WebSocket ---- */

/* The field with this id, if there is exactly one. */
static const struct field *
field_single(const struct head *h, enum field_id id)
{
	const struct field *found = NULL;

	for (uint32_t i = 0; i < h->count; i++) {
		if (h->fields[i].id != id)
			continue;
		if (found != NULL)
			return NULL;
		found = &h->fields[i];
	}
	return found;
}

/* Bits of the last digit that stand for nothing may be set, as in RFC 6455. */
static bool
key_is_good(struct slice key)
{
	if (key.n != KEY_TEXT || key.p[KEY_DIGITS] != '=' ||
	    key.p[KEY_DIGITS + 1] != '=')
		return false;
	for (size_t i = 0; i < KEY_DIGITS; i++) {
		char c = ascii_lower(key.p[i]);

		if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '+' &&
		    c != '/')
			return false;
	}
	return true;
}

static bool
version_is_13(const struct field *version)
{
	return version != NULL && slice_eq(version->value, SLICE_LIT("13"));
}

static bool
handshake_is_good(const struct head *h)
{
	const struct field *version =
	    field_single(h, FIELD_SEC_WEBSOCKET_VERSION);
	const struct field *key = field_single(h, FIELD_SEC_WEBSOCKET_KEY);

	if (version == NULL)
		return false;
	/* Of another version: whatever its handshake is. */
	return !version_is_13(version) || h->version == HTTP_2 ||
	    (key != NULL && key_is_good(key->value));
}

/* RFC 6455 4.2.2: what proves that the server has understood the key. */
static void
accept_make(struct slice key, char accept[ACCEPT_TEXT + 1])
{
	static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	unsigned char digest[SHA_DIGEST_LENGTH];
	char text[KEY_TEXT + sizeof(guid) - 1];

	MUST(key.n == KEY_TEXT);
	memcpy(text, key.p, KEY_TEXT);
	memcpy(text + KEY_TEXT, guid, sizeof(guid) - 1);
	MUST(SHA1((const unsigned char *)text, sizeof(text), digest) != NULL);
	EVP_EncodeBlock((unsigned char *)accept, digest, sizeof(digest));
}

static void
fields_remove(struct head *h, enum field_id id)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < h->count; i++)
		if (h->fields[i].id != id)
			h->fields[kept++] = h->fields[i];
	h->count = kept;
	h->present &= ~(UINT64_C(1) << id);
}

/* Of 16 bytes that cannot be guessed. */
static bool
key_make(struct req *q)
{
	unsigned char bytes[KEY_BYTES];
	char *text = arena_alloc(&q->arena, KEY_TEXT + 1);

	if (text == NULL || RAND_bytes(bytes, sizeof(bytes)) != 1)
		return false;
	EVP_EncodeBlock((unsigned char *)text, bytes, sizeof(bytes));
	fields_remove(&q->up, FIELD_SEC_WEBSOCKET_KEY);
	head_add(&q->up, FIELD_SEC_WEBSOCKET_KEY, slice_make(text, KEY_TEXT));
	return true;
}

static bool
handshake_is_13(const struct head *h)
{
	return version_is_13(field_single(h, FIELD_SEC_WEBSOCKET_VERSION));
}

/* The request was of version 13, and this is the answer to its key. */
static bool
accept_fits(const struct req *q, const struct head *answer)
{
	/* A client of HTTP/2 has none: that which was made for it. */
	const struct head *asked =
	    q->head.version == HTTP_2 ? &q->up : &q->head;
	const struct field *key = head_find(asked, FIELD_SEC_WEBSOCKET_KEY);
	const struct field *accept =
	    field_single(answer, FIELD_SEC_WEBSOCKET_ACCEPT);
	char want[ACCEPT_TEXT + 1];

	if (accept == NULL || key == NULL || key->value.n != KEY_TEXT)
		return false;
	accept_make(key->value, want);
	return slice_eq(accept->value, slice_make(want, ACCEPT_TEXT));
}

/* ---- the request, and its answer ---- */

/*
 * HTTP/1.0 cannot ask (RFC 9110 7.8). Other methods could, but what they do is
 * done by then, and a body would stand between the two protocols.
 */
static bool
upgrade_may_ask(const struct head *h)
{
	return h->version == HTTP_1_1 && h->method == METHOD_GET &&
	    h->body == BODY_NONE && head_nominated(h, SLICE_LIT("upgrade"));
}

bool
upgrade_refuses(struct req *q)
{
	if (q->head.upgrade.n == 0 ||
	    (q->match.route->upgrades.count != 0 &&
		upgrade_listed(q, q->head.upgrade)))
		return false;
	req_fail_with(q, WHY_NOT_IMPLEMENTED,
	    "The route does not list the protocol that is asked for.", NULL);
	return true;
}

/* What is asked for, as each version of HTTP says it; else none. */
static struct slice
upgrade_asked(const struct req *q)
{
	const struct head *h = &q->head;

	if (h->upgrade.n != 0)
		return h->upgrade;
	if (!head_has(h, FIELD_UPGRADE) || !upgrade_may_ask(h))
		return SLICE_NONE;
	return upgrade_offered(q, h);
}

enum verdict
upgrade_request(struct req *q)
{
	q->up.upgrade = upgrade_asked(q);
	if (!upgrade_is_websocket(q->up.upgrade))
		return GO_ON;
	if (!handshake_is_good(&q->head)) {
		req_fail(q, WHY_BAD_HANDSHAKE);
		return DONE;
	}
	if (q->head.version == HTTP_2 && !key_make(q)) {
		req_fail(q, WHY_OVERLOADED);
		return DONE;
	}
	return GO_ON;
}

bool
upgrade_fits(const struct req *q, const struct head *h)
{
	const struct field *f = field_single(h, FIELD_UPGRADE);
	struct slice asked = q->up.upgrade;
	bool websocket = upgrade_is_websocket(asked);

	if (websocket && !handshake_is_13(&q->head))
		return false;
	if (h->version == HTTP_2)
		return true;
	return h->version == HTTP_1_1 && f != NULL &&
	    slice_eq_nocase(f->value, asked) &&
	    head_nominated(h, SLICE_LIT("upgrade")) &&
	    (!websocket || accept_fits(q, h));
}

void
upgrade_answer(struct req *q, struct head *h, uint32_t room)
{
	const struct field *key = head_find(&q->head, FIELD_SEC_WEBSOCKET_KEY);
	bool is_h2 = h->version == HTTP_2;
	char *accept;

	h->upgrade = q->up.upgrade;
	if (!upgrade_is_websocket(h->upgrade))
		return;
	if (is_h2 || q->head.version == HTTP_2)
		fields_remove(h, FIELD_SEC_WEBSOCKET_ACCEPT);
	if (!is_h2 || q->head.version == HTTP_2 || h->count == room)
		return;
	accept = arena_alloc(&q->arena, ACCEPT_TEXT + 1);
	if (accept == NULL)
		return;
	accept_make(key->value, accept);
	head_add(
	    h, FIELD_SEC_WEBSOCKET_ACCEPT, slice_make(accept, ACCEPT_TEXT));
}
