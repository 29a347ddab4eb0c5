/* Tests of balance_key.c: what counts of a request, and what does not. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "worker/origin/balance_key.h"

static struct {
	struct img_head head;
	char text[64];
} image;
static struct img_service service;
static struct field fields[2];
static struct req q;

static void
begin(enum img_hash_key kind, const char *name)
{
	const char *why;

	strcpy(image.text, name);
	service = (struct img_service){ .hash_key = (uint16_t)kind,
		.hash_field = (uint16_t)http_field_find(slice_str(name)),
		.hash_name = { sizeof(image.head), (uint32_t)strlen(name) } };
	q = (struct req){ .image = &image.head, .service = &service };
	q.uri.path = SLICE_LIT("/a");
	q.request_id = SLICE_LIT("0123");
	q.head.fields = fields;
	ck_assert(addr_parse("10.0.0.1:1000", &q.client, &why));
}

static void
give(const char *name, const char *value)
{
	struct field *f = &fields[0];

	*f = (struct field){ .name = slice_str(name),
		.value = slice_str(value) };
	f->id = (uint16_t)http_field_find(f->name);
	q.head.count = 1;
	q.head.present =
	    f->id != FIELD_OTHER ? UINT64_C(1) << f->id : UINT64_C(0);
}

/* True when changing the request id alone changes the hash. */
static bool
is_random(void)
{
	uint64_t first;

	q.request_id = SLICE_LIT("0123");
	first = balance_key_hash(&q);
	q.request_id = SLICE_LIT("4567");
	return balance_key_hash(&q) != first;
}

START_TEST(address_without_port)
{
	const char *why;
	uint64_t first;

	begin(IMG_HASH_ADDRESS, "");
	first = balance_key_hash(&q);
	ck_assert(addr_parse("10.0.0.1:2000", &q.client, &why));
	ck_assert_uint_eq(balance_key_hash(&q), first);
	ck_assert(!is_random());
	ck_assert(addr_parse("10.0.0.2:1000", &q.client, &why));
	ck_assert_uint_ne(balance_key_hash(&q), first);
}
END_TEST

START_TEST(path_without_query)
{
	uint64_t first;

	begin(IMG_HASH_PATH, "");
	first = balance_key_hash(&q);
	q.uri.query = SLICE_LIT("x=1");
	ck_assert_uint_eq(balance_key_hash(&q), first);
	ck_assert(!is_random());
	q.uri.path = SLICE_LIT("/b");
	ck_assert_uint_ne(balance_key_hash(&q), first);
}
END_TEST

START_TEST(header_known_and_not)
{
	static const char *const names[] = { "X-Tenant", "User-Agent" };

	for (size_t i = 0; i < 2; i++) {
		uint64_t first;

		begin(IMG_HASH_HEADER, names[i]);
		ck_assert(is_random());
		give(names[i], "a");
		first = balance_key_hash(&q);
		ck_assert(!is_random());
		give(i == 0 ? "x-tenant" : "user-agent", "a");
		ck_assert_uint_eq(balance_key_hash(&q), first);
		give(names[i], "b");
		ck_assert_uint_ne(balance_key_hash(&q), first);
		give("X-Other", "a");
		ck_assert(is_random());
	}
}
END_TEST

START_TEST(one_cookie)
{
	uint64_t first;

	begin(IMG_HASH_COOKIE, "sid");
	ck_assert(is_random());
	give("Cookie", "a=1; sid=7");
	first = balance_key_hash(&q);
	ck_assert(!is_random());
	give("Cookie", "sid=7; a=2");
	ck_assert_uint_eq(balance_key_hash(&q), first);
	give("Cookie", "sid=8; a=2");
	ck_assert_uint_ne(balance_key_hash(&q), first);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("balance_key");
	TCase *tc = tcase_create("balance_key");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, address_without_port);
	tcase_add_test(tc, path_without_query);
	tcase_add_test(tc, header_known_and_not);
	tcase_add_test(tc, one_cookie);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
