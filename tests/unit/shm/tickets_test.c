/*
 * tickets_test.c - keys of session tickets: which count, which are wiped, and
 * what a master that is killed at any store leaves.
 */
#include "tests/unit/shm/stepping.h"

#include "shm/tickets.c"

/* Key n: recognised, and seen to be whole. */
static struct tls_ticket_key
key_make(uint8_t n)
{
	struct tls_ticket_key k;

	memset(k.name, n, sizeof(k.name));
	memset(k.aes, n + 100, sizeof(k.aes));
	memset(k.hmac, n + 200, sizeof(k.hmac));
	return k;
}

static void
key_check(const struct tls_ticket_key *k, uint8_t n)
{
	struct tls_ticket_key want = key_make(n);

	ck_assert_mem_eq(k, &want, sizeof(want));
}

/* The number of the current key; 0: none. */
static uint8_t
current(const struct region *r)
{
	struct tls_ticket_key k;

	if (!tickets_current(r, &k))
		return 0;
	key_check(&k, k.name[0]);
	return k.name[0];
}

/* 0: not found, 1: found, 2: it is current. */
static int
find(const struct region *r, uint8_t n)
{
	struct tls_ticket_key want = key_make(n), k;
	bool is_current;

	if (!tickets_find(r, want.name, &k, &is_current))
		return 0;
	key_check(&k, n);
	return is_current ? 2 : 1;
}

static void
give(struct region *r, uint8_t n)
{
	struct tls_ticket_key k = key_make(n);

	tickets_give(r, &k, 1);
}

START_TEST(three_count)
{
	struct region r;

	fixture_region(&r, 1);
	ck_assert_uint_eq(current(&r), 0);
	ck_assert_int_eq(find(&r, 0), 0);
	for (uint8_t n = 1; n < 40; n++) {
		give(&r, n);
		ck_assert_uint_eq(current(&r), n);
		ck_assert_int_eq(find(&r, n), 2);
		ck_assert_int_eq(find(&r, n - 1), n > 1);
		ck_assert_int_eq(n > 2 ? find(&r, n - 2) : 1, 1);
		ck_assert_int_eq(n > 3 ? find(&r, n - 3) : 0, 0);
	}
	region_fini(&r);
}
END_TEST

/* Nothing but the three is anywhere in the page. */
START_TEST(old_ones_are_wiped)
{
	struct region r;
	uint32_t used = 0;

	fixture_region(&r, 1);
	for (uint8_t n = 1; n < 20; n++)
		give(&r, n);
	for (uint32_t i = 0; i < TICKET_KEYS; i++) {
		const struct shm_ticket_key *k = &region_secrets(&r)->ticket[i];

		used += k->hmac[0] != 0;
		ck_assert_int_eq(k->hmac[0] != 0, k->name[0] != 0);
		ck_assert_int_eq(k->hmac[0] != 0, k->aes[31] != 0);
	}
	ck_assert_uint_eq(used, TICKETS_LIVE);
	region_fini(&r);
}
END_TEST

START_TEST(made_ones_differ)
{
	struct tls_ticket_key a, b, old;
	struct region r;
	uint64_t made;
	bool is_current;

	fixture_region(&r, 1);
	ck_assert(!tickets_made(&r, &made));
	tickets_rotate(&r, 5);
	ck_assert(tickets_current(&r, &a));
	ck_assert(tickets_made(&r, &made));
	ck_assert_uint_eq(made, 5);
	tickets_rotate(&r, 900);
	ck_assert(tickets_made(&r, &made));
	ck_assert_uint_eq(made, 900);
	ck_assert(tickets_current(&r, &b));
	ck_assert_mem_ne(a.name, b.name, sizeof(a.name));
	ck_assert_mem_ne(a.aes, b.aes, sizeof(a.aes));
	ck_assert_mem_ne(a.hmac, b.hmac, sizeof(a.hmac));
	ck_assert_mem_ne(b.aes, b.hmac, sizeof(b.hmac));
	ck_assert(tickets_find(&r, a.name, &old, &is_current));
	ck_assert(!is_current);
	ck_assert_mem_eq(&old, &a, sizeof(a));
	region_fini(&r);
}
END_TEST

START_TEST(given_ones_are_taken_once)
{
	struct tls_ticket_key keys[3] = { key_make(3), key_make(2),
		key_make(1) };
	struct region r;
	uint64_t made;

	fixture_region(&r, 1);
	tickets_rotate(&r, 7);
	tickets_give(&r, keys, 3);
	ck_assert_int_eq(find(&r, 3), 2);
	ck_assert_int_eq(find(&r, 2), 1);
	ck_assert_int_eq(find(&r, 1), 1);
	ck_assert(!tickets_made(&r, &made));
	ck_assert_uint_eq(count_of(&r), 4);
	/* As at every reload. */
	tickets_give(&r, keys, 3);
	tickets_give(&r, keys, 2);
	ck_assert_uint_eq(count_of(&r), 4);
	/* The fleet's next key comes to the front. */
	keys[2] = keys[1];
	keys[1] = keys[0];
	keys[0] = key_make(4);
	tickets_give(&r, keys, 3);
	ck_assert_int_eq(find(&r, 4), 2);
	ck_assert_int_eq(find(&r, 3), 1);
	ck_assert_int_eq(find(&r, 2), 1);
	ck_assert_int_eq(find(&r, 1), 0);
	region_fini(&r);
}
END_TEST

static void
master_acts(struct region *r)
{
	for (uint8_t n = 11; n < 24; n++)
		give(r, n);
}

START_TEST(a_killed_master_leaves_true_keys)
{
	struct region r;
	bool done = false;

	for (uint32_t k = 1; !done; k++) {
		uint8_t n;

		fixture_region(&r, 1);
		for (n = 1; n < 11; n++)
			give(&r, n);
		done = run_killed(master_acts, &r, k);
		n = current(&r);
		ck_assert_uint_ge(n, 10);
		for (uint8_t age = 0; age < TICKETS_LIVE; age++)
			ck_assert_int_eq(
			    find(&r, (uint8_t)(n - age)), age == 0 ? 2 : 1);
		ck_assert_int_eq(find(&r, n - TICKETS_LIVE), 0);
		/* The successor goes on where it stopped. */
		give(&r, 99);
		ck_assert_int_eq(find(&r, n), 1);
		ck_assert_int_eq(find(&r, 99), 2);
		region_fini(&r);
	}
}
END_TEST

/* What a worker reads is whole, or is not read, while a master writes. */
START_TEST(readers_see_whole_keys)
{
	struct region r;
	int status;
	pid_t pid;

	fixture_region(&r, 1);
	give(&r, 1);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		for (unsigned n = 2; n < 200000; n++)
			give(&r, (uint8_t)(n % 50 + 1));
		_exit(0);
	}
	while (waitpid(pid, &status, WNOHANG) == 0) {
		uint8_t n = current(&r);

		ck_assert_uint_ne(n, 0);
		(void)find(&r, n);
	}
	ck_assert_int_eq(status, 0);
	region_fini(&r);
}
END_TEST

static struct region *reading;
static uint8_t meanwhile; /* keys that are given while one is read */

static void
give_meanwhile(const char *name)
{
	uint8_t n = meanwhile;

	if (strcmp(name, "ticket_read") != 0)
		return;
	for (meanwhile = 0; n > 0; n--)
		give(reading, (uint8_t)(50 - n));
}

/* A key that is wiped while it is read was not read. */
START_TEST(a_reader_is_overtaken)
{
	struct tls_ticket_key k, old = key_make(3);
	struct region r;
	bool is_current;

	for (uint8_t n = 1; n < 12; n++) {
		fixture_region(&r, 1);
		give(&r, 3);
		reading = &r;
		shm_step_hook = give_meanwhile;
		meanwhile = n;
		ck_assert_uint_eq(current(&r), n < TICKETS_LIVE ? 3 : 49);
		meanwhile = 0;
		give(&r, 3);
		meanwhile = n;
		ck_assert_int_eq(tickets_find(&r, old.name, &k, &is_current),
		    n < TICKETS_LIVE);
		shm_step_hook = NULL;
		region_fini(&r);
	}
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("tickets");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, three_count);
	tcase_add_test(tc, old_ones_are_wiped);
	tcase_add_test(tc, made_ones_differ);
	tcase_add_test(tc, given_ones_are_taken_once);
	tcase_add_test(tc, a_killed_master_leaves_true_keys);
	tcase_add_test(tc, readers_see_whole_keys);
	tcase_add_test(tc, a_reader_is_overtaken);
	return fixture_run(tc, "tickets");
}
