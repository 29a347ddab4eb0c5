/* Tests of identity.c: the block, its way through a cache, and its end. */
#include "tests/unit/shm/fixture.h"

#include "worker/flow/identity.h"

static struct region r;

static const struct identity_parts whole = {
	.type = IMG_AUTH_JWT,
	.authenticator = { "main", 4 },
	.claim = { [IMG_CLAIM_USER] = { "alice", 5 },
	    [IMG_CLAIM_ROLES] = { "a,b", 3 } },
	.token_id = { "j1", 2 },
	.claims = { "{\"sub\":\"alice\"}", 15 },
	.issued_s = 1000,
	.expires_s = 2000,
};

static void
start(void)
{
	fixture_region(&r, 1);
}

static void
is_whole(const struct identity *id)
{
	ck_assert_ptr_nonnull(id);
	ck_assert_int_eq(id->type, IMG_AUTH_JWT);
	ck_assert(slice_eq(id->authenticator, whole.authenticator));
	for (unsigned i = 0; i < IMG_CLAIMS; i++)
		ck_assert(slice_eq(id->claim[i], whole.claim[i]));
	ck_assert(slice_eq(id->token_id, whole.token_id));
	ck_assert(slice_eq(id->claims, whole.claims));
	ck_assert_int_eq(id->issued_s, 1000);
	ck_assert_int_eq(id->expires_s, 2000);
	ck_assert_uint_eq(id->refs, 1);
	/* It does not point at what it was made of. */
	ck_assert_ptr_ne(id->claims.p, whole.claims.p);
}

START_TEST(a_block_is_shared)
{
	struct identity *id = identity_new(&whole);

	is_whole(id);
	ck_assert_ptr_eq(identity_ref(id), id);
	identity_unref(id);
	is_whole(id);
	identity_unref(id);
	identity_unref(NULL);
}
END_TEST

START_TEST(packed_and_back)
{
	struct identity *id = identity_new(&whole), *back;
	char bytes[512];
	size_t n = identity_pack(id, bytes, sizeof(bytes));

	ck_assert_uint_ne(n, 0);
	back = identity_unpack(slice_make(bytes, n));
	is_whole(back);
	identity_unref(back);
	/* No byte too few, none too many; nor does it fit into less. */
	for (size_t i = 0; i < n; i++) {
		ck_assert_ptr_null(identity_unpack(slice_make(bytes, i)));
		ck_assert_uint_eq(identity_pack(id, bytes + 256, i), 0);
	}
	ck_assert_ptr_null(identity_unpack(slice_make(bytes, n + 1)));
	identity_unref(id);
}
END_TEST

/* What is not ours is refused or read, never followed. */
START_TEST(unpacked_noise)
{
	struct identity *id = identity_new(&whole);
	char bytes[512], changed[512];
	size_t n = identity_pack(id, bytes, sizeof(bytes));

	identity_unref(id);
	for (size_t i = 0; i < n; i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			char *copy = malloc(n);

			memcpy(changed, bytes, n);
			changed[i] = (char)(changed[i] ^ 1 << bit);
			memcpy(copy, changed, n);
			identity_unref(identity_unpack(slice_make(copy, n)));
			free(copy);
		}
}
END_TEST

START_TEST(it_expires)
{
	struct identity *id = identity_new(&whole);

	ck_assert(identity_holds(&r, id, 1999));
	ck_assert(!identity_expired(id, 1999));
	ck_assert(!identity_holds(&r, id, 2000));
	ck_assert(identity_expired(id, 2000));
	identity_unref(id);
}
END_TEST

START_TEST(it_is_revoked)
{
	struct revoke_entry e = { .kind = REVOKE_TOKEN,
		.authenticator = SLICE_LIT("main"),
		.value = SLICE_LIT("j1"),
		.until_s = INT64_MAX };
	struct identity *id, *other;
	struct identity_parts parts = whole;

	/* Also one that was revoked before it was made. */
	ck_assert(revoke_add(&r, &e));
	id = identity_new(&whole);
	ck_assert(!identity_holds(&r, id, 1500));
	parts.token_id = SLICE_LIT("j2");
	other = identity_new(&parts);
	ck_assert(identity_holds(&r, other, 1500));
	/* And one that was found to hold. */
	e.value = SLICE_LIT("j2");
	ck_assert(revoke_add(&r, &e));
	ck_assert(!identity_holds(&r, other, 1500));
	ck_assert(!identity_holds(&r, other, 1500));
	ck_assert(revoke_lift(&r, REVOKE_TOKEN, e.authenticator, e.value));
	ck_assert(identity_holds(&r, other, 1500));
	identity_unref(id);
	identity_unref(other);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("identity");

	tcase_add_checked_fixture(tc, start, NULL);
	tcase_add_test(tc, a_block_is_shared);
	tcase_add_test(tc, packed_and_back);
	tcase_add_test(tc, unpacked_noise);
	tcase_add_test(tc, it_expires);
	tcase_add_test(tc, it_is_revoked);
	return fixture_run(tc, "identity");
}
