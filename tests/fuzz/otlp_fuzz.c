/*
 * otlp_fuzz.c - any bytes as the answer of a receiver of traces, in either
 * encoding; and any bytes as texts in a span: what is written can be read.
 */
#include <stdlib.h>

#include "common/base/json_read.h"
#include "common/base/must.h"
#include "common/base/utf8.h"
#include "tools/otlp_encoding.h"
#include "tools/otlp_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_answer(const struct otlp_encoding *e, struct slice bytes)
{
	struct otlp_answer a;

	if (!e->answer(bytes, &a))
		return;
	MUST(memchr(a.message, '\0', sizeof(a.message)) != NULL);
	for (const char *p = a.message; *p != '\0'; p++)
		MUST(*p >= ' ' && *p <= '~');
}

static void
check_utf8(struct slice s)
{
	while (s.n != 0) {
		size_t n = utf8_sequence(s);

		MUST(n != 0);
		s = slice_skip(s, n);
	}
}

static struct slice
field_of(struct slice message, uint32_t number)
{
	struct wire_field f;

	while (wire_next(&message, &f))
		if (f.number == number)
			return f.bytes;
	MUST(false);
	return SLICE_NONE;
}

static void
check_written(struct slice bytes)
{
	static const uint8_t id[16] = { 1 };
	static struct otlp_span span;
	const struct otlp_resource r = { span.attr, 1 };
	struct json_value v;
	struct text spans, body;
	struct slice one;

	text_init(&spans);
	text_init(&body);
	span = (struct otlp_span){ .trace_id = id,
		.name = bytes,
		.attrs = 1,
		.attr = { { .key = SLICE_LIT("k"), .text = bytes } } };
	otlp_proto.span(&spans, &span);
	otlp_proto.body(&body, &r, text_slice(&spans));
	one = field_of(field_of(field_of(text_slice(&body), 1), 2), 2);
	check_utf8(field_of(one, 5));
	check_utf8(field_of(field_of(field_of(one, 9), 2), 1));
	text_clear(&spans);
	text_clear(&body);
	otlp_json.span(&spans, &span);
	MUST(json_read_check(text_slice(&spans), &v) ||
	    memchr(bytes.p, '\0', bytes.n) != NULL);
	text_fini(&spans);
	text_fini(&body);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size + 1); /* its end is watched */
	struct slice bytes = { copy + 1, size };

	if (size != 0)
		memcpy(copy + 1, data, size);
	check_answer(&otlp_proto, bytes);
	check_answer(&otlp_json, bytes);
	check_written(bytes);
	free(copy);
	return 0;
}
