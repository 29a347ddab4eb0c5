/*
 * Tests of trace_context.c: what is a traceparent and a tracestate, and what is
 * none.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/hex.h"
#include "worker/flow/trace_context.h"

#define T "4bf92f3577b34da6a3ce929d0e0e4736"
#define S "00f067aa0ba902b7"
#define T0 "00000000000000000000000000000000"
#define S0 "0000000000000000"

static const struct {
	const char *value;
	int flags; /* -1: refused */
} parents[] = {
	{ "00-" T "-" S "-01", 1 },
	{ "00-" T "-" S "-00", 0 },
	{ "00-" T "-" S "-03", 3 },
	{ "00-" T "-" S "-02", 2 },
	{ "00-" T "-" S "-ff", 3 }, /* what is not known is not passed on */
	{ "00-" T "-" S "-fc", 0 },
	{ "01-" T "-" S "-01", 1 },
	{ "cc-" T "-" S "-01-what-the-future-will-be-like", 1 },
	{ "01-" T "-" S "-01-", 1 },
	{ "01-" T "-" S "-01.", -1 },
	{ "01-" T "-" S "-0", -1 },
	{ "ff-" T "-" S "-01", -1 },
	{ "00-" T "-" S "-01-", -1 },
	{ "00-" T "-" S "-01-x", -1 },
	{ "00-" T "-" S "-1", -1 },
	{ "00-" T "-" S "-", -1 },
	{ "00-" T0 "-" S "-01", -1 },
	{ "00-" T "-" S0 "-01", -1 },
	{ "00-" T "-" S "-0G", -1 },
	{ "0x-" T "-" S "-01", -1 },
	{ "0A-" T "-" S "-01", -1 },
	{ "00-4BF92F3577B34DA6A3CE929D0E0E4736-" S "-01", -1 },
	{ "00-" T "-00F067AA0BA902B7-01", -1 },
	{ "00-" T "-" S "-0A", -1 },
	{ "00_" T "-" S "-01", -1 },
	{ "00-" T "_" S "-01", -1 },
	{ "00-" T "-" S "_01", -1 },
	{ "00-" T "-" S "-01 ", -1 },
	{ "00-4bf92f3577b34da6a3ce929d0e0e473-" S "-011", -1 },
	{ "00-" T, -1 },
	{ "", -1 },
};

START_TEST(parent)
{
	struct trace_context c;
	char ids[48];

	ck_assert_int_eq(trace_parent_parse(slice_str(parents[_i].value), &c),
	    parents[_i].flags >= 0);
	if (parents[_i].flags < 0)
		return;
	hex_write(c.trace_id, sizeof(c.trace_id), ids);
	hex_write(c.parent_id, sizeof(c.parent_id), ids + 32);
	ck_assert_mem_eq(ids, T S, 48);
	ck_assert_int_eq(c.flags, parents[_i].flags);
	ck_assert_int_eq(
	    c.said, (c.flags & TRACE_SAMPLED) != 0 ? TRACE_YES : TRACE_NO);
}
END_TEST

/* ---- fields ---- */

static struct field fields[40];
static struct head head = { .fields = fields };

static void
add(enum field_id id, const char *value)
{
	head_add(&head, id, slice_str(value));
}

static void
clear(void)
{
	head.count = 0;
	head.present = 0;
}

START_TEST(one_field_alone)
{
	struct trace_context c;

	ck_assert(!trace_read_w3c(&head, &c));
	add(FIELD_HOST, "x");
	add(FIELD_TRACEPARENT, "00-" T "-" S "-01");
	ck_assert(trace_read_w3c(&head, &c));
	add(FIELD_TRACEPARENT, "00-" T "-" S "-01");
	ck_assert(!trace_read_w3c(&head, &c));
	clear();
}
END_TEST

static char room[4096];
static struct arena arena;

/* What comes of these fields; NULL ends them. */
static void
ck_state(const char *const *values, const char *want)
{
	struct slice got;

	arena_init(&arena, room, sizeof(room), 0);
	for (int i = 0; values[i] != NULL; i++)
		add(FIELD_TRACESTATE, values[i]);
	got = trace_read_state(&head, &arena);
	ck_assert_msg(slice_eq(got, slice_str(want)), "%.*s", SLICE_FMT(got));
	arena_fini(&arena);
	clear();
}

#define CK_STATE(want, ...) \
	ck_state((const char *const[]){ __VA_ARGS__, NULL }, want)

START_TEST(states)
{
	CK_STATE("a=1", "a=1");
	CK_STATE("a=1,b=2", "a=1,b=2");
	CK_STATE("a=1,b=2,c=3", "a=1,b=2", "c=3");
	CK_STATE("a=1,b=2", "a=1 ,\t b=2,");
	CK_STATE("a=1,b=2", ",a=1,,b=2");
	CK_STATE("0ab_-*/@x=a b~!", "0ab_-*/@x=a b~!");
	CK_STATE("fw529a3039@dt=FfAKtmQv", "fw529a3039@dt=FfAKtmQv");
	CK_STATE("", "");
	CK_STATE("", " , ,");
	CK_STATE("", "A=1");
	CK_STATE("", "a");
	CK_STATE("", "a=");
	CK_STATE("", "=1");
	CK_STATE("", "_a=1");
	CK_STATE("", "a =1");
	CK_STATE("", "a=1=2");
	CK_STATE("", "a=\x7f");
	CK_STATE("", "a=1", "b");
}
END_TEST

START_TEST(many_members)
{
	char text[256];
	size_t n = 0;

	for (int i = 0; i < 32; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%sk%d=v",
		    i != 0 ? "," : "", i);
	CK_STATE(text, text);
	CK_STATE("", text, "k32=v");
}
END_TEST

/* Large members go first, then the last ones. */
START_TEST(long_states)
{
	char large[258], longer[264], middle[124], one[300];

	memset(large, 'l', sizeof(large));
	memcpy(large, "l=", 2);
	large[257] = '\0';
	memset(middle, 'm', sizeof(middle));
	memcpy(middle, "m=", 2);
	middle[123] = '\0';
	CK_STATE(large, large);
	(void)snprintf(one, sizeof(one), "a=1,%s,b=2", large);
	CK_STATE(one, "a=1", large, large, "b=2");
	memcpy(longer, large, 257);
	memcpy(longer + 257, "x", 2);
	CK_STATE(longer, longer); /* 256 bytes of value */
	memcpy(longer + 257, "xx", 3);
	CK_STATE("", longer);
	arena_init(&arena, room, sizeof(room), 0);
	for (int i = 0; i < 5; i++)
		add(FIELD_TRACESTATE, middle);
	ck_assert_uint_eq(trace_read_state(&head, &arena).n, 4 * 123 + 3);
	clear();
	memset(large, 'k', 256);
	memcpy(large + 255, "=", 2);
	add(FIELD_TRACESTATE, large);
	ck_assert_uint_eq(trace_read_state(&head, &arena).n, 0);
	arena_fini(&arena);
	clear();
}
END_TEST

/* Both a key and a value as long as may be: alone too long for all. */
START_TEST(one_member_too_long)
{
	static char text[514];

	memset(text, 'k', 513);
	text[256] = '=';
	CK_STATE("", text);
	CK_STATE("a=1", text, "a=1");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("trace_context");
	TCase *t = tcase_create("trace_context");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(
	    t, parent, 0, (int)(sizeof(parents) / sizeof(parents[0])));
	tcase_add_test(t, one_field_alone);
	tcase_add_test(t, states);
	tcase_add_test(t, many_members);
	tcase_add_test(t, long_states);
	tcase_add_test(t, one_member_too_long);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
