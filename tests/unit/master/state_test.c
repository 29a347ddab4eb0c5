/*
 * Tests of state.c and json_fields.c: the folder, its files, and their lines.
 */
#include "master/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "master/json_fields.h"
#include "tests/unit/master/conf_try.h"

static char base[64], folder[96];
static const struct privs nobody; /* changes nothing */
static struct diag d;

static void
setup(void)
{
	(void)snprintf(base, sizeof(base), "/tmp/penstock-state-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(base));
	(void)snprintf(folder, sizeof(folder), "%s/a/state", base);
	diag_init(&d);
}

static void
teardown(void)
{
	char command[96];

	diag_fini(&d);
	(void)snprintf(command, sizeof(command), "rm -r %s", base);
	ck_assert_int_eq(system(command), 0);
}

static void
complained(const char *what)
{
	ck_assert_uint_eq(d.count, 1);
	ck_assert_msg(
	    strstr(d.items[0].text, what) != NULL, "%s", d.items[0].text);
	diag_fini(&d);
	diag_init(&d);
}

START_TEST(folder_is_made_and_locked)
{
	int fd = state_open(folder, &nobody, &d);
	struct stat st;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0700);
	ck_assert_int_eq(state_open(folder, &nobody, &d), -1);
	complained("another penstock uses it");
	(void)close(fd);
	fd = state_open(folder, &nobody, &d);
	ck_assert_int_ge(fd, 0);
	(void)close(fd);
}
END_TEST

START_TEST(folder_that_is_no_good)
{
	int fd = state_open(folder, &nobody, &d);

	ck_assert_int_ge(fd, 0);
	(void)close(fd);
	ck_assert_int_eq(chmod(folder, 0770), 0);
	ck_assert_int_eq(state_open(folder, &nobody, &d), -1);
	complained("others than its owner may write to it");
	ck_assert_int_eq(chmod(folder, 0500), 0);
	ck_assert_int_eq(state_open(folder, &nobody, &d), -1);
	complained("its owner may not write to it");
	ck_assert_int_eq(rmdir(folder), 0);
	ck_assert_int_ge(close(open(folder, O_CREAT | O_WRONLY, 0600)), 0);
	ck_assert_int_eq(state_open(folder, &nobody, &d), -1);
	complained("state_dir: cannot use");
}
END_TEST

START_TEST(files_are_replaced_as_a_whole)
{
	int fd = state_open(folder, &nobody, &d);
	struct text text = { 0 }, back = { 0 };
	struct stat st;

	ck_assert(state_read(fd, "f", &back));
	ck_assert_uint_eq(back.n, 0);
	for (int i = 0; i < 2; i++) {
		text_clear(&text);
		for (int n = 0; n < 100000 - 99990 * i; n++)
			text_add_char(&text, (char)('a' + i));
		ck_assert(state_write(fd, "f", &text, i == 0));
		text_clear(&back);
		ck_assert(state_read(fd, "f", &back));
		ck_assert(slice_eq(text_slice(&text), text_slice(&back)));
	}
	ck_assert_int_eq(fstatat(fd, "f", &st, 0), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	/* Nothing else is left. */
	ck_assert_int_eq(unlinkat(fd, "f", 0), 0);
	(void)close(fd);
	ck_assert_int_eq(rmdir(folder), 0);
	text_fini(&text);
	text_fini(&back);
}
END_TEST

START_TEST(files_that_cannot_be)
{
	int fd = state_open(folder, &nobody, &d);
	struct text text = { 0 };

	ck_assert(state_write(-1, "f", &text, true));
	ck_assert(state_read(-1, "f", &text));
	ck_assert_int_eq(symlinkat("/etc/passwd", fd, "f"), 0);
	ck_assert(!state_read(fd, "f", &text));
	ck_assert(state_write(fd, "e", &text, false));
	ck_assert(!state_read(fd, "e", &text));
	ck_assert_int_eq(errno, ENODATA);
	ck_assert_int_eq(unlinkat(fd, "e", 0), 0);
	ck_assert_int_eq(mkdirat(fd, "g", 0700), 0);
	ck_assert(!state_write(fd, "g", &text, false));
	ck_assert_int_eq(faccessat(fd, "g.new", F_OK, 0), -1);
	ck_assert_int_eq(unlinkat(fd, "g", AT_REMOVEDIR), 0);
	(void)close(fd);
}
END_TEST

/* ---- lines ---- */

static const char *
take(void *ctx, struct slice line)
{
	unsigned *n = ctx;

	(*n)++;
	return slice_eq(line, SLICE_LIT("bad")) ? "is bad" : NULL;
}

START_TEST(lines)
{
	static const struct {
		const char *text, *wrong;
		int line;
		unsigned told;
	} c[] = {
		{ "{\"penstock\":\"k\",\"version\":1}\n", NULL, 0, 0 },
		{ "{\"penstock\":\"k\",\"version\":1}\na\nb\n", NULL, 0, 2 },
		{ "", "is not whole", 1, 0 },
		{ "{\"penstock\":\"k\",\"version\":1}", "is not whole", 1, 0 },
		{ "{\"penstock\":\"k\",\"version\":1}\na\nb", "is not whole", 3,
		    1 },
		{ "{\"penstock\":\"k\",\"version\":1}\na\nbad\nb\n", "is bad",
		    3, 2 },
		{ "{\"penstock\":\"k\",\"version\":2}\na\n",
		    "is not the first line of such a file", 1, 0 },
		{ "{\"penstock\":\"l\",\"version\":1}\na\n",
		    "is not the first line of such a file", 1, 0 },
		{ "{\"penstock\":\"k\",\"version\":1,\"x\":1}\na\n",
		    "is not the first line of such a file", 1, 0 },
		{ "a\n", "is not the first line of such a file", 1, 0 },
	};
	unsigned told = 0;
	bool ok = state_walk(slice_str(c[_i].text), "k", take, &told, &d);

	ck_assert_int_eq(ok, c[_i].wrong == NULL);
	ck_assert_uint_eq(told, c[_i].told);
	if (ok)
		return;
	ck_assert_str_eq(d.items[0].file, "k");
	ck_assert_int_eq(d.items[0].line, c[_i].line);
	complained(c[_i].wrong);
}
END_TEST

START_TEST(first_line_is_as_it_is_read)
{
	struct text text = { 0 };
	unsigned told = 0;

	state_begin(&text, "k");
	ck_assert(state_walk(text_slice(&text), "k", take, &told, &d));
	text_fini(&text);
}
END_TEST

/* ---- fields ---- */

static const char *const names[] = { "text", "list", "int", "time", "for",
	NULL };

START_TEST(fields_are_read)
{
	struct json_fields f;

	json_fields_init(&f,
	    SLICE_LIT("{\"text\":\"a\\u0062\",\"list\":[\"x\",\"\\u0079\"],"
		      "\"int\":5,\"time\":\"2027-01-01\",\"for\":\"2m\"}"),
	    names);
	ck_assert(slice_eq(json_fields_text(&f, "text", 2), SLICE_LIT("ab")));
	ck_assert(slice_eq(json_fields_list(&f, "list", 3), SLICE_LIT("x,y")));
	ck_assert_int_eq(json_fields_int(&f, "int", 5, 5, 0), 5);
	ck_assert_int_eq(json_fields_time(&f, "time", 0), 1798761600);
	ck_assert_int_eq(json_fields_duration(&f, "for"), 120);
	ck_assert(json_fields_ok(&f));
	json_fields_fini(&f);
	/* What is not there, or null. */
	json_fields_init(&f, SLICE_LIT("{\"int\":null}"), names);
	ck_assert_uint_eq(json_fields_text(&f, "text", 2).n, 0);
	ck_assert_uint_eq(json_fields_list(&f, "list", 3).n, 0);
	ck_assert_int_eq(json_fields_int(&f, "int", 5, 5, 7), 7);
	ck_assert_int_eq(json_fields_time(&f, "time", 8), 8);
	ck_assert_int_eq(json_fields_duration(&f, "for"), 0);
	ck_assert(json_fields_ok(&f));
	json_fields_need(&f, "int");
	ck_assert_str_eq(f.wrong, "int is missing");
	json_fields_fini(&f);
}
END_TEST

START_TEST(fields_that_are_wrong)
{
	static const struct {
		const char *text, *wrong;
	} c[] = {
		{ "", "this is no JSON, or too much of it" },
		{ "[]", "this is no JSON object" },
		{ "{\"text\":\"a\",\"text\":\"b\"}",
		    "this is no JSON, or too much of it" },
		{ "{\"Text\":\"a\"}", "unknown member \"Text\"" },
		{ "{\"text\":1}", "text must be a string" },
		{ "{\"text\":\"abc\"}", "text is longer than 2 bytes" },
		{ "{\"text\":\"\\n\"}", "text has a control character" },
		{ "{\"list\":\"x\"}", "list must be an array of strings" },
		{ "{\"list\":[1]}", "list must be a string" },
		{ "{\"list\":[\"a,b\"]}",
		    "list has an element that is empty or has a comma" },
		{ "{\"list\":[\"\"]}",
		    "list has an element that is empty or has a comma" },
		{ "{\"list\":[\"ab\",\"c\"]}", "list is longer than 3 bytes" },
		{ "{\"int\":4}", "int must be a number from 5 to 6" },
		{ "{\"int\":7}", "int must be a number from 5 to 6" },
		{ "{\"int\":\"5\"}", "int must be a number from 5 to 6" },
		{ "{\"int\":1e300}", "int must be a number from 5 to 6" },
		{ "{\"time\":\"2027-02-30\"}", "time must be a time such as" },
		{ "{\"time\":-1}", "time must be a number from 0 to" },
		{ "{\"for\":\"1\"}", "for \"1\" has no unit" },
		{ "{\"for\":\"10ms\"}", "for must be 1s or more" },
	};
	struct json_fields f;

	json_fields_init(&f, slice_str(c[_i].text), names);
	(void)json_fields_text(&f, "text", 2);
	(void)json_fields_list(&f, "list", 3);
	(void)json_fields_int(&f, "int", 5, 6, 0);
	(void)json_fields_time(&f, "time", 0);
	(void)json_fields_duration(&f, "for");
	ck_assert_msg(strncmp(f.wrong, c[_i].wrong, strlen(c[_i].wrong)) == 0,
	    "%s", f.wrong);
	json_fields_fini(&f);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("all");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, folder_is_made_and_locked);
	tcase_add_test(tc, folder_that_is_no_good);
	tcase_add_test(tc, files_are_replaced_as_a_whole);
	tcase_add_test(tc, files_that_cannot_be);
	tcase_add_loop_test(tc, lines, 0, 10);
	tcase_add_test(tc, first_line_is_as_it_is_read);
	tcase_add_test(tc, fields_are_read);
	tcase_add_loop_test(tc, fields_that_are_wrong, 0, 20);
	return conf_try_run("state", tc);
}
