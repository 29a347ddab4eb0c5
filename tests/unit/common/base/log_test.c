/* Tests of log.c: the form of a line, levels, cuts, rotation, a full pipe. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/log.h"

static char dir[] = "/tmp/log_test.XXXXXX";
static char path[64], old_path[64];

static void
setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/log", dir);
	snprintf(old_path, sizeof(old_path), "%s/old", dir);
}

static void
teardown(void)
{
	unlink(path);
	unlink(old_path);
	ck_assert_int_eq(rmdir(dir), 0);
}

static const char *
contents(const char *name)
{
	static char text[65536];
	int fd = open(name, O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	ck_assert_int_ge((int)n, 0);
	close(fd);
	text[n] = '\0';
	return text;
}

static void
assert_matches(const char *text, const char *pattern)
{
	regex_t re;

	ck_assert_int_eq(regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB), 0);
	ck_assert_msg(regexec(&re, text, 0, NULL, 0) == 0, "%s", text);
	regfree(&re);
}

#define TIME "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z"

START_TEST(form_of_a_line)
{
	struct stat st;

	umask(0);
	ck_assert(log_open(path, LOG_LVL_INFO, "master"));
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0640);
	log_info("text %d", 5);
	log_debug("not seen");
	log_set_process("worker 3");
	errno = ENOENT;
	log_warn("open %s", "x");
	ck_assert_int_eq(errno, ENOENT);
	assert_matches(contents(path),
	    "^" TIME " info master: text 5\n" TIME
	    " warn worker 3: open x: No such file or directory\n$");
}
END_TEST

START_TEST(levels)
{
	enum log_level level;

	ck_assert(log_open(path, LOG_LVL_ERROR, "m"));
	log_warnx("a");
	log_errx("b");
	log_critx("c");
	log_set_level(LOG_LVL_DEBUG);
	log_debug("d");
	assert_matches(contents(path),
	    "^" TIME " error m: b\n" TIME " critical m: c\n" TIME
	    " debug m: d\n$");
	ck_assert(log_level_parse("warning", &level));
	ck_assert_int_eq(level, LOG_LVL_WARN);
	ck_assert(log_level_parse("critical", &level));
	ck_assert_str_eq(log_level_name(level), "critical");
	ck_assert(!log_level_parse("Info", &level));
	ck_assert(!log_level_parse("", &level));
}
END_TEST

START_TEST(long_and_forged_text)
{
	char longer[5000];
	const char *text;

	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	ck_assert(log_open(path, LOG_LVL_INFO, "m"));
	log_info("%s", longer);
	text = contents(path);
	ck_assert_uint_eq(strlen(text), 2048);
	ck_assert_str_eq(text + 2044, "...\n");
	ck_assert_int_eq(truncate(path, 0), 0);
	log_info("a\nb\033[1m");
	assert_matches(contents(path), "^" TIME " info m: a\\?b\\?\\[1m\n$");
}
END_TEST

START_TEST(rotation)
{
	ck_assert(log_open(path, LOG_LVL_INFO, "m"));
	log_info("one");
	ck_assert_int_eq(rename(path, old_path), 0);
	log_info("two");
	ck_assert(log_reopen());
	log_info("three");
	assert_matches(contents(old_path), "one\n.*two\n$");
	assert_matches(contents(path), "^" TIME " info m: three\n$");
	ck_assert(!log_open("/nonexistent/x", LOG_LVL_INFO, "n"));
	ck_assert_int_eq(errno, ENOENT);
	log_info("four");
	assert_matches(contents(path), "info m: four\n$");
}
END_TEST

START_TEST(full_pipe_does_not_block)
{
	static char got[1 << 20];
	int fds[2];
	ssize_t n;

	ck_assert_int_eq(pipe(fds), 0);
	log_open_fd(fds[1], LOG_LVL_INFO, "m");
	for (int i = 0; i < 3000; i++)
		log_info("line %d %050d", i, 0);
	n = read(fds[0], got, sizeof(got));
	ck_assert_int_gt((int)n, 4096);
	log_info("after");
	n = read(fds[0], got, sizeof(got) - 1);
	got[n] = '\0';
	assert_matches(got,
	    "^" TIME " warn m: [0-9]+ log lines were lost: the log was not "
	    "read\n" TIME " info m: after\n$");
	close(fds[0]);
	ck_assert(log_open("stderr", LOG_LVL_INFO, "m"));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("log");
	TCase *tc = tcase_create("log");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, form_of_a_line);
	tcase_add_test(tc, levels);
	tcase_add_test(tc, long_and_forged_text);
	tcase_add_test(tc, rotation);
	tcase_add_test(tc, full_pipe_does_not_block);
	tcase_add_checked_fixture(tc, setup, teardown);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
