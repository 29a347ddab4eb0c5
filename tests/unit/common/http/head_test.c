/* Tests of head.c: look-up, copy, Connection options, lists. */
#include <check.h>
#include <stdlib.h>

#include "common/http/head.h"

static struct field fields[] = {
	{ SLICE_LIT("Accept"), SLICE_LIT("a/b"), FIELD_ACCEPT },
	{ SLICE_LIT("X-One"), SLICE_LIT("1"), FIELD_OTHER },
	{ SLICE_LIT("connection"), SLICE_LIT(" , X-One ,, TE"),
	    FIELD_CONNECTION },
	{ SLICE_LIT("accept"), SLICE_LIT(""), FIELD_ACCEPT },
	{ SLICE_LIT("Connection"), SLICE_LIT("Close"), FIELD_CONNECTION },
};

static struct head
sample(void)
{
	return (struct head){ .method_text = SLICE_LIT("GET"),
		.target = SLICE_LIT("/x?y"),
		.host = SLICE_LIT("a.example"),
		.method = METHOD_GET,
		.version = HTTP_1_1,
		.body = BODY_LENGTH,
		.length = 7,
		.present = (uint64_t)1 << FIELD_ACCEPT |
		    (uint64_t)1 << FIELD_CONNECTION,
		.count = 5,
		.fields = fields };
}

START_TEST(find)
{
	struct head h = sample();

	ck_assert_ptr_eq(head_find(&h, FIELD_ACCEPT), &fields[0]);
	ck_assert_ptr_null(head_find(&h, FIELD_HOST));
	ck_assert_ptr_eq(head_find_name(&h, SLICE_LIT("ACCEPT")), &fields[0]);
	ck_assert_ptr_eq(head_find_name(&h, SLICE_LIT("x-one")), &fields[1]);
	ck_assert_ptr_null(head_find_name(&h, SLICE_LIT("x-two")));
	ck_assert_ptr_null(head_find_name(&h, SLICE_LIT("host")));
}
END_TEST

/* Fields move only where there is too little room for more. */
START_TEST(reserve)
{
	struct field small[3], *moved;
	struct head h = { .fields = small, .room = 3 };
	struct arena a;

	arena_init(&a, NULL, 0, 65536);
	head_add(&h, FIELD_SERVER, SLICE_LIT("s"));
	ck_assert(head_reserve(&h, 2, &a));
	ck_assert_ptr_eq(h.fields, small);
	ck_assert(head_reserve(&h, 3, &a));
	moved = h.fields;
	ck_assert_ptr_ne(moved, small);
	ck_assert_uint_ge(h.room, 4);
	ck_assert_uint_eq(h.count, 1);
	ck_assert(slice_eq(head_get(&h, FIELD_SERVER)->value, SLICE_LIT("s")));
	ck_assert(head_reserve(&h, 3, &a));
	ck_assert_ptr_eq(h.fields, moved);
	ck_assert(!head_reserve(&h, 65536, &a));
	ck_assert_ptr_eq(h.fields, moved);
	ck_assert(arena_failed(&a));
	arena_fini(&a);
}
END_TEST

START_TEST(copy)
{
	struct head h = sample(), c;
	struct arena a;

	arena_init(&a, NULL, 0, 65536);
	ck_assert(head_copy(&c, &h, &a, 2));
	ck_assert_ptr_ne(c.fields, h.fields);
	ck_assert_uint_eq(c.count, h.count);
	ck_assert_uint_eq(c.length, 7);
	ck_assert(slice_eq(c.target, h.target));
	ck_assert_ptr_ne(c.target.p, h.target.p);
	ck_assert(slice_eq(c.method_text, h.method_text));
	ck_assert(slice_eq(c.host, h.host));
	for (unsigned i = 0; i < h.count; i++) {
		ck_assert(slice_eq(c.fields[i].name, fields[i].name));
		ck_assert(slice_eq(c.fields[i].value, fields[i].value));
		ck_assert_uint_eq(c.fields[i].id, fields[i].id);
		ck_assert_ptr_ne(c.fields[i].name.p, fields[i].name.p);
	}
	/* The spare room is real: the sanitizers watch. */
	c.fields[c.count++] = fields[0];
	c.fields[c.count++] = fields[1];
	arena_fini(&a);
}
END_TEST

/* What lies in the text goes with it; the rest by itself, or not at all. */
START_TEST(copy_of_a_text)
{
	static const char text[] = "GET /x\r\nX-A: bc\r\n\r\n";
	struct field from[5] = { { { text + 8, 3 }, { text + 13, 2 }, 0 },
		{ SLICE_LIT("X-B"), { text + 13, 1 }, 0 },
		{ { text + 8, 1 }, SLICE_LIT("other"), 0 },
		{ { text + 8, 3 }, SLICE_NONE, 0 } };
	struct head h = { .method_text = { text, 3 },
		.target = { text + 4, 2 },
		.host = SLICE_LIT("a"),
		.whole = SLICE_LIT(text),
		.count = 4,
		.fields = from },
		    c;
	struct arena a;

	head_add(&h, FIELD_SERVER, slice_make(text + 16, 4));
	arena_init(&a, NULL, 0, 65536);
	ck_assert(head_copy(&c, &h, &a, 0));
	ck_assert(slice_eq(c.whole, h.whole));
	ck_assert_ptr_ne(c.whole.p, text);
	ck_assert_ptr_eq(c.method_text.p, c.whole.p);
	ck_assert_ptr_eq(c.target.p, c.whole.p + 4);
	ck_assert_uint_eq(c.target.n, 2);
	ck_assert(slice_eq(c.host, h.host));
	ck_assert_ptr_ne(c.host.p, h.host.p);
	ck_assert_ptr_eq(c.fields[0].name.p, c.whole.p + 8);
	ck_assert_ptr_eq(c.fields[0].value.p, c.whole.p + 13);
	for (unsigned i = 0; i < 5; i++) {
		ck_assert(slice_eq(c.fields[i].name, from[i].name));
		ck_assert(slice_eq(c.fields[i].value, from[i].value));
	}
	ck_assert_ptr_ne(c.fields[1].name.p, from[1].name.p);
	ck_assert_ptr_ne(c.fields[2].value.p, from[2].value.p);
	ck_assert_ptr_eq(c.fields[4].name.p, from[4].name.p);
	arena_fini(&a);
}
END_TEST

START_TEST(copy_of_nothing)
{
	struct head h = { .status = 204 }, c;
	struct arena a;

	arena_init(&a, NULL, 0, 65536);
	ck_assert(head_copy(&c, &h, &a, 0));
	ck_assert_uint_eq(c.status, 204);
	arena_fini(&a);
}
END_TEST

START_TEST(copy_without_room)
{
	struct head h = sample(), c;
	struct arena a;

	arena_init(&a, NULL, 0, 64);
	ck_assert(!head_copy(&c, &h, &a, 0));
	arena_fini(&a);
}
END_TEST

START_TEST(nominated)
{
	struct head h = sample();

	ck_assert(head_nominated(&h, SLICE_LIT("x-ONE")));
	ck_assert(head_nominated(&h, SLICE_LIT("te")));
	ck_assert(head_nominated(&h, SLICE_LIT("close")));
	ck_assert(!head_nominated(&h, SLICE_LIT("X")));
	ck_assert(!head_nominated(&h, SLICE_LIT("accept")));
	ck_assert(!head_nominated(&h, SLICE_LIT("")));
	h.present = 0;
	ck_assert(!head_nominated(&h, SLICE_LIT("te")));
}
END_TEST

START_TEST(list)
{
	struct slice value = SLICE_LIT(",, a ,\tb c,,d\t");
	static const char *const want[] = { "a", "b c", "d" };
	struct slice element;
	size_t at = 0;

	for (unsigned i = 0; i < 3; i++) {
		ck_assert(head_list_next(value, &at, &element));
		ck_assert(slice_eq(element, slice_str(want[i])));
	}
	ck_assert(!head_list_next(value, &at, &element));
	at = 0;
	ck_assert(!head_list_next(SLICE_LIT(" , \t,"), &at, &element));
	at = 0;
	ck_assert(!head_list_next(SLICE_NONE, &at, &element));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("head");
	TCase *tc = tcase_create("head");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, find);
	tcase_add_test(tc, reserve);
	tcase_add_test(tc, copy);
	tcase_add_test(tc, copy_of_a_text);
	tcase_add_test(tc, copy_of_nothing);
	tcase_add_test(tc, copy_without_room);
	tcase_add_test(tc, nominated);
	tcase_add_test(tc, list);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
