/* Tests of sink.c: the order of a chain, its first error, its end. */
#include <check.h>
#include <signal.h>
#include <stdlib.h>

#include "worker/flow/req.h"
#include "worker/flow/sink.h"

static char seen[256];
static size_t seen_n;

/* Writes its letter, and hands on. */
struct letter {
	struct sink sink;
	char letter;
	enum why says;
};

static void
see(char c)
{
	ck_assert_uint_lt(seen_n, sizeof(seen));
	seen[seen_n++] = c;
}

static enum why
letter_data(struct sink *s, struct slice bytes)
{
	struct letter *l = CONTAINER_OF(s, struct letter, sink);

	see(l->letter);
	return l->says != WHY_OK ? l->says : sink_data(s->next, bytes);
}

static enum why
letter_end(struct sink *s, const struct head *trailers)
{
	struct letter *l = CONTAINER_OF(s, struct letter, sink);

	see(l->letter);
	return sink_end(s->next, trailers);
}

static enum why
last_data(struct sink *s, struct slice bytes)
{
	(void)s;
	for (size_t i = 0; i < bytes.n; i++)
		see(bytes.p[i]);
	return WHY_OK;
}

static enum why
last_end(struct sink *s, const struct head *trailers)
{
	(void)s;
	see(trailers != NULL ? '!' : '.');
	return WHY_OK;
}

static const struct sink_ops letter_ops = { letter_data, letter_end };
static const struct sink_ops last_ops = { last_data, last_end };

static struct req req;
static struct letter a, b;
static struct sink *chain;

static void
setup(void)
{
	static char memory[256];

	chain = NULL;
	seen_n = 0;
	arena_init(&req.arena, memory, sizeof(memory), 0);
	a = (struct letter){ .letter = 'a' };
	b = (struct letter){ .letter = 'b' };
	sink_init(&a.sink, &letter_ops, &req);
	sink_init(&b.sink, &letter_ops, &req);
	ck_assert(sink_append(&req, &chain, &a.sink, &last_ops));
	ck_assert(sink_append(&req, &chain, &b.sink, &last_ops));
	ck_assert_ptr_eq(chain, &a.sink);
}

static void
saw(const char *want)
{
	ck_assert(slice_eq(slice_make(seen, seen_n), slice_str(want)));
}

START_TEST(in_order)
{
	struct head trailers = { .count = 0 };

	ck_assert_int_eq(sink_data(chain, SLICE_LIT("1")), WHY_OK);
	ck_assert_int_eq(sink_data(chain, SLICE_NONE), WHY_OK);
	ck_assert_int_eq(sink_end(chain, &trailers), WHY_OK);
	saw("ab1ab!");
}
END_TEST

START_TEST(first_error_stays)
{
	b.says = WHY_OVERLOADED;
	ck_assert_int_eq(sink_data(chain, SLICE_LIT("1")), WHY_OVERLOADED);
	b.says = WHY_OK;
	ck_assert_int_eq(sink_data(chain, SLICE_LIT("2")), WHY_OVERLOADED);
	ck_assert_int_eq(sink_end(chain, NULL), WHY_OVERLOADED);
	saw("ab");
}
END_TEST

START_TEST(no_memory)
{
	struct sink *none = NULL;

	while (arena_alloc(&req.arena, 8) != NULL)
		continue;
	ck_assert(!sink_append(&req, &none, &a.sink, &last_ops));
	ck_assert_ptr_null(none);
}
END_TEST

START_TEST(end_once)
{
	(void)sink_end(chain, NULL);
	(void)sink_end(chain, NULL);
}
END_TEST

START_TEST(nothing_after_the_end)
{
	(void)sink_end(chain, NULL);
	(void)sink_data(chain, SLICE_LIT("1"));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("sink");
	TCase *tc = tcase_create("sink");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, in_order);
	tcase_add_test(tc, first_error_stays);
	tcase_add_test(tc, no_memory);
	tcase_add_test_raise_signal(tc, end_once, SIGABRT);
	tcase_add_test_raise_signal(tc, nothing_after_the_end, SIGABRT);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
