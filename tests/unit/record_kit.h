/*
 * record_kit.h - records as workers write them, put together from parts.
 */
#ifndef TESTS_UNIT_RECORD_KIT_H
#define TESTS_UNIT_RECORD_KIT_H

#include <stdalign.h>

#include "common/base/must.h"
#include "common/http/http.h"
#include "shm/record.h"

struct record_kit {
	struct record_request q; /* without what is below */
	struct slice text[RECORD_TEXTS];
	struct record_attempt attempts[RECORD_ATTEMPTS_MAX];
	struct {
		struct slice name, value;
		bool answer;
	} fields[RECORD_FIELDS_MAX];
	alignas(8) char bytes[RECORD_MAX];
	struct record_view view; /* by record_kit_make */
};

/* 2026-11-28T23:07:12.345678Z */
#define RECORD_KIT_WALL INT64_C(1795907232345678)

/* A request like many others. */
static inline void
record_kit_init(struct record_kit *k)
{
	*k = (struct record_kit){
		.q = { .head = { .kind = RECORD_REQUEST,
			   .seq = 1,
			   .wall_us = RECORD_KIT_WALL },
		    .generation = 7,
		    .trace_id = { 0x4b, 0xf9, 0x2f, 0x35, 0x77, 0xb3, 0x4d,
			0xa6, 0xa3, 0xce, 0x92, 0x9d, 0x0e, 0x0e, 0x47, 0x36 },
		    .status = 200,
		    .version = HTTP_1_1,
		    .method = METHOD_GET,
		    .grpc_status = -1,
		    .bytes_in = 0,
		    .bytes_out = 5120,
		    .duration_us = 12345,
		    .head_us = 12000,
		    .upstream_us = 11900,
		    .last = 255,
		    .attempts_kept = 1,
		    .attempts = 1 },
		.text = { [RECORD_ROUTE] = SLICE_LIT("user"),
		    [RECORD_SERVICE] = SLICE_LIT("users"),
		    [RECORD_ID] = SLICE_LIT("01j9z8y7x6w5v4u3t2s1r0qpon"),
		    [RECORD_USER] = SLICE_LIT("u-1000"),
		    [RECORD_TENANT] = SLICE_LIT("t1"),
		    [RECORD_METHOD] = SLICE_LIT("GET"),
		    [RECORD_HOST] = SLICE_LIT("api.example.com"),
		    [RECORD_PATH] = SLICE_LIT("/api/v1/users/1000/orders"),
		    [RECORD_REFERER] = SLICE_LIT("https://shop.example/cart"),
		    [RECORD_AGENT] =
			SLICE_LIT("Mozilla/5.0 (X11; Linux x86_64) "
				  "AppleWebKit/537.36 (KHTML, like Gecko) "
				  "Chrome/131.0.0.0 Safari/537.36") },
	};
	MUST(addr_parse_ip(SLICE_LIT("192.0.2.44"), &k->q.client));
	MUST(addr_parse_ip(SLICE_LIT("10.1.2.3"), &k->attempts[0].addr));
	k->attempts[0].addr.port = 9001;
}

static inline void
record_kit_field(
    struct record_kit *k, const char *name, const char *value, bool answer)
{
	unsigned i = k->q.fields++;

	k->fields[i].name = slice_str(name);
	k->fields[i].value = slice_str(value);
	k->fields[i].answer = answer;
}

/* Puts s behind the others; clipped to what is left. */
static inline struct record_str
record_kit_put(struct record_kit *k, size_t *at, struct slice s)
{
	struct record_str r = { (uint16_t)*at, 0 };

	if (s.n > RECORD_MAX - 8 - *at)
		s.n = RECORD_MAX - 8 - *at;
	if (s.n != 0)
		memcpy(k->bytes + *at, s.p, s.n);
	r.len = (uint16_t)s.n;
	*at += s.n;
	return r;
}

/* Lays the record out in k->bytes, and the view of it. */
static inline void
record_kit_make(struct record_kit *k)
{
	struct record_request *q = (void *)k->bytes;
	struct record_attempt *a = (void *)(q + 1);
	struct record_field *f = (void *)(a + k->q.attempts_kept);
	size_t at = (size_t)((char *)(f + k->q.fields) - k->bytes);

	memset(k->bytes, 0, sizeof(k->bytes));
	*q = k->q;
	memcpy(a, k->attempts, k->q.attempts_kept * sizeof(*a));
	for (int i = 0; i < RECORD_TEXTS; i++)
		q->text_bytes[i] = record_kit_put(k, &at, k->text[i]).len;
	for (unsigned i = 0; i < k->q.fields; i++) {
		f[i].name = record_kit_put(k, &at, k->fields[i].name);
		f[i].value = record_kit_put(k, &at, k->fields[i].value);
		f[i].answer = k->fields[i].answer;
	}
	q->head.bytes = (uint32_t)(at + 7) & ~7u;
	MUST(record_view(&k->view, k->bytes, q->head.bytes));
}

#endif
