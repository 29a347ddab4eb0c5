/*
 * otlp_kit.h - records, made by hand.
 */
#ifndef TESTS_UNIT_TOOLS_OTLP_KIT_H
#define TESTS_UNIT_TOOLS_OTLP_KIT_H

#include <check.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "common/http/http.h"
#include "shm/image.h"
#include "shm/record.h"
#include "tools/otlp_span.h"

#define KIT_WALL_US INT64_C(1700000000000000)

struct kit_record {
	alignas(8) char bytes[RECORD_MAX];
	struct record_view view;
};

/* A reason by its word. */
static inline uint8_t
kit_why(const char *word)
{
	static const char *const words[] = {
#define WHY(id, w, status, code, grpc, fault, title, help) w,
#include "worker/flow/why.def"
#undef WHY
	};
	uint8_t i = 0;

	while (strcmp(words[i], word) != 0)
		i++;
	return i;
}

static inline struct addr
kit_addr(const char *text)
{
	const char *why;
	struct addr a;

	ck_assert(addr_parse(text, &a, &why));
	return a;
}

/* With room for entries; texts are put behind them. */
static inline struct record_request *
kit_begin(struct kit_record *k, uint8_t attempts, uint8_t steps)
{
	struct record_request *q = (void *)k->bytes;

	memset(k, 0, sizeof(*k));
	q->head.kind = RECORD_REQUEST;
	q->head.wall_us = KIT_WALL_US;
	q->head.bytes =
	    (uint32_t)(sizeof(*q) + attempts * sizeof(struct record_attempt) +
		steps * sizeof(struct record_step));
	q->attempts_kept = attempts;
	q->attempts = attempts;
	q->steps = steps;
	q->grpc_status = -1;
	q->version = HTTP_1_1;
	q->method = METHOD_GET;
	q->flags = RECORD_SAMPLED;
	q->trace_flags = 1;
	q->client = q->peer = kit_addr("192.0.2.7:1234");
	memset(q->trace_id, 0xaa, sizeof(q->trace_id));
	memset(q->span_id, 0xbb, sizeof(q->span_id));
	for (uint8_t i = 0; i < attempts; i++) {
		struct record_attempt *a = (struct record_attempt *)(q + 1) + i;

		a->addr = kit_addr("10.0.0.1:9001");
		memset(a->span_id, 0xc0 + i, sizeof(a->span_id));
	}
	return q;
}

static inline struct record_attempt *
kit_attempt(struct kit_record *k, uint8_t i)
{
	return (struct record_attempt *)((struct record_request *)(void *)
					     k->bytes +
		   1) +
	    i;
}

static inline struct record_step *
kit_step(struct kit_record *k, uint8_t i)
{
	const struct record_request *q = (const void *)k->bytes;

	return (struct record_step *)kit_attempt(k, q->attempts_kept) + i;
}

/* Before those that come later in the order of texts. */
static inline void
kit_text(struct kit_record *k, enum record_text t, const char *s)
{
	struct record_request *q = (void *)k->bytes;
	size_t n = strlen(s), behind = 0;
	char *to;

	for (int i = t; i < RECORD_TEXTS; i++)
		behind += q->text_bytes[i];
	to = k->bytes + q->head.bytes - behind;
	memmove(to + n, to, behind);
	memcpy(to, s, n);
	q->text_bytes[t] = (uint16_t)(q->text_bytes[t] + n);
	q->head.bytes += (uint32_t)n;
}

static inline const struct record_view *
kit_end(struct kit_record *k)
{
	struct record_request *q = (void *)k->bytes;

	q->head.bytes = (q->head.bytes + 7) & ~7u;
	ck_assert(record_view(&k->view, k->bytes, q->head.bytes));
	return &k->view;
}

#endif
