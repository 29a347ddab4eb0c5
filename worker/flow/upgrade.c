/*
 * upgrade.c - see upgrade.h.
 */
#include "worker/flow/upgrade.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include "common/base/must.h"

#define KEY_TEXT 24    /* 16 bytes in base64: */
#define KEY_DIGITS 22  /* these, and "==" */
#define ACCEPT_TEXT 28 /* a SHA-1 in base64 */

void
upgrade_init(void)
{
	/* A worker opens no files, its library's configuration neither. */
	MUST(OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) == 1);
}

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
	return slice_eq(version->value, SLICE_LIT("13"));
}

static bool
handshake_is_good(const struct head *h)
{
	const struct field *version =
	    field_single(h, FIELD_SEC_WEBSOCKET_VERSION);
	const struct field *key = field_single(h, FIELD_SEC_WEBSOCKET_KEY);

	if (version != NULL && !version_is_13(version))
		return true; /* whatever its handshake is */
	return version != NULL && key != NULL && key_is_good(key->value);
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

/* The request was of version 13, and this is the answer to its key. */
static bool
accept_fits(const struct head *request, const struct head *answer)
{
	const struct field *version =
	    field_single(request, FIELD_SEC_WEBSOCKET_VERSION);
	const struct field *key = head_find(request, FIELD_SEC_WEBSOCKET_KEY);
	const struct field *accept =
	    field_single(answer, FIELD_SEC_WEBSOCKET_ACCEPT);
	char want[ACCEPT_TEXT + 1];

	if (!version_is_13(version) || accept == NULL)
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

enum verdict
upgrade_request(struct req *q)
{
	const struct head *h = &q->head;

	if (!head_has(h, FIELD_UPGRADE) || !upgrade_may_ask(h))
		return GO_ON;
	q->up.upgrade = upgrade_offered(q, h);
	if (upgrade_is_websocket(q->up.upgrade) && !handshake_is_good(h)) {
		req_fail(q, WHY_BAD_HANDSHAKE);
		return DONE;
	}
	return GO_ON;
}

bool
upgrade_fits(const struct req *q, const struct head *h)
{
	const struct field *f = field_single(h, FIELD_UPGRADE);
	struct slice asked = q->up.upgrade;

	return h->version == HTTP_1_1 && f != NULL &&
	    slice_eq_nocase(f->value, asked) &&
	    head_nominated(h, SLICE_LIT("upgrade")) &&
	    (!upgrade_is_websocket(asked) || accept_fits(&q->head, h));
}
