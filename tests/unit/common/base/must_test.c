/* Tests of must.c: the last words reach the hook, then the process aborts. */
#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/must.h"
#include "common/base/sanitized.h"

static int words_fd;

static void
keep_words(const char *text)
{
	if (write(words_fd, text, strlen(text)) < 0)
		_exit(2);
}

struct thing {
	unsigned tag;
};

static void
break_in_child(struct thing *t, char *words, size_t size)
{
	int fds[2], status;
	ssize_t n;
	pid_t pid;

	ck_assert_int_eq(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		words_fd = fds[1];
		close(STDERR_FILENO);
		must_set_hook(keep_words);
		TAG_CHECK(t, 7);
		_exit(0);
	}
	close(fds[1]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	n = read(fds[0], words, size - 1);
	ck_assert_int_ge((int)n, 0);
	words[n] = '\0';
	close(fds[0]);
	if (words[0] != '\0')
		ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	else
		ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

START_TEST(truth_passes)
{
	struct thing t = { 0 };
	char words[256];

	TAG_SET(&t, 7);
	break_in_child(&t, words, sizeof(words));
	ck_assert_str_eq(words, "");
}
END_TEST

START_TEST(falsehood_aborts_with_words)
{
	struct thing t = { 8 };
	char words[256];

	break_in_child(&t, words, sizeof(words));
	ck_assert_ptr_nonnull(strstr(words, "must_test.c:"));
	ck_assert_ptr_nonnull(strstr(words, "break_in_child: must be true: "));
	ck_assert_ptr_nonnull(strstr(words, "->tag == (7)"));
	break_in_child(NULL, words, sizeof(words));
	ck_assert_ptr_nonnull(strstr(words, "must be true"));
}
END_TEST

START_TEST(signals_have_last_words)
{
	int fds[2], status;
	char words[256];
	ssize_t n;
	pid_t pid;

	ck_assert_int_eq(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		words_fd = fds[1];
		must_set_hook(keep_words);
		must_catch_signals();
		(void)raise(SIGSEGV);
		_exit(0);
	}
	close(fds[1]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	n = read(fds[0], words, sizeof(words) - 1);
	words[n > 0 ? n : 0] = '\0';
	close(fds[0]);
#if SANITIZED_ADDRESS
	ck_assert_str_eq(words, "");
#else
	ck_assert_ptr_nonnull(strstr(words, "SIGSEGV at address 0x"));
	ck_assert_ptr_nonnull(strstr(words, ", instruction 0x"));
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
#endif
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("must");
	TCase *tc = tcase_create("must");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, truth_passes);
	tcase_add_test(tc, signals_have_last_words);
	tcase_add_test(tc, falsehood_aborts_with_words);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
