/*
 * rotate_test.c - keys of session tickets follow what is published: made and
 * renewed in time, or those of files.
 */
#include "master/rotate.h"
#include "shm/tickets.h"
#include "tests/unit/master/served_kit.h"

static struct rotate rotate;

static void
setup(void)
{
	gate_setup();
	rotate_init(&rotate, &loop, region);
}

static void
teardown(void)
{
	rotate_fini(&rotate);
	gate_teardown();
}

static uint64_t
made(void)
{
	return atomic_load(&region_secrets(region)->tickets);
}

START_TEST(only_where_they_are_wanted)
{
	rotate_follow(&rotate);
	served_publish_text(LISTENER PING);
	rotate_follow(&rotate);
	served_publish_text(
	    SERVED("") "tls_tickets = { lifetime = \"0\"; };\n" PING);
	rotate_follow(&rotate);
	ck_assert_uint_eq(made(), 0);
	served_publish_text(SERVED("") PING);
	rotate_follow(&rotate);
	ck_assert_uint_eq(made(), 1);
	/* As at every change of a set. */
	rotate_follow(&rotate);
	ck_assert_uint_eq(made(), 1);
}
END_TEST

START_TEST(renewed_in_time)
{
	uint64_t began = clock_update().us, us;

	served_publish_text(
	    SERVED("") "tls_tickets = { lifetime = \"1s\"; };\n" PING);
	rotate_follow(&rotate);
	ck_assert_uint_eq(made(), 1);
	while (made() == 1) {
		ck_assert(loop_turn(&loop, 100000));
		ck_assert_uint_lt(clock_now().us, began + 10000000);
	}
	ck_assert_uint_ge(clock_now().us, began + 1000000);
	ck_assert(tickets_made(region, &us));
	ck_assert_uint_ge(us, began + 1000000);
}
END_TEST

/* A successor goes on with the key that is there, for the rest of its time. */
START_TEST(keys_outlive_the_master)
{
	struct tls_ticket_key before, after;

	served_publish_text(SERVED("") PING);
	rotate_follow(&rotate);
	ck_assert(tickets_current(region, &before));
	rotate_fini(&rotate);
	rotate_init(&rotate, &loop, region);
	rotate_follow(&rotate);
	ck_assert(tickets_current(region, &after));
	ck_assert_mem_eq(&before, &after, sizeof(before));
	/* A shorter lifetime counts for it, too. */
	(void)usleep(1100000);
	(void)clock_update();
	served_publish_text(
	    SERVED("") "tls_tickets = { lifetime = \"1s\"; };\n" PING);
	rotate_follow(&rotate);
	ck_assert_uint_eq(made(), 2);
}
END_TEST

START_TEST(keys_of_files)
{
	struct tls_ticket_key key;
	uint8_t old[sizeof(key.aes)];
	bool current;

	served_publish_text(SERVED("") "tls_tickets = { key_files = [ \"t2\", "
				       "\"t1\" ]; };\n" PING);
	rotate_follow(&rotate);
	rotate_follow(&rotate);
	ck_assert_uint_eq(made(), 2);
	ck_assert(tickets_current(region, &key));
	ck_assert_uint_eq(key.name[0], 2);
	ck_assert_uint_eq(key.hmac[31], 2);
	memset(key.name, 1, sizeof(key.name));
	ck_assert(tickets_find(region, key.name, &key, &current));
	ck_assert(!current);
	/* Without files the next one is made at once. */
	served_publish_text(SERVED("") PING);
	rotate_follow(&rotate);
	ck_assert_uint_eq(made(), 3);
	ck_assert(tickets_current(region, &key));
	memset(old, 2, sizeof(old));
	ck_assert_mem_ne(key.aes, old, sizeof(old));
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("all");

	tcase_set_timeout(tc, 60);
	tcase_add_unchecked_fixture(tc, served_files_make, served_files_drop);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, only_where_they_are_wanted);
	tcase_add_test(tc, renewed_in_time);
	tcase_add_test(tc, keys_outlive_the_master);
	tcase_add_test(tc, keys_of_files);
	return conf_try_run("rotate", tc);
}
