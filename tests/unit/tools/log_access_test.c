/*
 * Tests of log_access.c, log_out.c and log_file.c: each line is in the file
 * once, and whole, whatever happens to the file, its room, and who writes it.
 */
#include <errno.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "tests/unit/tools/log_kit.h"

static struct log_kit k;

static void
setup(void)
{
	kit_init(&k);
	kit_log(&k, 0, IMG_LOG_FILE, kit_path(&k, "a"));
	kit_follow(&k, 1);
	kit_mark(&k);
}

static void
teardown(void)
{
	kit_fini(&k);
}

static struct shm_reader_log *
row(int i)
{
	return k.access.logs[i].tell;
}

/* Of files: of all processes there is only this one that minds. */
static void
limit(size_t bytes)
{
	struct rlimit l;

	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &l), 0);
	l.rlim_cur = bytes != 0 ? bytes : l.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &l), 0);
}

static size_t
size_of(const char *name)
{
	struct stat st;

	ck_assert_int_eq(stat(kit_path(&k, name), &st), 0);
	return (size_t)st.st_size;
}

/* The time at which it tries again. */
static void
later(void)
{
	k.access.logs[0].out->retry_us = 0;
}

/* What is left of one is what it has told: here, but its memory. */
static void
killed(void)
{
	static struct shm_reader_log nobody;

	for (uint32_t i = 0; i < k.access.count; i++) {
		struct log_out *o = k.access.logs[i].out;

		(void)close(o->fd);
		o->fd = open("/dev/null", O_WRONLY);
		o->lines = 0;
		o->done = 0;
		text_clear(&o->waiting);
		o->tell = NULL;
		k.access.logs[i].tell = &nobody;
	}
	kit_stop(&k);
	kit_start(&k);
	kit_follow(&k, k.image.head.telemetry.access_logs.count);
}

START_TEST(lines_and_counts)
{
	kit_ask(&k, 0, 5);
	kit_turn(&k);
	kit_ask(&k, 1, 5);
	kit_turn(&k);
	kit_has(&k, "a", 1, 10);
	ck_assert_uint_eq(size_of("a"), atomic_load(&row(0)->bytes));
	ck_assert_uint_eq(atomic_load(&row(0)->lines), 10);
	ck_assert_uint_eq(atomic_load(&row(0)->lost), 0);
	ck_assert_int_eq(atomic_load(&row(0)->error), 0);
	kit_stop(&k);
}
END_TEST

START_TEST(conditions_and_samples)
{
	kit_log(&k, 0, IMG_LOG_FILE, kit_path(&k, "a"));
	k.image.log[0].when.slow_us = 1000000;
	kit_log(&k, 1, IMG_LOG_FILE, kit_path(&k, "b"));
	k.image.log[1].sample = 0;
	kit_follow(&k, 2);
	kit_ask(&k, 0, 3);
	k.record.q.duration_us = 2000000;
	kit_ask(&k, 0, 1);
	kit_turn(&k);
	kit_has(&k, "a", 4, 4);
	ck_assert_uint_eq(size_of("b"), 0);
	ck_assert_uint_eq(atomic_load(&row(0)->left_out), 0);
	ck_assert_uint_eq(atomic_load(&row(1)->left_out), 4);
	kit_stop(&k);
}
END_TEST

START_TEST(what_stays_stays_open)
{
	int fd = k.access.logs[0].out->fd;

	kit_ask(&k, 0, 5);
	kit_turn(&k);
	kit_log(&k, 1, IMG_LOG_FILE, kit_path(&k, "b"));
	kit_follow(&k, 2);
	ck_assert_int_eq(k.access.logs[0].out->fd, fd);
	kit_ask(&k, 0, 5);
	kit_turn(&k);
	/* Now the other one alone. */
	k.image.log[0] = k.image.log[1];
	kit_follow(&k, 1);
	kit_ask(&k, 0, 5);
	kit_turn(&k);
	kit_has(&k, "a", 1, 10);
	kit_has(&k, "b", 6, 15);
	/* And back: what was counted is not forgotten. */
	kit_log(&k, 0, IMG_LOG_FILE, kit_path(&k, "a"));
	kit_follow(&k, 1);
	kit_ask(&k, 0, 5);
	kit_turn(&k);
	ck_assert_uint_eq(atomic_load(&row(0)->lines), 15);
	kit_stop(&k);
}
END_TEST

START_TEST(moved_and_reopened)
{
	char moved[KIT_TEXT];

	(void)snprintf(moved, sizeof(moved), "%s", kit_path(&k, "a.1"));
	kit_ask(&k, 0, 5);
	kit_turn(&k);
	ck_assert_int_eq(rename(kit_path(&k, "a"), moved), 0);
	kit_ask(&k, 0, 5);
	kit_turn(&k);
	kit_ask(&k, 0, 5);
	log_access_reopen(&k.access);
	kit_turn(&k);
	kit_has(&k, "a.1", 1, 10);
	kit_has(&k, "a", 11, 15);
	kit_stop(&k);
}
END_TEST

/* A part of the line that does not fit is taken back; then all comes. */
START_TEST(no_room)
{
	kit_ask(&k, 0, 20);
	kit_turn(&k);
	limit(size_of("a") + 10); /* three lines of 4, and half of one */
	kit_ask(&k, 0, 20);
	kit_turn(&k);
	kit_has(&k, "a", 1, 22);
	ck_assert_int_eq(atomic_load(&row(0)->error), EFBIG);
	ck_assert_int_ne(atomic_load(&row(0)->failed_wall_us), 0);
	ck_assert_uint_eq(atomic_load(&row(0)->waiting), 18);
	limit(0);
	kit_turn(&k);
	kit_has(&k, "a", 1, 22); /* not before its time */
	later();
	kit_turn(&k);
	kit_has(&k, "a", 1, 40);
	ck_assert_int_eq(atomic_load(&row(0)->error), 0);
	ck_assert_uint_eq(atomic_load(&row(0)->lost), 0);
	kit_stop(&k);
}
END_TEST

/* What could not be taken back at once is taken back later, also behind so
 * much that what is written was given up. */
START_TEST(taken_back_later)
{
	static char path[6000];
	struct log_out *o = k.access.logs[0].out;

	memset(path, 'x', sizeof(path) - 1);
	k.record.text[RECORD_PATH] = slice_str(path);
	record_kit_make(&k.record);
	for (int i = 0; i < 20; i++)
		log_access_take(&k.access, &k.record.view);
	limit(100000);
	o->own = false;
	kit_write(&k);
	ck_assert_uint_eq(size_of("a"), 100000);
	ck_assert_uint_eq(o->lines, 4);
	o->own = true;
	later();
	kit_write(&k);
	ck_assert_uint_eq(size_of("a"), 16 * sizeof(path));
	ck_assert_uint_eq(o->lines, 4);
	limit(0);
	later();
	kit_turn(&k);
	ck_assert_uint_eq(size_of("a"), 20 * sizeof(path));
	ck_assert_uint_eq(o->lines, 0);
	ck_assert_uint_eq(o->lines_out, 20);
	ck_assert_uint_eq(o->bytes_out, size_of("a"));
	kit_stop(&k);
}
END_TEST

/* The same of few bytes. */
START_TEST(taken_back_behind_the_start)
{
	struct log_out *o = k.access.logs[0].out;

	kit_ask(&k, 0, 4);
	limit(8);
	o->own = false;
	kit_write(&k);
	ck_assert_str_eq(kit_read(&k, "a"), "/1\n/2\n/3");
	o->own = true;
	later();
	kit_write(&k);
	kit_has(&k, "a", 1, 2);
	ck_assert_uint_eq(o->lines, 2);
	limit(0);
	later();
	kit_turn(&k);
	kit_has(&k, "a", 1, 4);
	kit_stop(&k);
}
END_TEST

/* That it is opened does not make room. */
START_TEST(reopened_without_room)
{
	struct log_out *o = k.access.logs[0].out;

	limit(4);
	kit_ask(&k, 0, 3);
	kit_turn(&k);
	ck_assert_int_eq(o->error, EFBIG);
	log_access_reopen(&k.access);
	ck_assert_int_eq(o->error, EFBIG);
	limit(0);
	log_access_reopen(&k.access);
	ck_assert_int_eq(o->error, 0);
	kit_has(&k, "a", 1, 3);
	kit_stop(&k);
}
END_TEST

/* Where there is nothing to write, opening is all that can work. */
START_TEST(reopened_where_it_could_not_be)
{
	struct log_out *o;

	kit_log(&k, 0, IMG_LOG_FILE, kit_path(&k, "sub/a"));
	kit_follow(&k, 1);
	o = k.access.logs[0].out;
	kit_turn(&k);
	ck_assert_int_eq(o->error, ENOENT);
	ck_assert_int_eq(mkdir(kit_path(&k, "sub"), 0700), 0);
	log_access_reopen(&k.access);
	ck_assert_int_eq(o->error, 0);
	kit_stop(&k);
}
END_TEST

/* As a disk says it; only who may mount can see it. */
START_TEST(a_full_disk)
{
	char at[KIT_TEXT], ballast[KIT_TEXT];
	int fd;

	(void)snprintf(at, sizeof(at), "%s", kit_path(&k, "disk"));
	(void)snprintf(ballast, sizeof(ballast), "%s", kit_path(&k, "disk/x"));
	ck_assert_int_eq(mkdir(at, 0700), 0);
	if (unshare(CLONE_NEWNS) != 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("log-kit", at, "tmpfs", 0, "size=16k") != 0) {
		kit_stop(&k);
		return;
	}
	kit_log(&k, 0, IMG_LOG_FILE, kit_path(&k, "disk/a"));
	kit_follow(&k, 1);
	fd = open(ballast, O_CREAT | O_WRONLY, 0600);
	ck_assert_int_eq(posix_fallocate(fd, 0, 8192), 0);
	k.asked = 100000; /* lines of 8 bytes, a page has some of them */
	for (int i = 0; i < 7; i++) {
		kit_ask(&k, 0, 200);
		kit_turn(&k);
	}
	ck_assert_int_eq(atomic_load(&row(0)->error), ENOSPC);
	ck_assert_uint_gt(atomic_load(&row(0)->lines), 0);
	kit_has(&k, "disk/a", 100001, 100000 + atomic_load(&row(0)->lines));
	ck_assert_int_eq(unlink(ballast), 0);
	(void)close(fd);
	later();
	kit_turn(&k);
	ck_assert_int_eq(atomic_load(&row(0)->error), 0);
	kit_has(&k, "disk/a", 100001, 101400);
	kit_stop(&k);
	ck_assert_int_eq(umount(at), 0);
}
END_TEST

/* Memory has an end: lines are lost then, and counted. */
START_TEST(no_room_for_long)
{
	uint64_t lost;
	int turns = 0;

	limit(1);
	for (; (lost = atomic_load(&row(0)->lost)) == 0 && turns < 1000;
	     turns++) {
		kit_ask(&k, 0, 300);
		kit_turn(&k);
	}
	ck_assert_uint_gt(lost, 0);
	ck_assert_uint_eq(size_of("a"), 0);
	limit(0);
	later();
	kit_turn(&k);
	kit_ask(&k, 0, 1);
	kit_turn(&k);
	ck_assert_uint_eq(atomic_load(&row(0)->lines), k.asked - lost);
	ck_assert_uint_eq(atomic_load(&row(0)->lost), lost);
	kit_stop(&k);
}
END_TEST

/* Much at once is no reason to lose any of it. */
START_TEST(more_than_may_wait)
{
	static char path[6000];
	struct log_out *o = k.access.logs[0].out;

	memset(path, 'x', sizeof(path) - 1);
	kit_ask(&k, 0, 1);
	kit_write(&k);
	k.record.text[RECORD_PATH] = slice_str(path);
	record_kit_make(&k.record);
	for (int i = 0; i < 400; i++)
		log_access_take(&k.access, &k.record.view);
	kit_turn(&k);
	ck_assert_uint_eq(o->lost, 0);
	ck_assert_uint_eq(o->lines_out, 401);
	ck_assert_uint_eq(size_of("a"), o->bytes_out);
	/* And it is cut off as a whole. */
	kit_ask(&k, 0, 1);
	kit_turn(&k);
	uint64_t size = size_of("a");
	k.record.text[RECORD_PATH] = slice_str(path);
	record_kit_make(&k.record);
	for (int i = 0; i < 400; i++)
		log_access_take(&k.access, &k.record.view);
	kit_write(&k);
	ck_assert_uint_gt(size_of("a"), size + LOG_OUT_WAITING_MAX);
	killed();
	ck_assert_uint_eq(size_of("a"), size);
	kit_stop(&k);
}
END_TEST

/* Nobody cuts what others may have written. */
START_TEST(a_file_of_others)
{
	int fd;

	kit_stop(&k);
	fd = open(kit_path(&k, "a"), O_WRONLY | O_APPEND);
	ck_assert_int_eq(flock(fd, LOCK_EX | LOCK_NB), 0);
	kit_start(&k);
	kit_follow(&k, 1);
	kit_ask(&k, 0, 3);
	limit(5);
	kit_turn(&k);
	ck_assert_str_eq(kit_read(&k, "a"), "/1\n/2");
	limit(0);
	later();
	kit_turn(&k);
	kit_has(&k, "a", 1, 3);
	kit_stop(&k);
	(void)close(fd);
}
END_TEST

START_TEST(a_line_of_others_stays)
{
	int fd;

	kit_stop(&k);
	fd = open(kit_path(&k, "a"), O_WRONLY | O_TRUNC);
	ck_assert_int_eq(write(fd, "half", 4), 4);
	(void)close(fd);
	kit_start(&k);
	kit_follow(&k, 1);
	kit_ask(&k, 0, 2);
	kit_turn(&k);
	ck_assert_str_eq(kit_read(&k, "a"), "half\n/1\n/2\n");
	kit_stop(&k);
}
END_TEST

/* ---- killed ---- */

START_TEST(killed_before_the_mark)
{
	kit_ask(&k, 0, 5);
	kit_turn(&k);
	kit_ask(&k, 0, 5);
	kit_ask(&k, 1, 5);
	kit_write(&k);
	kit_has(&k, "a", 1, 15);
	killed();
	kit_has(&k, "a", 1, 5);
	kit_ask(&k, 1, 5);
	kit_turn(&k);
	kit_has(&k, "a", 1, 20);
	ck_assert_uint_eq(atomic_load(&row(0)->lines), 20);
	kit_stop(&k);
}
END_TEST

START_TEST(killed_within_a_line)
{
	kit_ask(&k, 0, 5);
	kit_turn(&k);
	kit_ask(&k, 0, 5);
	kit_write(&k);
	ck_assert_int_eq(
	    truncate(kit_path(&k, "a"), (off_t)size_of("a") - 2), 0);
	killed();
	kit_turn(&k);
	kit_has(&k, "a", 1, 10);
	kit_stop(&k);
}
END_TEST

START_TEST(killed_with_lines_in_memory)
{
	limit(1);
	kit_ask(&k, 0, 5);
	kit_turn(&k);
	killed();
	limit(0);
	kit_ask(&k, 0, 5);
	kit_turn(&k);
	kit_has(&k, "a", 6, 10);
	ck_assert_uint_eq(atomic_load(&row(0)->lost), 5);
	ck_assert_uint_eq(atomic_load(&row(0)->lines), 5);
	kit_stop(&k);
}
END_TEST

/* The mark is about another file: nothing is cut. */
START_TEST(killed_and_another_file_there)
{
	FILE *f;

	kit_ask(&k, 0, 5);
	kit_turn(&k);
	kit_ask(&k, 0, 5);
	kit_write(&k);
	ck_assert_int_eq(unlink(kit_path(&k, "a")), 0);
	f = fopen(kit_path(&k, "a"), "w");
	(void)fputs("0123456789012345678901234567\n", f);
	(void)fclose(f);
	killed();
	ck_assert_uint_eq(size_of("a"), 29);
	kit_stop(&k);
}
END_TEST

START_TEST(killed_behind_a_reopening)
{
	kit_ask(&k, 0, 5);
	kit_turn(&k);
	ck_assert_int_eq(unlink(kit_path(&k, "a")), 0);
	log_access_reopen(&k.access);
	kit_ask(&k, 0, 5);
	kit_write(&k);
	killed();
	/* Of what has no mark nothing is cut: better twice than not at all. */
	kit_turn(&k);
	kit_read(&k, "a");
	ck_assert_str_eq(k.said, "/6\n/7\n/8\n/9\n/10\n/6\n/7\n/8\n/9\n/10\n");
	kit_stop(&k);
}
END_TEST

/* ---- pipes ---- */

START_TEST(a_pipe_that_nobody_reads)
{
	char all[256];
	uint64_t read_lines = 3;
	ssize_t n;
	int fd;

	ck_assert_int_eq(mkfifo(kit_path(&k, "p"), 0600), 0);
	ck_assert(log_open(kit_path(&k, "log"), LOG_LVL_ERROR, "test"));
	kit_log(&k, 0, IMG_LOG_FILE, kit_path(&k, "p"));
	kit_follow(&k, 1);
	kit_ask(&k, 0, 3);
	kit_turn(&k);
	ck_assert(log_open("/dev/null", LOG_LVL_CRITICAL, "test"));
	ck_assert_ptr_nonnull(
	    strstr(kit_read(&k, "log"), "/p: cannot open: nobody reads it"));
	ck_assert_int_eq(atomic_load(&row(0)->error), ENXIO);
	fd = open(kit_path(&k, "p"), O_RDONLY | O_NONBLOCK);
	later();
	kit_turn(&k);
	ck_assert_int_eq(read(fd, all, sizeof(all)), 9);
	ck_assert_int_eq(memcmp(all, "/1\n/2\n/3\n", 9), 0);
	/* Full: kept, then lost, and told as such. */
	while (atomic_load(&row(0)->lost) == 0) {
		kit_ask(&k, 0, 300);
		kit_turn(&k);
	}
	ck_assert_int_eq(atomic_load(&row(0)->error), EAGAIN);
	while ((n = read(fd, all, sizeof(all))) > 0) {
		for (ssize_t i = 0; i < n; i++)
			read_lines += all[i] == '\n';
		kit_turn(&k);
	}
	ck_assert_uint_eq(atomic_load(&row(0)->waiting), 0);
	ck_assert_uint_eq(atomic_load(&row(0)->lines), read_lines);
	ck_assert_int_eq(atomic_load(&row(0)->error), 0);
	ck_assert_uint_eq(
	    atomic_load(&row(0)->lines), k.asked - atomic_load(&row(0)->lost));
	/* Gone in the middle of a line: the next one gets no half of it. */
	(void)close(fd);
	kit_ask(&k, 0, 1);
	kit_turn(&k);
	ck_assert_int_ne(atomic_load(&row(0)->error), 0);
	kit_stop(&k);
}
END_TEST

/* The gateway's standard output may be anybody's: nothing about it changes. */
START_TEST(standard_output_that_nobody_reads)
{
	int ends[2], flags;
	char all[65536];

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(dup2(ends[1], STDOUT_FILENO), STDOUT_FILENO);
	kit_log(&k, 0, IMG_LOG_STDOUT, "");
	kit_follow(&k, 1);
	while (atomic_load(&row(0)->lost) == 0) {
		kit_ask(&k, 0, 300);
		kit_turn(&k);
	}
	flags = fcntl(STDOUT_FILENO, F_GETFL);
	ck_assert_int_eq(flags & O_NONBLOCK, 0);
	ck_assert_int_gt(read(ends[0], all, sizeof(all)), 0);
	ck_assert_int_eq(memcmp(all, "/1\n/2\n", 6), 0);
	kit_stop(&k);
}
END_TEST

/* ---- rows ---- */

START_TEST(rows_of_logs_that_are_gone)
{
	char name[32];

	for (int i = 0; i < 2 * READERS_LOGS_MAX; i++) {
		(void)snprintf(name, sizeof(name), "n%d", i);
		kit_log(&k, 0, IMG_LOG_FILE, kit_path(&k, name));
		kit_follow(&k, 1);
		kit_ask(&k, 0, 1);
		kit_turn(&k);
		ck_assert_uint_eq(atomic_load(&row(0)->lines), 1);
	}
	kit_stop(&k);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("log_access");

	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, lines_and_counts);
	tcase_add_test(tc, conditions_and_samples);
	tcase_add_test(tc, what_stays_stays_open);
	tcase_add_test(tc, moved_and_reopened);
	tcase_add_test(tc, no_room);
	tcase_add_test(tc, taken_back_later);
	tcase_add_test(tc, taken_back_behind_the_start);
	tcase_add_test(tc, reopened_without_room);
	tcase_add_test(tc, reopened_where_it_could_not_be);
	tcase_add_test(tc, a_full_disk);
	tcase_add_test(tc, no_room_for_long);
	tcase_add_test(tc, more_than_may_wait);
	tcase_add_test(tc, a_file_of_others);
	tcase_add_test(tc, a_line_of_others_stays);
	tcase_add_test(tc, killed_before_the_mark);
	tcase_add_test(tc, killed_within_a_line);
	tcase_add_test(tc, killed_with_lines_in_memory);
	tcase_add_test(tc, killed_and_another_file_there);
	tcase_add_test(tc, killed_behind_a_reopening);
	tcase_add_test(tc, a_pipe_that_nobody_reads);
	tcase_add_test(tc, standard_output_that_nobody_reads);
	tcase_add_test(tc, rows_of_logs_that_are_gone);
	return fixture_run(tc, "log_access");
}
