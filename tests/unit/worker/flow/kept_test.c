/* Tests of kept.c: what of an answer's fields is kept, as some log wants it. */
#include "worker/flow/kept.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "shm/record.h"

static struct {
	struct img_head head;
	struct img_record_field want[3];
	char texts[48];
} image;
static struct field fields[4] = {
	{ SLICE_LIT("ETag"), SLICE_LIT("\"a\""), FIELD_ETAG },
	{ SLICE_LIT("X-A"), SLICE_LIT("1"), FIELD_OTHER },
	{ SLICE_LIT("Server"), SLICE_LIT("s"), FIELD_SERVER },
	{ SLICE_LIT("x-a"), SLICE_LIT("2"), FIELD_OTHER },
};
static struct head head = { .fields = fields, .count = 4 };
static struct req req;
static char memory[4096];

static void
setup(void)
{
	memset(&image, 0, sizeof(image));
	req = (struct req){ .image = &image.head };
	arena_init(&req.arena, memory, sizeof(memory), 0);
	head.present = UINT64_C(1) << FIELD_ETAG | UINT64_C(1) << FIELD_SERVER;
}

static void
want(uint32_t i, const char *name, bool answer)
{
	struct img_record_field *f = &image.want[i];
	size_t n = strlen(name);

	f->id = http_field_find(slice_str(name));
	f->answer = answer;
	f->name.off = (uint32_t)(offsetof(typeof(image), texts) + i * 16);
	f->name.len = (uint32_t)n;
	memcpy(image.texts + (size_t)i * 16, name, n);
	image.head.telemetry.fields =
	    (struct img_span){ offsetof(typeof(image), want), i + 1 };
}

/* What is kept, as "name=value;...". */
static const char *
kept(void)
{
	static char text[256];
	size_t n = 0;

	text[0] = '\0';
	for (const struct req_kept *k = req.kept; k != NULL; k = k->next)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%.*s=%.*s;",
		    SLICE_FMT(k->name), SLICE_FMT(k->value));
	return text;
}

START_TEST(nothing_that_nobody_wants)
{
	kept_take(&req, &head);
	ck_assert_ptr_null(req.kept);
	want(0, "etag", false); /* of the request */
	kept_take(&req, &head);
	ck_assert_ptr_null(req.kept);
	req.image = NULL;
	kept_take(&req, &head);
	ck_assert_ptr_null(req.kept);
}
END_TEST

/* Copies: the head is gone soon. */
START_TEST(what_is_wanted_is_copied)
{
	struct field own[4];
	struct head h = head;

	memcpy(own, fields, sizeof(own));
	h.fields = own;
	want(0, "x-a", true);
	want(1, "age", true);
	want(2, "etag", true);
	kept_take(&req, &h);
	memset(own, 0, sizeof(own));
	ck_assert_str_eq(kept(), "X-A=1;x-a=2;ETag=\"a\";");
}
END_TEST

START_TEST(all_of_them)
{
	want(0, "*", true);
	kept_take(&req, &head);
	ck_assert_str_eq(kept(), "ETag=\"a\";X-A=1;Server=s;x-a=2;");
}
END_TEST

/* No more than a record has room for, and a bit, by which it will be seen. */
START_TEST(as_much_as_is_read)
{
	static char value[4096];
	struct field many[RECORD_FIELDS_MAX + 9];
	struct head h = { .fields = many, .count = RECORD_FIELDS_MAX + 9 };
	uint32_t count = 0;

	arena_init(&req.arena, NULL, 0, SIZE_MAX);
	for (uint32_t i = 0; i < h.count; i++)
		many[i] = (struct field){ SLICE_LIT("X-A"),
			{ value, sizeof(value) }, FIELD_OTHER };
	want(0, "*", true);
	kept_take(&req, &h);
	for (const struct req_kept *k = req.kept; k != NULL; k = k->next) {
		ck_assert_uint_eq(k->value.n, KEPT_BYTES + 1);
		count++;
	}
	ck_assert_uint_eq(count, RECORD_FIELDS_MAX + 1);
	arena_fini(&req.arena);
}
END_TEST

/* The request will fail for want of memory, and nothing else happens. */
START_TEST(without_memory)
{
	arena_init(&req.arena, memory, 90, 0);
	want(0, "*", true);
	kept_take(&req, &head);
	ck_assert(arena_failed(&req.arena));
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("kept");
	Suite *suite = suite_create("kept");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, nothing_that_nobody_wants);
	tcase_add_test(tc, what_is_wanted_is_copied);
	tcase_add_test(tc, all_of_them);
	tcase_add_test(tc, as_much_as_is_read);
	tcase_add_test(tc, without_memory);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
