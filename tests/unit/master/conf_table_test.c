/*
 * The rows are sound: what the code that walks them takes for granted.
 */
#include "master/conf_table.h"

#include "common/base/units.h"
#include "tests/unit/master/conf_try.h"

static const struct conf_block *const blocks[] = { &conf_block_top,
	&conf_block_listener, &conf_block_service, &conf_block_endpoint,
	&conf_block_route, &conf_block_condition, &conf_block_header_rule };
#define BLOCKS (int)(sizeof(blocks) / sizeof(blocks[0]))

/* A group's keys follow it, without others between. */
START_TEST(groups)
{
	const struct conf_block *b = blocks[_i];
	const char *group = "";

	for (size_t i = 0; i < b->count; i++) {
		const struct conf_row *row = &b->rows[i];

		if (conf_row_prefix(row) == 0)
			group = row->type == CONF_GROUP ? row->path : "";
		else
			ck_assert_msg(
			    conf_row_key(row, group) != NULL, "%s", row->path);
	}
}
END_TEST

static bool
is_number(const struct conf_row *row)
{
	return row->type == CONF_INT || row->type == CONF_DURATION ||
	    row->type == CONF_SIZE;
}

START_TEST(rows)
{
	const struct conf_block *b = blocks[_i];

	for (size_t i = 0; i < b->count; i++) {
		const struct conf_row *row = &b->rows[i];
		size_t last = strlen(row->help) - 1;
		uint64_t v;

		ck_assert_msg(row->help[last] == '.', "%s", row->path);
		ck_assert(row->offset < b->size);
		ck_assert_uint_eq(conf_row_index(b, row->path), i);
		ck_assert((row->type == CONF_WORD) == (row->words != NULL));
		ck_assert((row->type == CONF_LIST || row->type == CONF_NAMED) ==
		    (row->block != NULL));
		if (row->type == CONF_NAMED)
			ck_assert_ptr_nonnull(
			    conf_row_find(row->block, "", "name"));
		if (!is_number(row))
			continue;
		ck_assert_msg(row->max > row->min, "%s", row->path);
		if (row->def == NULL)
			continue;
		ck_assert_msg(row->type == CONF_DURATION
			? units_duration(row->def, &v, NULL)
			: units_size(row->def, &v, NULL),
		    "%s", row->path);
		ck_assert_msg((v >= row->min && v <= row->max) ||
			(v == 0 && (row->flags & CONF_ZERO) != 0),
		    "%s", row->path);
	}
}
END_TEST

START_TEST(lookup)
{
	const struct conf_block *b = &conf_block_top;

	ck_assert_str_eq(conf_row_find(b, "log", "level")->path, "log.level");
	ck_assert_ptr_null(conf_row_find(b, "", "log.level"));
	ck_assert_ptr_null(conf_row_find(b, "", "level"));
	ck_assert_ptr_null(conf_row_find(b, "lo", "level"));
	ck_assert_ptr_null(conf_row_find(b, "log", ""));
	ck_assert_str_eq(conf_row_find(b, "", "log")->path, "log");
}
END_TEST

/* Origins over several runs of lines. */
START_TEST(places)
{
	struct conf_run runs[] = { { 1, 1, "a" }, { 4, 1, "b" }, { 4, 7, "c" },
		{ 6, 5, "a" } };
	struct conf c = { .runs = runs, .run_count = 4 };

	ck_assert_ptr_null(conf_place(&c, 0).file);
	ck_assert_str_eq(conf_place(&c, 3).file, "a");
	ck_assert_int_eq(conf_place(&c, 3).line, 3);
	/* b was empty */
	ck_assert_str_eq(conf_place(&c, 4).file, "c");
	ck_assert_int_eq(conf_place(&c, 5).line, 8);
	ck_assert_str_eq(conf_place(&c, 7).file, "a");
	ck_assert_int_eq(conf_place(&c, 7).line, 6);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(tc, groups, 0, BLOCKS);
	tcase_add_loop_test(tc, rows, 0, BLOCKS);
	tcase_add_test(tc, lookup);
	tcase_add_test(tc, places);
	return conf_try_run("conf_table", tc);
}
