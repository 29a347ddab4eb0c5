/* Tests of audit_verify.c: whatever is done to a log is found, at its place. */
#include "tools/audit_verify.h"

#include "tests/unit/tools/audit_kit.h"

#define LINES 8 /* the first begins the file */

static struct audit_kit k;
static char *lines[LINES]; /* with their ends */

static char *
lines_read(const char *path)
{
	size_t n;
	char *all = kit_read(path, &n), *p = all;

	for (int i = 0; i < LINES; i++) {
		char *end = strchr(p, '\n');

		ck_assert_ptr_nonnull(end);
		lines[i] = strndup(p, (size_t)(end - p) + 1);
		p = end + 1;
	}
	ck_assert_int_eq(*p, '\0');
	return all;
}

static void
setup(void)
{
	uint64_t at = 0;

	kit_init(&k);
	kit_start(&k);
	kit_happen(&k, 0, &at, LINES - 1);
	kit_drain(&k);
	kit_stop(&k);
	free(lines_read(k.path[0]));
}

static void
teardown(void)
{
	for (int i = 0; i < LINES; i++)
		free(lines[i]);
	kit_fini(&k);
}

/* The log as lines number which[0], ...; -1 ends them. */
static void
put(const int *which)
{
	FILE *f = fopen(k.path[0], "w");

	ck_assert_ptr_nonnull(f);
	for (; *which >= 0; which++)
		fputs(lines[*which], f);
	ck_assert_int_eq(fclose(f), 0);
}

/* A fault is told, the first one at line n, and says so. */
static void
check_fault(int n, const char *what)
{
	char place[32];

	ck_assert_msg(!kit_verify(&k, k.path[0]), "%s", k.said);
	(void)snprintf(place, sizeof(place), "audit.log:%d: ", n);
	ck_assert_msg(strstr(k.said, place) == strstr(k.said, "audit.log:"),
	    "%s: %s", place, k.said);
	ck_assert_msg(strstr(k.said, what) != NULL, "%s: %s", what, k.said);
}

START_TEST(what_is_whole_is_good)
{
	char last[AUDIT_HASH + 1] = { 0 };
	const char *path = k.path[0];

	ck_assert_msg(kit_verify(&k, path), "%s", k.said);
	ck_assert_ptr_nonnull(
	    strstr(k.said, "8 lines that are good, of 1 to 8 of the chain"));
	ck_assert_ptr_null(strstr(k.said, "nothing says"));
	memcpy(last, strstr(lines[LINES - 1], "\"hash\":\"") + 8, AUDIT_HASH);
	ck_assert_ptr_nonnull(strstr(k.said, last));
	ck_assert(kit_verify_with(&k, &path, 1, last));
	memcpy(last, strstr(lines[2], "\"hash\":\"") + 8, AUDIT_HASH);
	ck_assert(kit_verify_with(&k, &path, 1, last));
	last[5] ^= 1;
	ck_assert(!kit_verify_with(&k, &path, 1, last));
	ck_assert_ptr_nonnull(strstr(k.said, "no good line has the hash"));
}
END_TEST

START_TEST(a_changed_byte_is_found)
{
	static const int all[] = { 0, 1, 2, 3, 4, 5, 6, 7, -1 };

	for (int i = 0; i < LINES; i++) {
		size_t n = strlen(lines[i]) - 1;

		for (size_t at = (size_t)i % 3; at < n; at += 3) {
			char was = lines[i][at];

			lines[i][at] = (char)(was ^ 1);
			put(all);
			check_fault(i + 1, "");
			lines[i][at] = was;
		}
	}
	put(all);
	ck_assert(kit_verify(&k, k.path[0]));
}
END_TEST

START_TEST(a_changed_line_is_named_once)
{
	static const int all[] = { 0, 1, 2, 3, 4, 5, 6, 7, -1 };
	char *address = strstr(lines[3], "10.0.0.1");

	address[7] = '2';
	put(all);
	check_fault(4, "its hash does not fit");
	ck_assert_ptr_null(strstr(k.said, "audit.log:5"));
}
END_TEST

START_TEST(a_removed_line_is_found)
{
	static const int none[][LINES] = { { 1, 2, 3, 4, 5, 6, 7, -1 },
		{ 0, 2, 3, 4, 5, 6, 7, -1 }, { 0, 1, 2, 3, 5, 6, 7, -1 },
		{ 0, 1, 2, 3, 4, 5, 7, -1 } };
	static const int first[] = { 1, 2, 5, 7 };

	for (size_t i = 0; i < 4; i++) {
		put(none[i]);
		check_fault(first[i], "missing");
		ck_assert_ptr_eq(
		    strstr(strstr(k.said, "audit.log:") + 1, "missing:"), NULL);
	}
	put((const int[]){ 0, 1, 5, 6, 7, -1 });
	check_fault(
	    3, "line 6 of the chain comes behind line 2: 3 are missing");
}
END_TEST

START_TEST(a_cut_end_is_found)
{
	char state[160];

	put((const int[]){ 0, 1, 2, 3, 4, 5, -1 });
	ck_assert(!kit_verify(&k, k.path[0]));
	ck_assert_ptr_nonnull(strstr(k.said,
	    "line 8 of the chain is missing, which was "
	    "written: the end is cut off"));
	/* Whoever can do that can do this. */
	(void)snprintf(state, sizeof(state), "%s.state", k.path[0]);
	ck_assert_int_eq(unlink(state), 0);
	ck_assert(kit_verify(&k, k.path[0]));
	ck_assert_ptr_nonnull(strstr(k.said, "nothing says"));
}
END_TEST

/* An empty one in its place is no excuse, but while it is rotated. */
START_TEST(a_file_that_was_replaced_is_found)
{
	char old[160];

	(void)snprintf(old, sizeof(old), "%s.1", k.path[0]);
	ck_assert_int_eq(rename(k.path[0], old), 0);
	kit_write(k.path[0], "", 0);
	ck_assert_msg(kit_verify(&k, k.path[0]), "%s", k.said);
	ck_assert_int_eq(unlink(old), 0);
	ck_assert(!kit_verify(&k, k.path[0]));
	ck_assert_ptr_nonnull(strstr(k.said, "line 8 of the chain is missing"));
}
END_TEST

START_TEST(moved_lines_are_found)
{
	put((const int[]){ 0, 1, 2, 4, 3, 5, 6, 7, -1 });
	check_fault(4, "line 5 of the chain comes behind line 3: 1 is missing");
	ck_assert_ptr_nonnull(strstr(k.said, "audit.log:5: line 4"));
	put((const int[]){ 0, 1, 7, 2, 3, 4, 5, 6, -1 });
	check_fault(3, "line 8 of the chain comes behind line 2");
}
END_TEST

START_TEST(what_was_put_in_is_found)
{
	put((const int[]){ 0, 1, 2, 2, 3, 4, 5, 6, 7, -1 });
	check_fault(4, "it was moved, or put in");
	ck_assert_ptr_null(strstr(k.said, "audit.log:5"));
	free(lines[7]);
	lines[7] = strdup("{\"seq\":4}\n");
	put((const int[]){ 0, 1, 2, 7, 3, 4, 5, 6, -1 });
	check_fault(4, "it is no line of an audit log");
	ck_assert_ptr_null(strstr(k.said, "audit.log:5"));
}
END_TEST

/* With a hash that fits what is before it, it takes the next one's place. */
START_TEST(a_forged_line_is_found)
{
	const struct record_audit a = { .head = { .bytes = sizeof(a),
					    .seq = 3 },
		.event = AUDIT_UNBANNED };
	struct audit_chain c;
	struct audit_line l;
	struct audit_at at;
	struct text out;
	const char *why;

	text_init(&out);
	ck_assert(audit_chain_init(&c, NULL, &why));
	ck_assert(
	    audit_line_read(slice_make(lines[2], strlen(lines[2]) - 1), &l));
	at.seq = l.seq;
	memcpy(at.hash, l.hash, AUDIT_HASH);
	ck_assert(audit_line_write(&out, &c, &at, l.id.run, 0, &a));
	free(lines[3]);
	lines[3] = strndup(out.p, out.n);
	put((const int[]){ 0, 1, 2, 3, 4, 5, 6, 7, -1 });
	check_fault(5, "it was changed, or the line before it");
	ck_assert_ptr_null(strstr(k.said, "audit.log:6"));
	audit_chain_fini(&c);
	text_fini(&out);
}
END_TEST

START_TEST(other_files_are_no_logs)
{
	static char large[3 * AUDIT_LINE_MAX];
	const char *paths[] = { "/nonexistent/audit.log" };

	memset(large, 'x', sizeof(large));
	kit_write(k.path[0], large, sizeof(large));
	check_fault(1, "longer than any line");
	kit_write(k.path[0], "\n\n", 2);
	check_fault(1, "no line of an audit log");
	kit_write(k.path[0], "", 0);
	ck_assert(!kit_verify(&k, k.path[0]));
	ck_assert_ptr_nonnull(strstr(k.said, "the end is cut off"));
	ck_assert(!kit_verify_with(&k, paths, 1, NULL));
	ck_assert_ptr_nonnull(strstr(k.said, "cannot read"));
}
END_TEST

START_TEST(files_have_their_order)
{
	char old[160], older[160];
	uint64_t at = LINES - 1;

	(void)snprintf(old, sizeof(old), "%s.1", k.path[0]);
	(void)snprintf(older, sizeof(older), "%s.2", k.path[0]);
	ck_assert_int_eq(rename(k.path[0], older), 0);
	kit_start(&k);
	kit_happen(&k, 0, &at, 3);
	kit_drain(&k);
	ck_assert_int_eq(rename(k.path[0], old), 0);
	audit_reader_reopen(&k.reader);
	/* Nothing is in it yet. */
	ck_assert(kit_verify(&k, k.path[0]));
	kit_happen(&k, 0, &at, 3);
	kit_drain(&k);
	kit_stop(&k);
	ck_assert(kit_verify_with(
	    &k, (const char *const[]){ older, old, k.path[0] }, 3, NULL));
	ck_assert_ptr_nonnull(strstr(k.said, "of 1 to 16 of the chain"));
	ck_assert(!kit_verify_with(
	    &k, (const char *const[]){ old, older, k.path[0] }, 3, NULL));
	ck_assert(!kit_verify_with(
	    &k, (const char *const[]){ older, k.path[0] }, 2, NULL));
	ck_assert_ptr_nonnull(strstr(k.said,
	    "audit.log:1: line 13 of the chain comes behind line 8: 4 are "
	    "missing"));
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("audit_verify");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, what_is_whole_is_good);
	tcase_add_test(tc, a_changed_byte_is_found);
	tcase_add_test(tc, a_changed_line_is_named_once);
	tcase_add_test(tc, a_removed_line_is_found);
	tcase_add_test(tc, a_cut_end_is_found);
	tcase_add_test(tc, a_file_that_was_replaced_is_found);
	tcase_add_test(tc, moved_lines_are_found);
	tcase_add_test(tc, what_was_put_in_is_found);
	tcase_add_test(tc, a_forged_line_is_found);
	tcase_add_test(tc, other_files_are_no_logs);
	tcase_add_test(tc, files_have_their_order);
	return fixture_run(tc, "audit_verify");
}
