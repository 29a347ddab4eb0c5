/*
 * Tests of tls_material.c: what is taken, and what is refused.
 */
#include <check.h>

#include "tests/unit/common/net/cert_kit.h"

static struct cert ca, leaf, other;
static struct text list, key;

static void
setup(void)
{
	tls_init();
	ca = cert_make(&(struct cert_want){ .cn = "ca", .ca = true });
	leaf = cert_make(&(struct cert_want){ .cn = "leaf", .by = &ca });
	other = cert_make(
	    &(struct cert_want){ .cn = "other", .by = &ca, .rsa = true });
	text_init(&list);
	text_init(&key);
}

static void
teardown(void)
{
	cert_free(&ca);
	cert_free(&leaf);
	cert_free(&other);
	text_fini(&list);
	text_fini(&key);
}

static bool
identity_ok(void)
{
	struct tls_identity *i = tls_identity_new(
	    text_slice(&list), text_slice(&key), SLICE_LIT("staple"));
	bool ok = i != NULL;

	tls_identity_free(i);
	ck_assert_uint_eq(ERR_peek_error(), 0);
	return ok;
}

static bool
trust_ok(struct slice crls)
{
	struct tls_trust *t = tls_trust_new(text_slice(&list), crls);
	bool ok = t != NULL;

	tls_trust_free(t);
	ck_assert_uint_eq(ERR_peek_error(), 0);
	return ok;
}

START_TEST(identities)
{
	/* No certificate. */
	cert_put_key(&key, &leaf);
	ck_assert(!identity_ok());
	cert_put(&list, &leaf);
	ck_assert(identity_ok());
	cert_put(&list, &ca);
	ck_assert(identity_ok());
	/* Something behind the last one. */
	text_add_char(&list, 'x');
	ck_assert(!identity_ok());
	list.n--;
	/* Something that is none. */
	tls_der_add(&list, "garbage", 7);
	ck_assert(!identity_ok());
}
END_TEST

START_TEST(a_certificate_with_a_tail)
{
	struct slice der;
	size_t at = 0;
	struct text longer;

	cert_put_key(&key, &leaf);
	cert_put(&list, &leaf);
	ck_assert(tls_der_next(text_slice(&list), &at, &der));
	text_init(&longer);
	text_add(&longer, der);
	text_add_char(&longer, 'x');
	text_clear(&list);
	tls_der_add(&list, longer.p, longer.n);
	ck_assert(!identity_ok());
	text_fini(&longer);
}
END_TEST

START_TEST(keys)
{
	cert_put(&list, &other);
	/* None, garbage, that of another, its own. */
	ck_assert(!identity_ok());
	text_add(&key, SLICE_LIT("garbage"));
	ck_assert(!identity_ok());
	text_clear(&key);
	cert_put_key(&key, &leaf);
	ck_assert(!identity_ok());
	text_clear(&key);
	cert_put_key(&key, &other);
	ck_assert(identity_ok());
}
END_TEST

START_TEST(trusts)
{
	struct text crls;

	text_init(&crls);
	ck_assert(!trust_ok(SLICE_NONE));
	cert_put(&list, &ca);
	cert_put(&list, &ca);
	ck_assert(trust_ok(SLICE_NONE));
	cert_put_crl(&crls, &ca, &leaf, 7);
	ck_assert(trust_ok(text_slice(&crls)));
	tls_der_add(&crls, "garbage", 7);
	ck_assert(!trust_ok(text_slice(&crls)));
	tls_der_add(&list, "garbage", 7);
	ck_assert(!trust_ok(SLICE_NONE));
	text_fini(&crls);
}
END_TEST

START_TEST(references)
{
	struct tls_identity *i = cert_identity(&leaf, &ca);
	struct tls_trust *t = cert_trust(&ca, NULL);

	ck_assert_ptr_eq(tls_identity_ref(i), i);
	ck_assert_ptr_eq(tls_trust_ref(t), t);
	/* Whoever gives back too little or too much is seen by the address
	 * sanitizer. */
	tls_identity_free(i);
	tls_trust_free(t);
	tls_identity_free(i);
	tls_trust_free(t);
	tls_identity_free(NULL);
	tls_trust_free(NULL);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tls_material");
	TCase *tc = tcase_create("tls_material");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, identities);
	tcase_add_test(tc, a_certificate_with_a_tail);
	tcase_add_test(tc, keys);
	tcase_add_test(tc, trusts);
	tcase_add_test(tc, references);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
