/* Tests of buf.c: bytes come out as they went in, whatever `bulk` takes. */
#include <check.h>
#include <stdlib.h>

#include "common/base/buf.h"
#include "common/base/pool.h"
#include "tests/unit/hidden.h"

#define STREAM_BYTES 600000

struct sent {
	char *bytes;
	size_t n;
	size_t take; /* most that the next call takes */
	unsigned calls;
	struct obuf out; /* whose bytes these are */
};

static char source[STREAM_BYTES];

static void
setup(void)
{
	buf_pool_init(0);
	for (size_t i = 0; i < sizeof(source); i++)
		source[i] = (char)(i * 2654435761u >> 13);
}

static void
teardown(void)
{
	ck_assert_uint_eq(buf_pool_state()->used, 0);
	buf_pool_fini();
}

static void
sent_add(struct sent *s, const void *p, size_t n)
{
	ck_assert_uint_le(s->n + n, STREAM_BYTES);
	memcpy(s->bytes + s->n, p, n);
	s->n += n;
}

static size_t
sent_take(struct obuf *o, const struct iovec *iov, int count)
{
	struct sent *s = CONTAINER_OF(o, struct sent, out);
	size_t done = 0;

	s->calls++;
	for (int i = 0; i < count && done < s->take; i++) {
		size_t n = iov[i].iov_len;

		ck_assert_uint_ne(n, 0);
		if (n > s->take - done)
			n = s->take - done;
		sent_add(s, iov[i].iov_base, n);
		done += n;
	}
	return done;
}

static void
drain(struct obuf *o, struct sent *s, size_t most)
{
	struct iovec iov[4];

	s->take = most;
	obuf_consume(o, sent_take(o, iov, obuf_iov(o, iov, 4)));
}

static void
write_some(struct obuf *o, const char *p, size_t n)
{
	char *to;

	switch (rand() % 3) {
	case 0:
		obuf_append(o, p, n);
		break;
	case 1:
		to = obuf_reserve(o, n + (size_t)(rand() % 100));
		ck_assert_ptr_nonnull(to);
		if (n != 0)
			memcpy(to, p, n);
		obuf_commit(o, n);
		break;
	default:
		obuf_write(o, p, n);
		break;
	}
}

START_TEST(random_stream_is_kept)
{
	struct sent s = { .bytes = malloc(STREAM_BYTES) };
	struct obuf *o = &s.out;
	size_t at = 0;

	srand(7);
	obuf_init(o, sent_take);
	while (at < STREAM_BYTES) {
		size_t n = (size_t)rand() % (rand() % 4 == 0 ? 50000 : 300);

		if (n > STREAM_BYTES - at)
			n = STREAM_BYTES - at;
		s.take = (size_t)rand() % 3 * 5000;
		write_some(o, source + at, n);
		at += n;
		ck_assert_uint_eq(o->bytes + s.n, at);
		if (rand() % 3 == 0)
			drain(o, &s, (size_t)rand() % 20000);
	}
	while (o->bytes != 0)
		drain(o, &s, 10000);
	ck_assert_ptr_null(o->head);
	ck_assert_uint_eq(s.n, STREAM_BYTES);
	ck_assert_mem_eq(s.bytes, source, STREAM_BYTES);
	obuf_fini(o);
	free(s.bytes);
}
END_TEST

/* A queue has a bound: beyond it, it is as without memory. */
START_TEST(queue_is_bounded)
{
	struct obuf o;

	obuf_init(&o, NULL);
	o.bytes = BUF_QUEUE_MAX - 10;
	obuf_append(&o, "0123456789", 10);
	ck_assert(!o.failed);
	obuf_fini(&o);
	o.bytes = BUF_QUEUE_MAX - 9;
	obuf_append(&o, "0123456789", 10);
	ck_assert(o.failed);
	ck_assert_ptr_null(o.head);
}
END_TEST

START_TEST(bulk_keeps_only_the_rest)
{
	struct sent s = { .bytes = malloc(STREAM_BYTES), .take = 65000 };
	struct obuf *o = &s.out;

	obuf_init(o, sent_take);
	obuf_append(o, source, 100);
	obuf_write(o, source + 100, 70000);
	ck_assert_uint_eq(s.calls, 1);
	ck_assert_uint_eq(o->bytes, 5100);
	ck_assert_ptr_eq(o->head, o->tail);
	/* Less than what was queued: the span is queued behind the rest. */
	s.take = 100;
	obuf_write(o, source + 70100, 5000);
	ck_assert_uint_eq(o->bytes, 10000);
	obuf_write(o, source + 75100, BUF_BULK_BYTES - 1);
	ck_assert_uint_eq(s.calls, 2);
	while (o->bytes != 0)
		drain(o, &s, 4000);
	ck_assert_mem_eq(s.bytes, source, 75100 + BUF_BULK_BYTES - 1);
	obuf_fini(o);
	free(s.bytes);
}
END_TEST

START_TEST(oversized_reserve)
{
	struct iovec iov[4];
	struct obuf o;
	char *to;

	obuf_init(&o, NULL);
	obuf_append(&o, "ab", 2);
	to = obuf_reserve(&o, 250000);
	memset(to, 'x', 250000);
	obuf_commit(&o, 250000);
	obuf_append(&o, "cd", 2);
	ck_assert_int_eq(obuf_iov(&o, iov, 4), 3);
	ck_assert_uint_eq(iov[1].iov_len, 250000);
	ck_assert_uint_eq(buf_pool_state()->used, 2);
	obuf_consume(&o, 250003);
	ck_assert_uint_eq(o.bytes, 1);
	ck_assert_int_eq(obuf_iov(&o, iov, 4), 1);
	ck_assert_int_eq(*(char *)iov[0].iov_base, 'd');
	obuf_fini(&o);
}
END_TEST

START_TEST(unused_reserve_leaves_no_hole)
{
	struct iovec iov[4];
	struct obuf o;

	obuf_init(&o, NULL);
	obuf_append(&o, "ab", 2);
	ck_assert_ptr_nonnull(
	    obuf_reserve(&o, BUF_BLOCK_BYTES - sizeof(struct buf)));
	ck_assert_ptr_nonnull(obuf_reserve(&o, 20000));
	/* The block in between went back. */
	ck_assert_uint_eq(buf_pool_state()->used, 1);
	obuf_append(&o, source, 19000);
	ck_assert_int_eq(obuf_iov(&o, iov, 4), 2);
	ck_assert_uint_eq(iov[0].iov_len, 2);
	ck_assert_uint_eq(iov[1].iov_len, 19000);
	obuf_fini(&o);
}
END_TEST

/* Of a block, those bytes alone that were asked for, however it came to be. */
START_TEST(what_is_behind_is_hidden)
{
	struct obuf o;
	char *to;

	obuf_init(&o, NULL);
	for (size_t n = 1; n < 40; n++) {
		to = obuf_reserve(&o, n);
		memset(to, 'x', n);
		ck_assert(hidden(to + n));
		obuf_commit(&o, n - n / 2);
		obuf_append(&o, source, n);
		ck_assert(hidden(o.tail->data + o.tail->end));
	}
	to = obuf_reserve(&o, 2 * (size_t)BUF_BLOCK_BYTES);
	ck_assert(hidden(to + 2 * (size_t)BUF_BLOCK_BYTES));
	obuf_fini(&o);
	/* The next one has all of it. */
	memset(obuf_reserve(&o, BUF_BLOCK_BYTES - sizeof(struct buf)), 'x',
	    BUF_BLOCK_BYTES - sizeof(struct buf));
	obuf_fini(&o);
}
END_TEST

START_TEST(failure_sticks)
{
	struct buf *one;
	struct obuf o;

	buf_pool_fini();
	buf_pool_init(2);
	one = buf_take(10);
	obuf_init(&o, NULL);
	obuf_append(&o, source, 50000);
	ck_assert(o.failed);
	buf_give(one);
	obuf_append(&o, "x", 1);
	ck_assert_ptr_null(obuf_reserve(&o, 1));
	ck_assert_uint_lt(o.bytes, BUF_BLOCK_BYTES);
	obuf_fini(&o);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("buf");
	TCase *tc = tcase_create("buf");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, random_stream_is_kept);
	tcase_add_test(tc, queue_is_bounded);
	tcase_add_test(tc, bulk_keeps_only_the_rest);
	tcase_add_test(tc, oversized_reserve);
	tcase_add_test(tc, unused_reserve_leaves_no_hole);
	tcase_add_test(tc, what_is_behind_is_hidden);
	tcase_add_test(tc, failure_sticks);
	tcase_add_checked_fixture(tc, setup, teardown);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
