/* Tests of audit_reader.c, audit_file.c and audit_resume.c: what happened is in
 * the log once, whatever happens to the log and to who writes it. */
#include "tools/audit_reader.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "tests/unit/tools/audit_kit.h"

static struct audit_kit k;
static uint64_t happened, masters;

static void
setup(void)
{
	happened = masters = 0;
	kit_init(&k);
}

static void
teardown(void)
{
	kit_fini(&k);
}

/* All that happened is there, once. */
static void
check_all(const char *const *paths, int n)
{
	uint64_t next[AUDIT_READER_RINGS] = { 0 };

	ck_assert_msg(kit_verify_with(&k, paths, n, NULL), "%s", k.said);
	for (int i = 0; i < n; i++)
		kit_count(paths[i], next);
	ck_assert_uint_eq(next[0], happened);
	ck_assert_uint_eq(next[WORKERS_MAX], masters);
}

static void
check_log(void)
{
	const char *path = k.path[0];

	check_all(&path, 1);
}

START_TEST(events_are_lines)
{
	size_t n;
	char *all;

	kit_happen(&k, 0, &happened, 3);
	kit_start(&k);
	ck_assert_int_eq(audit_reader_turn(&k.reader), AUDIT_TURN_MORE);
	ck_assert_int_eq(audit_reader_turn(&k.reader), AUDIT_TURN_IDLE);
	kit_happen(&k, WORKERS_MAX, &masters, 2);
	kit_drain(&k);
	kit_stop(&k);
	check_log();
	all = kit_read(k.path[0], &n);
	ck_assert_ptr_nonnull(strstr(all, "{\"seq\":1,\"event\":\"chain\""));
	ck_assert_ptr_nonnull(strstr(all,
	    "\"event\":\"banned\",\"outcome\":\"ok\",\"object\":\"10.0.0.1\","
	    "\"detail\":\"\\\"\\n\xef\xbf\xbd\",\"count\":1,\"hash\":\""));
	free(all);
}
END_TEST

START_TEST(the_rings_are_free_once_it_is_written)
{
	const struct shm_readers *readers = k.r.readers;
	struct recorder_cursor end;

	kit_start(&k);
	kit_happen(&k, 0, &happened, 3);
	ck_assert_uint_eq(atomic_load(&readers->audit[0]), 0);
	kit_drain(&k);
	recorder_seek(&k.r, RECORDER_AUDIT, 0, true, &end);
	ck_assert_uint_eq(atomic_load(&readers->audit[0]), end.at);
	ck_assert_uint_ne(end.at, 0);
	kit_stop(&k);
}
END_TEST

START_TEST(who_comes_next_goes_on)
{
	for (int i = 0; i < 4; i++) {
		kit_start(&k);
		kit_happen(&k, 0, &happened, 5);
		kit_drain(&k);
		kit_stop(&k);
		/* Killed before it could say what is written. */
		atomic_store(&k.r.readers->audit[0], 0);
	}
	kit_start(&k);
	kit_drain(&k);
	kit_stop(&k);
	check_log();
}
END_TEST

START_TEST(without_its_state_the_log_says_what_it_has)
{
	char state[160];

	(void)snprintf(state, sizeof(state), "%s.state", k.path[0]);
	kit_start(&k);
	kit_happen(&k, 0, &happened, 5);
	kit_happen(&k, WORKERS_MAX, &masters, 5);
	kit_drain(&k);
	kit_stop(&k);
	atomic_store(&k.r.readers->audit[0], 0);
	atomic_store(&k.r.readers->audit[WORKERS_MAX], 0);
	ck_assert_int_eq(unlink(state), 0);
	kit_start(&k);
	kit_happen(&k, 0, &happened, 1);
	kit_drain(&k);
	kit_stop(&k);
	check_log();
}
END_TEST

START_TEST(a_torn_line_is_cut_off)
{
	size_t n;
	char *all;

	kit_start(&k);
	kit_happen(&k, 0, &happened, 5);
	kit_drain(&k);
	kit_stop(&k);
	all = kit_read(k.path[0], &n);
	/* As if killed while the sixth was written. */
	n +=
	    (size_t)snprintf(all + n, 100, "{\"seq\":7,\"id\":\"12.0.6\",\"ti");
	kit_write(k.path[0], all, n);
	free(all);
	ck_assert(!kit_verify(&k, k.path[0]));
	ck_assert_ptr_nonnull(strstr(k.said, "audit.log:7: it is cut off"));
	kit_happen(&k, 0, &happened, 1);
	kit_start(&k);
	kit_drain(&k);
	kit_stop(&k);
	check_log();
}
END_TEST

START_TEST(the_chain_goes_on_in_a_new_file)
{
	const char *paths[3];
	char old[2][160];

	for (int i = 0; i < 2; i++) {
		(void)snprintf(old[i], 160, "%s.%d", k.path[0], i);
		paths[i] = old[i];
	}
	paths[2] = k.path[0];
	kit_start(&k);
	kit_happen(&k, 0, &happened, 5);
	kit_drain(&k);
	ck_assert_int_eq(rename(k.path[0], old[0]), 0);
	/* Nobody has said so yet. */
	kit_happen(&k, 0, &happened, 5);
	kit_drain(&k);
	audit_reader_reopen(&k.reader);
	kit_happen(&k, 0, &happened, 5);
	kit_drain(&k);
	kit_stop(&k);
	/* While nobody is there, and did not say what is written. */
	atomic_store(&k.r.readers->audit[0], 0);
	ck_assert_int_eq(rename(k.path[0], old[1]), 0);
	kit_start(&k);
	kit_happen(&k, 0, &happened, 5);
	kit_drain(&k);
	check_all(paths, 3);
	ck_assert(kit_verify_with(&k, paths + 1, 2, NULL));
	ck_assert(kit_verify_with(&k, paths + 2, 1, NULL));
	ck_assert(kit_verify_with(&k, paths, 1, NULL));
	ck_assert_ptr_nonnull(
	    strstr(k.said, "nothing says whether there were lines behind it"));
	ck_assert(!kit_verify_with(&k, paths, 1, "00"));
	kit_stop(&k);
}
END_TEST

/* Copied, and emptied in its place. */
START_TEST(an_emptied_file_begins_anew)
{
	kit_start(&k);
	kit_happen(&k, 0, &happened, 5);
	kit_drain(&k);
	ck_assert_int_eq(truncate(k.path[0], 0), 0);
	kit_happen(&k, 0, &happened, 5);
	kit_drain(&k);
	kit_stop(&k);
	ck_assert_msg(kit_verify(&k, k.path[0]), "%s", k.said);
	ck_assert_ptr_nonnull(strstr(k.said, "of 7 to 12 of the chain"));
}
END_TEST

START_TEST(a_deleted_file_is_made_again)
{
	kit_start(&k);
	kit_happen(&k, 0, &happened, 5);
	kit_drain(&k);
	ck_assert_int_eq(unlink(k.path[0]), 0);
	kit_happen(&k, 0, &happened, 1);
	kit_drain(&k);
	kit_stop(&k);
	ck_assert_msg(kit_verify(&k, k.path[0]), "%s", k.said);
	ck_assert_ptr_nonnull(strstr(k.said, "of 7 to 8 of the chain"));
}
END_TEST

/* Somebody cut the end off while nobody wrote. */
START_TEST(a_cut_end_is_found_for_ever)
{
	size_t n;
	char *all;

	kit_start(&k);
	kit_happen(&k, 0, &happened, 5);
	kit_drain(&k);
	kit_stop(&k);
	all = kit_read(k.path[0], &n);
	*strstr(all, "{\"seq\":5") = '\0';
	kit_write(k.path[0], all, strlen(all));
	free(all);
	ck_assert(!kit_verify(&k, k.path[0]));
	ck_assert_ptr_nonnull(strstr(k.said, "the end is cut off"));
	kit_start(&k);
	kit_happen(&k, 0, &happened, 1);
	kit_drain(&k);
	kit_stop(&k);
	ck_assert(!kit_verify(&k, k.path[0]));
	ck_assert_ptr_nonnull(strstr(k.said,
	    "audit.log:5: line 7 of the chain comes behind line 4: 2 are "
	    "missing\n"));
	ck_assert_ptr_null(strstr(k.said, "audit.log:6:"));
}
END_TEST

static void
limit_files(rlim_t bytes)
{
	struct rlimit l = { bytes, RLIM_INFINITY };

	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &l), 0);
}

/* A write that is cut short, as on a full disk. */
START_TEST(a_full_disk_holds_events_up)
{
	kit_start(&k);
	(void)signal(SIGXFSZ, SIG_IGN);
	kit_happen(&k, 0, &happened, 20);
	kit_drain(&k);
	limit_files(8192);
	kit_happen(&k, 0, &happened, 20);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(
		    audit_reader_turn(&k.reader), AUDIT_TURN_STUCK);
	ck_assert_int_eq(k.reader.files[0].error, EFBIG);
	ck_assert_msg(kit_verify(&k, k.path[0]), "%s", k.said);
	kit_happen(&k, WORKERS_MAX, &masters, 20);
	limit_files(RLIM_INFINITY);
	kit_drain(&k);
	ck_assert_int_eq(k.reader.files[0].error, 0);
	kit_stop(&k);
	check_log();
}
END_TEST

START_TEST(each_log_has_its_own_events)
{
	const struct audit_note started = { .event = AUDIT_STARTED };
	size_t n;
	char *all;

	kit_logs(&k, 2, NULL);
	k.image.log[1].events = AUDIT_BIT(AUDIT_STARTED);
	kit_start(&k);
	kit_happen(&k, 0, &happened, 3);
	audit_write(&k.r, &started);
	happened++;
	kit_drain(&k);
	check_log();
	all = kit_read(k.path[1], &n);
	ck_assert_ptr_nonnull(strstr(all, "\"event\":\"started\""));
	ck_assert_ptr_null(strstr(all, "\"event\":\"banned\""));
	free(all);
	/* One of them goes, the other one goes on. */
	kit_logs(&k, 1, NULL);
	ck_assert(audit_reader_follow(&k.reader, &k.image.head));
	kit_happen(&k, 0, &happened, 3);
	kit_drain(&k);
	kit_stop(&k);
	check_log();
}
END_TEST

START_TEST(nobody_writes_what_another_one_writes)
{
	struct audit_reader other;

	kit_start(&k);
	kit_happen(&k, 0, &happened, 3);
	ck_assert(audit_reader_init(&other, &k.r));
	ck_assert(audit_reader_follow(&other, &k.image.head));
	ck_assert_int_eq(audit_reader_turn(&other), AUDIT_TURN_STUCK);
	kit_drain(&k);
	kit_stop(&k);
	check_log();
	ck_assert_int_eq(audit_reader_turn(&other), AUDIT_TURN_MORE);
	audit_reader_fini(&other);
	check_log();
}
END_TEST

START_TEST(with_a_key_nobody_else_writes_lines)
{
	char key[160];

	(void)snprintf(key, sizeof(key), "%s/key", k.folder);
	kit_write(key, "0123456789abcdef0123456789abcdef\n", 33);
	kit_logs(&k, 1, key);
	kit_start(&k);
	kit_happen(&k, 0, &happened, 3);
	kit_drain(&k);
	kit_stop(&k);
	check_log();
	kit_logs(&k, 1, NULL);
	ck_assert(!kit_verify(&k, k.path[0]));
	ck_assert_ptr_nonnull(strstr(k.said, "--key"));
	kit_write(key, "0123456789abcdef0123456789abcdeF\n", 33);
	kit_logs(&k, 1, key);
	ck_assert(!kit_verify(&k, k.path[0]));
	kit_write(key, "short\n", 6);
	ck_assert(!kit_verify(&k, k.path[0]));
	ck_assert_ptr_nonnull(strstr(k.said, "32 to 4096 bytes"));
}
END_TEST

/* ---- kills ---- */

#define KILLS 80

static pid_t
reader_fork(void)
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid != 0)
		return pid;
	kit_start(&k);
	for (;;)
		if (audit_reader_turn(&k.reader) == AUDIT_TURN_IDLE)
			(void)usleep(50);
}

static void
reader_kill(pid_t pid)
{
	int status;

	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status));
}

START_TEST(kills_lose_nothing_and_repeat_nothing)
{
	static char names[KILLS][160];
	static const char *paths[KILLS + 1];
	unsigned seed = 20261128;
	int files = 0;

	k.image.head.telemetry.audit.refuse = 1;
	audit_follow(&k.r, &k.image.head);
	for (int i = 0; i < KILLS; i++) {
		pid_t pid = reader_fork();
		int pauses = rand_r(&seed) % (i % 2 != 0 ? 40 : 3);

		for (; pauses >= 0; pauses--) {
			kit_happen(&k, 0, &happened, rand_r(&seed) % 20);
			kit_happen(&k, WORKERS_MAX, &masters, 1);
			(void)usleep(rand_r(&seed) % 500);
		}
		reader_kill(pid);
		if (i % 3 != 0 && access(k.path[0], F_OK) == 0) {
			(void)snprintf(
			    names[files], 160, "%s.%d", k.path[0], files);
			ck_assert_int_eq(rename(k.path[0], names[files]), 0);
			paths[files] = names[files];
			files++;
		}
	}
	kit_start(&k);
	kit_drain(&k);
	kit_stop(&k);
	paths[files] = k.path[0];
	ck_assert_uint_eq(audit_lost(&k.r), 0);
	check_all(paths, files + 1);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("audit_reader");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, events_are_lines);
	tcase_add_test(tc, the_rings_are_free_once_it_is_written);
	tcase_add_test(tc, who_comes_next_goes_on);
	tcase_add_test(tc, without_its_state_the_log_says_what_it_has);
	tcase_add_test(tc, a_torn_line_is_cut_off);
	tcase_add_test(tc, the_chain_goes_on_in_a_new_file);
	tcase_add_test(tc, an_emptied_file_begins_anew);
	tcase_add_test(tc, a_deleted_file_is_made_again);
	tcase_add_test(tc, a_cut_end_is_found_for_ever);
	tcase_add_test(tc, a_full_disk_holds_events_up);
	tcase_add_test(tc, each_log_has_its_own_events);
	tcase_add_test(tc, nobody_writes_what_another_one_writes);
	tcase_add_test(tc, with_a_key_nobody_else_writes_lines);
	tcase_add_test(tc, kills_lose_nothing_and_repeat_nothing);
	return fixture_run(tc, "audit_reader");
}
