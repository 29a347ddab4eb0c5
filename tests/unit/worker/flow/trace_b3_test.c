/* Tests of trace_b3.c: B3 in one field and in several. */
#include <check.h>
#include <stdlib.h>

#include "common/base/hex.h"
#include "worker/flow/trace_context.h"

#define T "80f198ee56343ba864fe8b2a57d3eff7"
#define H "64fe8b2a57d3eff7" /* the half of it that older ones have */
#define S "e457b5a2e4d86bd1"
#define P "05e3ac9a4f6e3b90"
#define S0 "0000000000000000"

static const struct {
	const char *value;
	int said;       /* -1: refused */
	const char *id; /* NULL: but a decision */
} singles[] = {
	{ T "-" S "-1-" P, TRACE_YES, T },
	{ T "-" S "-0-" P, TRACE_NO, T },
	{ T "-" S "-d", TRACE_DEBUG, T },
	{ T "-" S, TRACE_UNSAID, T },
	{ H "-" S "-1", TRACE_YES, S0 H },
	{ "0", TRACE_NO, NULL },
	{ "1", TRACE_YES, NULL },
	{ "d", TRACE_DEBUG, NULL },
	{ "2", -1, NULL },
	{ "", -1, NULL },
	{ T, -1, NULL },
	{ T "-", -1, NULL },
	{ T "-" S "-", -1, NULL },
	{ T "-" S "-1-", -1, NULL },
	{ T "-" S "--" P, -1, NULL },
	{ T "-" S "-x", -1, NULL },
	{ T "-" S "-1-" S0, -1, NULL },
	{ T "-" S "-1-" P "-x", -1, NULL },
	{ T "-" S0 "-1", -1, NULL },
	{ S0 S0 "-" S "-1", -1, NULL },
	{ S0 "-" S "-1", -1, NULL },
	{ "80F198EE56343BA864FE8B2A57D3EFF7-" S, -1, NULL },
	{ "80f198ee56343ba864fe8b2a57d3eff-" S, -1, NULL },
};

static void
ck_ids(const struct trace_context *c, const char *id)
{
	char text[48];

	ck_assert_int_eq(trace_has_id(c->trace_id, 16), id != NULL);
	ck_assert_int_eq(trace_has_id(c->parent_id, 8), id != NULL);
	if (id == NULL)
		return;
	hex_write(c->trace_id, 16, text);
	hex_write(c->parent_id, 8, text + 32);
	ck_assert_mem_eq(text, id, 32);
	ck_assert_mem_eq(text + 32, S, 16);
}

START_TEST(single)
{
	struct trace_context c;
	bool good = trace_b3_parse(slice_str(singles[_i].value), &c);

	ck_assert_int_eq(good, singles[_i].said >= 0);
	if (!good)
		return;
	ck_assert_int_eq(c.said, singles[_i].said);
	ck_assert_int_eq(
	    c.flags, singles[_i].said >= TRACE_YES ? TRACE_SAMPLED : 0);
	ck_ids(&c, singles[_i].id);
}
END_TEST

/* ---- in several fields ---- */

static const struct {
	int said; /* -1: refused, or nothing there */
	const char *id;
	const char *fields[12];
} multis[] = {
	{ TRACE_YES, T,
	    { "X-B3-TraceId", T, "X-B3-SpanId", S, "X-B3-Sampled", "1" } },
	{ TRACE_NO, T,
	    { "x-b3-traceid", T, "x-b3-spanid", S, "x-b3-sampled", "0",
		"x-b3-parentspanid", P } },
	{ TRACE_UNSAID, S0 H, { "X-B3-TraceId", H, "X-B3-SpanId", S } },
	{ TRACE_DEBUG, T,
	    { "X-B3-TraceId", T, "X-B3-SpanId", S, "X-B3-Flags", "1" } },
	{ TRACE_DEBUG, T,
	    { "X-B3-TraceId", T, "X-B3-SpanId", S, "X-B3-Flags", "1",
		"X-B3-Sampled", "0" } },
	{ TRACE_NO, NULL, { "X-B3-Sampled", "0" } },
	{ TRACE_YES, NULL, { "X-B3-Sampled", "true" } },
	{ TRACE_NO, NULL, { "X-B3-Sampled", "False" } },
	{ TRACE_DEBUG, NULL, { "X-B3-Flags", "1" } },
	{ -1, NULL, { "X-B3-Flags", "0" } },
	{ -1, NULL, { "X-B3-Sampled", "d" } },
	{ -1, NULL, { "X-B3-Sampled", "2" } },
	{ -1, NULL, { "X-B3-TraceId", T } },
	{ -1, NULL, { "X-B3-SpanId", S, "X-B3-Sampled", "1" } },
	{ -1, NULL,
	    { "X-B3-TraceId", T, "X-B3-TraceId", T, "X-B3-SpanId", S } },
	{ -1, NULL, { "X-B3-TraceId", S0 S0, "X-B3-SpanId", S } },
	{ -1, NULL, { "X-B3-What", "1" } },
	{ -1, NULL, { "X-B3-", "1" } },
	{ -1, NULL, { "Host", "x" } },
};

static struct field fields[8];
static struct head head = { .fields = fields };

static void
add(const char *name, const char *value)
{
	head.fields[head.count++] = (struct field){ .name = slice_str(name),
		.value = slice_str(value) };
}

START_TEST(multi)
{
	const char *const *f = multis[_i].fields;
	struct trace_context c;
	bool good;

	head.count = 0;
	for (int i = 0; f[i] != NULL; i += 2)
		add(f[i], f[i + 1]);
	good = trace_read_b3_multi(&head, &c);
	ck_assert_int_eq(good, multis[_i].said >= 0);
	if (!good)
		return;
	ck_assert_int_eq(c.said, multis[_i].said);
	ck_ids(&c, multis[_i].id);
}
END_TEST

START_TEST(one_field_alone)
{
	struct trace_context c;

	head.count = 0;
	add("x-b3-traceid", T);
	add("bb", T "-" S);
	ck_assert(!trace_read_b3(&head, &c));
	add("B3", T "-" S);
	ck_assert(trace_read_b3(&head, &c));
	add("b3", T "-" S);
	ck_assert(!trace_read_b3(&head, &c));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("trace_b3");
	TCase *t = tcase_create("trace_b3");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(
	    t, single, 0, (int)(sizeof(singles) / sizeof(singles[0])));
	tcase_add_loop_test(
	    t, multi, 0, (int)(sizeof(multis) / sizeof(multis[0])));
	tcase_add_test(t, one_field_alone);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
