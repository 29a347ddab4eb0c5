/*
 * Tests of files.c: what lies below the folder is opened, and nothing else;
 * answers of a dead loader are not taken for one's own.
 */
#include "tests/unit/shm/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "master/files.h"

static char base[] = "/tmp/penstock-files-XXXXXX";
static struct files files;

static const char *
at(const char *name)
{
	static char path[4][sizeof(base) + 64];
	static unsigned turn;
	char *p = path[turn++ % 4];

	(void)snprintf(p, sizeof(path[0]), "%s/%s", base, name);
	return p;
}

/* A file that holds its own last name. */
static void
put(const char *name)
{
	const char *last =
	    strrchr(name, '/') != NULL ? strrchr(name, '/') + 1 : name;
	int fd = open(at(name), O_WRONLY | O_CREAT, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, last, strlen(last)), (ssize_t)strlen(last));
	(void)close(fd);
}

static void
setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(base));
	ck_assert_int_eq(mkdir(at("conf"), 0755), 0);
	ck_assert_int_eq(mkdir(at("conf/d"), 0755), 0);
	ck_assert_int_eq(mkdir(at("conf2"), 0755), 0);
	put("conf/main");
	put("conf/d/part");
	put("conf2/other");
	put("secret");
	ck_assert_int_eq(symlink("../secret", at("conf/out")), 0);
	ck_assert_int_eq(symlink("d/part", at("conf/in")), 0);
	ck_assert_int_eq(mkfifo(at("conf/fifo"), 0600), 0);
	files_init(&files, at("conf/main"));
}

static void
teardown(void)
{
	char command[sizeof(base) + 16];

	(void)snprintf(command, sizeof(command), "rm -r %s", base);
	ck_assert_int_eq(system(command), 0);
}

static bool
holds(int fd, const char *want)
{
	char text[64] = "";

	return fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 &&
	    strcmp(text, want) == 0;
}

START_TEST(opens_what_lies_below)
{
	static const struct {
		const char *ask, *get; /* NULL: refused */
	} cases[] = {
		{ "conf/main", "main" },
		{ "conf/d/part", "part" },
		{ "conf/./d/../main", "main" },
		{ "conf/in", "part" },
		{ "conf/out", NULL },
		{ "conf/../secret", NULL },
		{ "conf2/other", NULL },
		{ "secret", NULL },
		{ "conf", NULL },
		{ "conf/d", NULL },
		{ "conf/fifo", NULL },
		{ "conf/missing", NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int fd = files_open_below(&files, at(cases[i].ask));

		if (cases[i].get == NULL)
			ck_assert_msg(fd < 0, "%s", cases[i].ask);
		else
			ck_assert_msg(
			    holds(fd, cases[i].get), "%s", cases[i].ask);
		if (fd >= 0)
			(void)close(fd);
	}
	ck_assert_int_eq(files_open_below(&files, at("secret")), -1);
	ck_assert_int_eq(errno, EPERM);
	ck_assert_int_eq(files_open_below(&files, at("conf/missing")), -1);
	ck_assert_int_eq(errno, ENOENT);
}
END_TEST

START_TEST(a_folder_that_is_gone_opens_nothing)
{
	files_init(&files, at("nothing/here"));
	ck_assert_int_eq(files_open_below(&files, at("conf/main")), -1);
	ck_assert_int_eq(files_open_below(&files, "/etc/passwd"), -1);
}
END_TEST

/* As nobody: asks until a file comes or is refused; its first byte, or '-'. */
static char
ask_as_nobody(int keeper, int loader, const char *path)
{
	char byte = '?';
	int status, fd;
	pid_t pid = fork();

	if (pid == 0) {
		files_ask_at(loader);
		if (setresuid(65534, 65534, 65534) != 0)
			_exit('!');
		fd = files_open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || read(fd, &byte, 1) != 1)
			_exit('-');
		_exit(byte);
	}
	while (waitpid(pid, &status, WNOHANG) == 0)
		files_serve(&files, keeper);
	ck_assert(WIFEXITED(status));
	return (char)WEXITSTATUS(status);
}

START_TEST(a_loader_without_privileges_asks)
{
	/* The head of a request that a loader sent before it was killed. */
	char stale[8 + FILES_PATH_MAX] = { 0 };
	int pair[2];

	if (getuid() != 0)
		return; /* there is nothing that only the keeper may read */
	ck_assert_int_eq(
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair), 0);
	ck_assert_int_eq(chmod(base, 0755), 0);
	(void)snprintf(stale + 8, FILES_PATH_MAX, "%s", at("conf/d/part"));
	ck_assert_int_eq(
	    send(pair[1], stale, sizeof(stale), 0), (ssize_t)sizeof(stale));
	files_serve(&files, pair[0]);
	ck_assert_int_eq(ask_as_nobody(pair[0], pair[1], at("conf/main")), 'm');
	ck_assert_int_eq(ask_as_nobody(pair[0], pair[1], at("secret")), '-');
	ck_assert_int_eq(ask_as_nobody(pair[0], -1, at("conf/main")), '-');
	(void)close(pair[0]);
	(void)close(pair[1]);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("files");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, opens_what_lies_below);
	tcase_add_test(tc, a_folder_that_is_gone_opens_nothing);
	tcase_add_test(tc, a_loader_without_privileges_asks);
	return fixture_run(tc, "files");
}
