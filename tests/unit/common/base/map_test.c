/* Tests of map.c against a plain array of what should be in it. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/map.h"

#define KEYS 700

static struct slice
key_of(unsigned i, char *buf, size_t size)
{
	/* Key 0 is the empty key. */
	int n = i == 0 ? 0 : snprintf(buf, size, "key-%u", i);

	return slice_make(buf, (size_t)n);
}

static void
check_all(const struct map *m, const uint64_t *want)
{
	size_t at = 0, count = 0, wanted = 0;
	char buf[16];

	while (map_next(m, &at) != NULL)
		count++;
	for (unsigned i = 0; i < KEYS; i++) {
		struct map_entry *e;

		e = map_get(m, key_of(i, buf, sizeof(buf)));
		ck_assert_int_eq(e != NULL, want[i] != 0);
		if (e != NULL)
			ck_assert_uint_eq(e->value.num, want[i]);
		wanted += want[i] != 0;
	}
	ck_assert_uint_eq(count, wanted);
	ck_assert_uint_eq(m->count, wanted);
}

START_TEST(random_changes)
{
	static uint64_t want[KEYS];
	struct map m;
	char buf[16];

	srand(3);
	map_init(&m);
	check_all(&m, want);
	for (unsigned turn = 1; turn < 20000; turn++) {
		unsigned i = (unsigned)rand() % KEYS;
		struct slice key = key_of(i, buf, sizeof(buf));
		bool added;

		if (rand() % 2 == 0) {
			struct map_entry *e = map_put(&m, key, &added);

			ck_assert_int_eq(added, want[i] == 0);
			ck_assert_uint_eq(e->value.num, want[i]);
			e->value.num = want[i] = turn;
		} else {
			ck_assert_int_eq(map_remove(&m, key), want[i] != 0);
			want[i] = 0;
		}
		if (turn % 1000 == 0)
			check_all(&m, want);
	}
	map_fini(&m);
}
END_TEST

START_TEST(key_is_a_copy)
{
	char key[] = "abc";
	struct map m;
	bool added;

	map_init(&m);
	map_put(&m, slice_str(key), &added)->value.ptr = &m;
	key[0] = 'x';
	ck_assert_ptr_null(map_get(&m, slice_str(key)));
	ck_assert_ptr_eq(map_get(&m, SLICE_LIT("abc"))->value.ptr, &m);
	map_fini(&m);
	ck_assert_uint_eq(m.count, 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("map");
	TCase *tc = tcase_create("map");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, random_changes);
	tcase_add_test(tc, key_is_a_copy);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
