/*
 * Tests of grant.c: what has begun when a pair of tokens is given, and when it
 * is not. With API keys, since they are short.
 */
#include "worker/filter/grant.h"

#include <openssl/evp.h>

#include "common/jose/issue.h"
#include "shm/audit.h"
#include "shm/families.h"
#include "shm/signing.h"
#include "tests/unit/worker/filter/auth_flow.h"
#include "worker/flow/issued.h"

#define MINUTE_US UINT64_C(60000000)

static struct img_head wanted;

static void
sign(void)
{
	struct signing_key k = { .made_s = 1 };
	struct text pem = { 0 }, spki = { 0 };

	ck_assert(issue_key_make(&pem, &spki));
	memcpy(k.kid, "a-kid-0000000000000000000", SIGNING_KID);
	memcpy(k.pem, pem.p, pem.n);
	memcpy(k.spki, spki.p, spki.n);
	k.pem_bytes = (uint16_t)pem.n;
	k.spki_bytes = (uint16_t)spki.n;
	signing_rotate(&flow.region, &k);
	text_fini(&pem);
	text_fini(&spki);
}

static void
setup(void)
{
	struct img_holder h = { .expires_s = INT64_MAX };
	struct img_auth *a;
	size_t n;

	kit_begin();
	flow_begin();
	a = flow_auth(IMG_AUTH_API_KEY, "keys");
	a->header = kit_str("X-A");
	h.name = h.claims[IMG_CLAIM_USER] = kit_str("robot");
	ck_assert(
	    EVP_Q_digest(NULL, "SHA256", NULL, "key", 3, h.sha256, &n) == 1);
	a->holders = (struct img_span){ kit_put(&h, sizeof(h)), 1 };
	flow_configure();
	kit.head.access.issuer =
	    (struct img_issuer){ .issuer = kit_str("https://gw"),
		    .audiences = kit_strs("api"),
		    .alg = JOSE_ES256,
		    .lifetime_us = MINUTE_US,
		    .refresh_us = 60 * MINUTE_US };
	sign();
	flow.route.grant = IMG_GRANT_ISSUE;
	flow_filters[IMG_FILTER_FORWARD].request = grant_request;
	audit_begin(&flow.region, 0);
	wanted.telemetry.audit = (struct img_audit){
		.on = 1, .refuse = 1, .events = AUDIT_BIT(AUDIT_TOKEN_ISSUED)
	};
	audit_follow(&flow.region, &wanted);
}

static void
teardown(void)
{
	issued_fini(&flow.env);
	flow_fini();
	kit_end();
}

static void
ask(void)
{
	kit_q.head.count = kit_q.up.count = 0;
	kit_field("X-A", "key");
	flow_send();
}

static unsigned
families(void)
{
	uint64_t key, word;
	unsigned n = 0;

	for (uint32_t i = 0; i < FAMILIES_MAX; i++)
		n += families_at(&flow.region, i, &key, &word);
	return n;
}

START_TEST(a_pair_begins_a_family)
{
	ask();
	ck_assert_uint_eq(flow.status, 200);
	ck_assert_int_eq(flow.why, WHY_ISSUED);
	ck_assert_uint_eq(families(), 1);
}
END_TEST

START_TEST(no_family_begins_that_cannot_be_told)
{
	const struct audit_note n = { .event = AUDIT_TOKEN_ISSUED };

	while (audit_before(&flow.region, &n))
		;
	ask();
	ck_assert_uint_eq(flow.status, 503);
	ck_assert_int_eq(flow.why, WHY_AUDIT_FULL);
	ck_assert_uint_eq(families(), 0);
	/* Nor has it to be told where nobody wants to know. */
	wanted.telemetry.audit.events = AUDIT_BIT(AUDIT_BANNED);
	audit_follow(&flow.region, &wanted);
	ask();
	ck_assert_uint_eq(flow.status, 200);
	ck_assert_uint_eq(families(), 1);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("grant");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_pair_begins_a_family);
	tcase_add_test(tc, no_family_begins_that_cannot_be_told);
	return fixture_run(tc, "grant");
}
