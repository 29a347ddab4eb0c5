/*
 * Tests of pidfile.c and folder.c: one holder at a time, known by its pid, and
 * forgotten with its process.
 */
#include "tests/unit/shm/fixture.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "master/folder.h"
#include "master/pidfile.h"

static char folder[] = "/tmp/penstock-pidfile-XXXXXX";
static char path[sizeof(folder) + 32];

static void
setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/a/b/pid", folder);
}

static void
teardown(void)
{
	char command[sizeof(folder) + 16];

	(void)snprintf(command, sizeof(command), "rm -r %s", folder);
	ck_assert_int_eq(system(command), 0);
}

/* A child that holds the file; *go: closing it ends the child. */
static pid_t
holder(int *go)
{
	int ready[2], end[2];
	struct diag d;
	char byte;
	pid_t pid;

	ck_assert_int_eq(pipe(ready), 0);
	ck_assert_int_eq(pipe(end), 0);
	pid = fork();
	if (pid == 0) {
		diag_init(&d);
		byte = pidfile_take(path, &d) >= 0 ? 'y' : 'n';
		(void)!write(ready[1], &byte, 1);
		(void)close(end[1]);
		(void)!read(end[0], &byte, 1);
		_exit(0);
	}
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	ck_assert_int_eq(byte, 'y');
	(void)close(end[0]);
	*go = end[1];
	return pid;
}

START_TEST(a_second_holder_is_refused)
{
	char line[512], pid_text[32];
	struct diag d;
	int go;
	pid_t pid = holder(&go);

	ck_assert_int_eq(pidfile_owner(path), pid);
	diag_init(&d);
	ck_assert_int_eq(pidfile_take(path, &d), -1);
	ck_assert_uint_eq(d.errors, 1);
	(void)diag_format(&d, 0, line, sizeof(line));
	(void)snprintf(pid_text, sizeof(pid_text), "(pid %d)", (int)pid);
	ck_assert_ptr_nonnull(strstr(line, "another instance"));
	ck_assert_ptr_nonnull(strstr(line, pid_text));
	diag_fini(&d);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	(void)close(go);
}
END_TEST

START_TEST(a_dead_holder_is_nobody)
{
	struct diag d;
	int go, fd;
	pid_t pid = holder(&go);
	char text[32] = "";
	FILE *f;

	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	(void)close(go);
	ck_assert_int_eq(access(path, F_OK), 0);
	ck_assert_int_eq(pidfile_owner(path), 0);
	diag_init(&d);
	fd = pidfile_take(path, &d);
	ck_assert_int_ge(fd, 0);
	f = fopen(path, "r");
	ck_assert_ptr_nonnull(fgets(text, sizeof(text), f));
	ck_assert_int_eq(atoi(text), getpid());
	(void)fclose(f);
	pidfile_release(path, fd);
	ck_assert_int_ne(access(path, F_OK), 0);
	ck_assert_int_eq(pidfile_owner(path), 0);
	diag_fini(&d);
}
END_TEST

START_TEST(a_folder_that_cannot_be_made_is_a_complaint)
{
	char line[512];
	struct diag d;

	diag_init(&d);
	ck_assert(!folder_make_above("/dev/null/x/pid", "pid_file", &d));
	(void)diag_format(&d, 0, line, sizeof(line));
	ck_assert_ptr_nonnull(strstr(line, "pid_file"));
	ck_assert_ptr_nonnull(strstr(line, "/dev/null"));
	diag_fini(&d);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("pidfile");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_second_holder_is_refused);
	tcase_add_test(tc, a_dead_holder_is_nobody);
	tcase_add_test(tc, a_folder_that_cannot_be_made_is_a_complaint);
	return fixture_run(tc, "pidfile");
}
