/*
 * limiter_key.c - see limiter_key.h.
 */
#include "shm/limiter_key.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

#include "common/base/hash.h"
#include "common/base/must.h"

#define V4_BYTES 4
#define V6_BYTES 8 /* of an address that count: its /64 */
#define PART_DIGEST 255
#define DIGEST_BYTES 16
#define PART_HEAD 2 /* {part:8, n:8} */
#define DIGEST_MAX EVP_MAX_MD_SIZE

/* ---- making ---- */

void
limiter_key_begin(struct limiter_key_maker *m, uint64_t limit)
{
	m->limit = limit;
	m->n = 0;
}

void
limiter_key_add(struct limiter_key_maker *m, uint8_t part, struct slice value)
{
	MUST(m->n < LIMITER_KEY_PARTS);
	m->part[m->n] = part;
	m->value[m->n++] = value;
}

/* What of the address counts, to `ip`; returns how much that is. */
static inline uint8_t
address_put(const struct addr *a, uint8_t ip[V6_BYTES])
{
	if (a->is_v6) {
		memcpy(ip, a->ip, V6_BYTES);
		return V6_BYTES;
	}
	memcpy(ip, a->ip + sizeof(a->ip) - V4_BYTES, V4_BYTES);
	return V4_BYTES;
}

void
limiter_key_add_address(struct limiter_key_maker *m, const struct addr *a)
{
	uint8_t *ip;
	size_t n;

	MUST(m->n < LIMITER_KEY_PARTS);
	ip = m->ip[m->n];
	n = address_put(a, ip);
	limiter_key_add(m, IMG_LIMIT_ADDRESS, slice_make((const char *)ip, n));
}

static bool
maker_digest_with(
    const struct limiter_key_maker *m, EVP_MD_CTX *ctx, uint8_t *digest)
{
	if (EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1)
		return false;
	for (uint32_t i = 0; i < m->n; i++) {
		uint32_t n = (uint32_t)m->value[i].n;
		uint8_t head[] = { m->part[i], (uint8_t)n, (uint8_t)(n >> 8),
			(uint8_t)(n >> 16), (uint8_t)(n >> 24) };

		if (EVP_DigestUpdate(ctx, head, sizeof(head)) != 1 ||
		    EVP_DigestUpdate(ctx, m->value[i].p, n) != 1)
			return false;
	}
	return EVP_DigestFinal_ex(ctx, digest, NULL) == 1;
}

/* Without memory, all that are too long are counted together. */
static void
maker_digest(const struct limiter_key_maker *m, struct limiter_key *out)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t digest[DIGEST_MAX] = { 0 };

	if (ctx == NULL || !maker_digest_with(m, ctx, digest))
		ERR_clear_error();
	EVP_MD_CTX_free(ctx);
	out->n = PART_HEAD + DIGEST_BYTES;
	out->bytes[0] = PART_DIGEST;
	out->bytes[1] = DIGEST_BYTES;
	memcpy(out->bytes + PART_HEAD, digest, DIGEST_BYTES);
}

static void
maker_copy(const struct limiter_key_maker *m, struct limiter_key *out)
{
	for (uint32_t i = 0; i < m->n; i++) {
		const struct slice *v = &m->value[i];

		out->bytes[out->n++] = m->part[i];
		out->bytes[out->n++] = (uint8_t)v->n;
		memcpy(out->bytes + out->n, v->p, v->n);
		out->n = (uint8_t)(out->n + v->n);
	}
}

uint64_t
limiter_key_hash(const struct region *r, const struct limiter_key *key)
{
	const struct shm_header *h = &r->state->header;

	return hash_word_bytes((struct hash_key){ h->hash_k0, h->hash_k1 },
	    key->limit, key->bytes, key->n);
}

void
limiter_key_end(const struct region *r, struct limiter_key_maker *m,
    struct limiter_key *out)
{
	size_t n = 0;

	*out = (struct limiter_key){ .limit = m->limit };
	for (uint32_t i = 0; i < m->n; i++)
		n += PART_HEAD + m->value[i].n;
	if (n > LIMITER_KEY_BYTES)
		maker_digest(m, out);
	else
		maker_copy(m, out);
	out->hash = limiter_key_hash(r, out);
}

/* As the maker would, of what there is the most of. */
void
limiter_key_address(const struct region *r, uint64_t limit,
    const struct addr *a, struct limiter_key *out)
{
	*out = (struct limiter_key){ .limit = limit };
	out->bytes[0] = IMG_LIMIT_ADDRESS;
	out->bytes[1] = address_put(a, out->bytes + PART_HEAD);
	out->n = (uint8_t)(PART_HEAD + out->bytes[1]);
	out->hash = limiter_key_hash(r, out);
}

/* ---- showing ---- */

/* What is being written, with an end that is not passed. */
struct text {
	char *p;
	size_t n, size;
};

static void
text_put(struct text *t, const char *p, size_t n)
{
	if (n < t->size - t->n) {
		memcpy(t->p + t->n, p, n);
		t->n += n;
	}
}

static void
text_put_byte(struct text *t, uint8_t c)
{
	static const char hex[] = "0123456789abcdef";
	const char coded[] = { '%', hex[c >> 4], hex[c & 15] };

	if (c > ' ' && c < 0x7f && c != '%')
		text_put(t, (const char *)&c, 1);
	else
		text_put(t, coded, sizeof(coded));
}

static void
text_put_address(struct text *t, const uint8_t *p, size_t n)
{
	char buf[ADDR_TEXT_MAX];
	uint8_t ip[16] = { 0 };
	struct addr a;

	memcpy(ip, p, n);
	addr_from_bytes(ip, n == V4_BYTES ? V4_BYTES : sizeof(ip), 0, &a);
	text_put(t, buf, addr_ip_text(&a, buf));
	if (n != V4_BYTES)
		text_put(t, "/64", 3);
}

static void
text_put_part(struct text *t, uint8_t part, const uint8_t *p, size_t n)
{
	if (part == IMG_LIMIT_ADDRESS && (n == V4_BYTES || n == V6_BYTES)) {
		text_put_address(t, p, n);
		return;
	}
	if (part == PART_DIGEST)
		text_put(t, "sha256:", 7);
	for (size_t i = 0; i < n; i++) {
		static const char hex[] = "0123456789abcdef";
		const char two[] = { hex[p[i] >> 4], hex[p[i] & 15] };

		if (part == PART_DIGEST)
			text_put(t, two, sizeof(two));
		else
			text_put_byte(t, p[i]);
	}
}

size_t
limiter_key_text(const struct limiter_key *key, char *out, size_t size)
{
	struct text t = { .p = out, .size = size };
	size_t at = 0;

	MUST(size != 0 && key->n <= LIMITER_KEY_BYTES);
	if (key->n == 0)
		text_put(&t, "all", 3);
	while (at + PART_HEAD <= key->n) {
		const uint8_t *part = key->bytes + at;
		size_t n = part[1];

		if (at != 0)
			text_put(&t, ",", 1);
		at += PART_HEAD;
		if (n > key->n - at)
			n = key->n - at;
		text_put_part(&t, part[0], part + PART_HEAD, n);
		at += n;
	}
	out[t.n] = '\0';
	return t.n;
}
