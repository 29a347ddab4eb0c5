/*
 * probe_kit.h - images with a health_check, made by hand, for the tests of
 * probes.
 */
#ifndef TESTS_UNIT_MASTER_PROBE_KIT_H
#define TESTS_UNIT_MASTER_PROBE_KIT_H

#include "tests/unit/shm/fixture.h"

#include "master/probe_rule.h"

#define KIT_HEADERS_MAX 4
#define KIT_RANGES_MAX 4

struct kit_service {
	const char *name, *host;
	enum img_check type;
	const char *path, *check_host, *body;
	const char *headers[KIT_HEADERS_MAX][2];
	struct img_range expect[KIT_RANGES_MAX]; /* none: 200-299 */
	uint32_t healthy, unhealthy;             /* 0: 2, 3 */
	uint64_t interval_us, timeout_us;        /* 0: 20 ms, 20 s */
	uint16_t port;
	bool head, regex, h2;
	const char *grpc;
	struct tls_client *tls; /* the policy that the rule gets */
	uint8_t tls_out;        /* in the image: all bytes of its hash */
	const char *tls_name;
	uint32_t slot; /* of the registry */
};

struct kit_block {
	char *base;
	uint32_t at, size;
};

static inline uint32_t
kit_room(struct kit_block *b, size_t bytes)
{
	uint32_t at = b->at;

	b->at = (at + (uint32_t)bytes + 7) & ~7u;
	ck_assert_uint_le(b->at, b->size);
	return at;
}

static inline struct img_str
kit_str(struct kit_block *b, const char *text)
{
	uint32_t n = text != NULL ? (uint32_t)strlen(text) : 0;
	uint32_t at = kit_room(b, n);

	if (n != 0)
		memcpy(b->base + at, text, n);
	return (struct img_str){ at, n };
}

static inline struct img_span
kit_headers(struct kit_block *b, const struct kit_service *k)
{
	struct img_probe_header *h;
	uint32_t n = 0, at;

	while (n < KIT_HEADERS_MAX && k->headers[n][0] != NULL)
		n++;
	at = kit_room(b, n * sizeof(*h));
	h = (void *)(b->base + at);
	for (uint32_t i = 0; i < n; i++) {
		h[i].name = kit_str(b, k->headers[i][0]);
		h[i].value = kit_str(b, k->headers[i][1]);
	}
	return (struct img_span){ at, n };
}

static inline struct img_span
kit_expect(struct kit_block *b, const struct kit_service *k)
{
	static const struct img_range fine[] = { { 200, 299 } };
	const struct img_range *from = k->expect;
	uint32_t n = 0, at;

	while (n < KIT_RANGES_MAX && from[n].from != 0)
		n++;
	if (n == 0) {
		from = fine;
		n = 1;
	}
	at = kit_room(b, n * sizeof(*from));
	memcpy(b->base + at, from, n * sizeof(*from));
	return (struct img_span){ at, n };
}

static inline void
kit_fill(
    struct kit_block *b, struct img_service *s, const struct kit_service *k)
{
	s->name = kit_str(b, k->name);
	s->host = kit_str(b, k->host);
	s->slot = k->slot;
	s->protocol = k->h2 ? IMG_PROTOCOL_H2 : IMG_PROTOCOL_H1;
	s->check = (struct img_health_check){
		.type = k->type,
		.healthy = k->healthy != 0 ? k->healthy : 2,
		.unhealthy = k->unhealthy != 0 ? k->unhealthy : 3,
		.port = k->port,
		.head = k->head,
		.interval_us = k->interval_us != 0 ? k->interval_us : 20000,
		.timeout_us = k->timeout_us != 0 ? k->timeout_us : 20000000,
		.path = kit_str(b, k->path != NULL ? k->path : "/"),
		.host = kit_str(b, k->check_host),
		.headers = kit_headers(b, k),
		.expect = kit_expect(b, k),
		.body = kit_str(b, k->body),
		.body_regex = k->regex,
		.grpc = kit_str(b, k->grpc),
	};
}

/* TLS that believes everybody, where a service has any. */
static inline void
kit_secure(struct kit_block *b, struct img_head *img, struct img_service *s,
    const struct kit_service *k, uint32_t n)
{
	uint32_t at = kit_room(b, n * sizeof(struct img_tls_out));
	struct img_tls_out *out = (void *)(b->base + at);

	img->tls_outs = (struct img_span){ at, n };
	for (uint32_t i = 0; i < n; i++) {
		out[i] = (struct img_tls_out){ .min_version = 0x0303,
			.trust = IMG_NONE,
			.identity = IMG_NONE,
			.server_name = kit_str(b, k[i].tls_name) };
		memset(out[i].hash, k[i].tls_out, sizeof(out[i].hash));
		s[i].tls = k[i].tls_out != 0 ? i : IMG_NONE;
	}
}

/* Writes an image of n services into a block of `size` zero bytes. */
static inline struct img_head *
kit_write(char *base, uint32_t size, const struct kit_service *k, uint32_t n)
{
	struct kit_block b = { base, sizeof(struct img_head), size };
	struct img_head *img = (void *)base;
	struct img_service *s;
	uint32_t at;

	memset(base, 0, size);
	img->magic = IMG_MAGIC;
	img->bytes = size;
	at = kit_room(&b, n * sizeof(*s));
	img->services = (struct img_span){ at, n };
	s = (void *)(base + at);
	for (uint32_t i = 0; i < n; i++)
		kit_fill(&b, &s[i], &k[i]);
	kit_secure(&b, img, s, k, n);
	return img;
}

static inline void
kit_publish(struct region *r, const struct kit_service *k, uint32_t n)
{
	uint32_t size = 16384;
	int slot;

	(void)epoch_reclaim(r);
	slot = epoch_build(r, size, 0);
	ck_assert_int_ge(slot, 0);
	(void)kit_write(epoch_build_at(r, slot), size, k, n);
	(void)epoch_publish(r, slot);
}

/* The rule of one service. */
static inline struct probe_rule *
kit_rule(const struct kit_service *k)
{
	static _Alignas(8) char block[4096];
	struct img_head *img = kit_write(block, sizeof(block), k, 1);
	struct probe_rule *rule;
	struct text t;

	text_init(&t);
	probe_rule_describe(&t, img, img_at(img, img->services.off));
	rule = probe_rule_new(text_slice(&t), k->tls);
	text_fini(&t);
	return rule;
}

#endif
