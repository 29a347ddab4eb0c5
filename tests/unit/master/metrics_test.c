/* Tests of metrics.c: the list is one that both formats can write. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/map.h"
#include "master/metrics.h"

struct seen {
	struct map names, families;
	unsigned count;
};

static bool
ends_in(struct slice s, const char *end)
{
	size_t n = strlen(end);

	return s.n > n && memcmp(s.p + s.n - n, end, n) == 0;
}

static void
claim(struct map *m, struct slice name)
{
	bool added;

	(void)map_put(m, name, &added);
	ck_assert_msg(added, "%.*s is there twice", SLICE_FMT(name));
}

/* Counters end in _total, and only they; a unit is the end of a name. */
static void
look(void *ctx, const struct metric_info *i)
{
	struct seen *seen = ctx;
	struct slice family = i->name;

	seen->count++;
	claim(&seen->names, i->name);
	ck_assert_int_eq(
	    i->type == METRIC_TYPE_COUNTER, ends_in(i->name, "_total"));
	ck_assert_int_eq(
	    i->type == METRIC_TYPE_INFO, ends_in(i->name, "_info"));
	ck_assert_msg(
	    i->help[strlen(i->help) - 1] == '.', "%.*s", SLICE_FMT(i->name));
	if (i->type == METRIC_TYPE_COUNTER)
		family.n -= strlen("_total");
	if (i->type == METRIC_TYPE_INFO)
		family.n -= strlen("_info");
	/* OpenMetrics: a family's name is its own, without any suffix. */
	claim(&seen->families, family);
	ck_assert(!ends_in(family, "_count") && !ends_in(family, "_sum") &&
	    !ends_in(family, "_bucket") && !ends_in(family, "_created"));
	if (i->unit.n != 0)
		ck_assert(
		    ends_in(family, i->unit.n == 5 ? "_bytes" : "_seconds"));
}

START_TEST(names_follow_the_rules)
{
	struct seen seen = { 0 };

	map_init(&seen.names);
	map_init(&seen.families);
	metrics_each(look, &seen);
	ck_assert_uint_gt(seen.count, METRIC_COUNT + 50);
	map_fini(&seen.names);
	map_fini(&seen.families);
}
END_TEST

START_TEST(counters_have_labels_in_their_names)
{
	struct metric_info i;

	metric_counter_info(COUNTER_SHED_NORMAL, &i);
	ck_assert(slice_eq(i.name, SLICE_LIT("shed_total")));
	ck_assert(slice_eq(i.labels, SLICE_LIT("class")));
	ck_assert_int_eq(i.type, METRIC_TYPE_COUNTER);
	metric_counter_info(COUNTER_SHED_PRIORITY, &i);
	ck_assert_str_eq(i.help, "");
	metric_counter_info(COUNTER_BYTES_IN, &i);
	ck_assert(slice_eq(i.unit, SLICE_LIT("bytes")));
	ck_assert_uint_eq(i.labels.n, 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("metrics");
	TCase *tc = tcase_create("metrics");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, names_follow_the_rules);
	tcase_add_test(tc, counters_have_labels_in_their_names);
	suite_add_tcase(s, tc);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
