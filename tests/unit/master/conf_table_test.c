/*
 * The rows are sound: what the code that walks them takes for granted.
 */
#include "master/conf_table.h"

#include "common/base/units.h"
#include "master/conf_field.h"
#include "shm/vital.h"
#include "tests/unit/master/conf_try.h"

static const struct conf_block *const blocks[] = { &conf_block_top,
	&conf_block_listener, &conf_block_service, &conf_block_endpoint,
	&conf_block_route, &conf_block_condition, &conf_block_header_rule,
	&conf_block_probe_header, &conf_block_rate_limit,
	&conf_block_access_log, &conf_block_audit_log };
#define BLOCKS (int)(sizeof(blocks) / sizeof(blocks[0]))

/* A group's keys follow it, without others between. */
START_TEST(groups)
{
	const struct conf_block *b = blocks[_i];
	const char *group = "";
	size_t n;

	for (size_t i = 0; i < b->count; i++) {
		const struct conf_row *row = &b->rows[i];

		n = strlen(group);
		if (conf_row_prefix(row) == 0)
			group = row->type == CONF_GROUP ? row->path : "";
		else
			ck_assert_msg(strncmp(row->path, group, n) == 0 &&
				row->path[n] == '.',
			    "%s", row->path);
	}
}
END_TEST

/* The default of a row with a number. */
static uint64_t
default_of(const struct conf_row *row)
{
	uint64_t v = 0;
	bool ok;

	if (row->type == CONF_DURATION)
		ok = units_duration(row->def, &v, NULL);
	else if (row->type == CONF_DECIMAL)
		ok = units_decimal(row->def, &v, NULL);
	else if (row->type == CONF_SHARE)
		ok = units_share(row->def, &v, NULL);
	else
		ok = units_size(row->def, &v, NULL);
	ck_assert_msg(ok, "%s", row->path);
	return v;
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
		if (!conf_row_is_number(row))
			continue;
		ck_assert_msg(row->max > row->min, "%s", row->path);
		if (row->def == NULL)
			continue;
		v = default_of(row);
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

/* Words whose place in their row is the value of an enum. */
START_TEST(words)
{
	static const struct {
		const struct conf_block *block;
		const char *path, *word;
		uint32_t value;
	} all[] = {
		{ &conf_block_endpoint, "state", "ready", ADMIN_READY },
		{ &conf_block_endpoint, "state", "drain", ADMIN_DRAIN },
		{ &conf_block_endpoint, "state", "maint", ADMIN_MAINT },
		{ &conf_block_service, "priority", "normal", IMG_CLASS_NORMAL },
		{ &conf_block_service, "priority", "priority",
		    IMG_CLASS_PRIORITY },
		{ &conf_block_service, "priority", "emergency",
		    IMG_CLASS_EMERGENCY },
		{ &conf_block_route, "priority", "normal", IMG_CLASS_NORMAL },
		{ &conf_block_route, "priority", "priority",
		    IMG_CLASS_PRIORITY },
		{ &conf_block_route, "priority", "emergency",
		    IMG_CLASS_EMERGENCY },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		ck_assert_uint_eq(
		    conf_word_index(all[i].block, all[i].path, all[i].word),
		    all[i].value);
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
	tcase_add_test(tc, words);
	tcase_add_test(tc, places);
	return conf_try_run("conf_table", tc);
}
