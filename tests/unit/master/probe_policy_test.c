/*
 * probe_policy_test.c - what is kept of policies, and for how long.
 */
#include <check.h>
#include <stdlib.h>

#include "tests/unit/common/net/cert_kit.h"
#include "tests/unit/shm/fixture.h"

#include "master/probe_policy.h"

#define OUTS 3

/* An image with one trust, one identity, and services that use them. */
static struct {
	struct img_head head;
	struct img_trust trust;
	struct img_identity identity;
	struct img_tls_out outs[OUTS];
} img;
static struct img_service services[OUTS];
static struct text secrets;
static struct probe_policies policies;

static uint32_t
offset(const void *p)
{
	return (uint32_t)((const char *)p - (const char *)&img);
}

/* What was added behind `before`. */
static struct img_secret
secret_since(size_t before)
{
	return (struct img_secret){ (uint32_t)before,
		(uint32_t)(secrets.n - before) };
}

static void
fill_secrets(void)
{
	struct cert c =
	    cert_make(&(struct cert_want){ "ca", .ca = true, .serial = 1 });
	size_t at = secrets.n;

	cert_put(&secrets, &c);
	img.trust.cas = img.identity.chain = secret_since(at);
	at = secrets.n;
	cert_put_key(&secrets, &c);
	img.identity.key = secret_since(at);
	cert_free(&c);
}

static void
setup(void)
{
	tls_init();
	probe_policies_init(&policies);
	fill_secrets();
	memset(img.trust.hash, 1, sizeof(img.trust.hash));
	memset(img.identity.hash, 2, sizeof(img.identity.hash));
	img.head.trusts = (struct img_span){ offset(&img.trust), 1 };
	img.head.identities = (struct img_span){ offset(&img.identity), 1 };
	img.head.tls_outs = (struct img_span){ offset(img.outs), OUTS };
	for (uint32_t i = 0; i < OUTS; i++) {
		img.outs[i] = (struct img_tls_out){
			.verify = 1, .identity = IMG_NONE, .min_version = 0x0303
		};
		memset(img.outs[i].hash, (int)(3 + i), 32);
		services[i].tls = i;
		services[i].protocol = IMG_PROTOCOL_H1;
	}
}

static void
teardown(void)
{
	probe_policies_fini(&policies);
	text_fini(&secrets);
}

static struct tls_client *
get(uint32_t i)
{
	return probe_policy(&policies, &img.head, secrets.p, &services[i]);
}

static void
keeps(size_t identities, size_t trusts, size_t clients)
{
	ck_assert_uint_eq(policies.kept[POLICY_IDENTITY].count, identities);
	ck_assert_uint_eq(policies.kept[POLICY_TRUST].count, trusts);
	ck_assert_uint_eq(policies.kept[POLICY_CLIENT].count, clients);
}

START_TEST(is_made_once)
{
	struct tls_client *a = get(0);

	ck_assert_ptr_nonnull(a);
	ck_assert_ptr_eq(get(0), a);
	keeps(0, 1, 1);
	ck_assert_ptr_ne(get(1), a);
	keeps(0, 1, 2);
	/* The same by content, in another place. */
	memcpy(img.outs[2].hash, img.outs[0].hash, 32);
	ck_assert_ptr_eq(get(2), a);
}
END_TEST

START_TEST(goes_when_nobody_names_it)
{
	struct tls_client *a = get(0);

	img.outs[1].identity = 0;
	img.outs[2].verify = 0;
	ck_assert(get(1) != NULL && get(2) != NULL);
	keeps(1, 1, 3);
	probe_policies_sweep(&policies);
	keeps(1, 1, 3);
	/* What a policy rests on stays with it. */
	ck_assert_ptr_eq(get(0), a);
	probe_policies_sweep(&policies);
	keeps(0, 1, 1);
	ck_assert(get(2) != NULL);
	probe_policies_sweep(&policies);
	keeps(0, 0, 1);
	probe_policies_sweep(&policies);
	keeps(0, 0, 0);
}
END_TEST

/* Never one that believes more than it should. */
START_TEST(is_none_without_its_material)
{
	img.outs[1].identity = 0;
	if (_i == 0)
		img.trust.cas.len = 3;
	else
		img.identity.key.len = 3;
	ck_assert_ptr_null(get(1));
	ck_assert_ptr_null(get(1));
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("probe_policy");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, is_made_once);
	tcase_add_test(tc, goes_when_nobody_names_it);
	tcase_add_loop_test(tc, is_none_without_its_material, 0, 2);
	return fixture_run(tc, "probe_policy");
}
