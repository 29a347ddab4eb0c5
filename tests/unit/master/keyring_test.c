/*
 * Tests of keyring.c and keyring_file.c: API keys in a region, and in a file.
 */
#include "master/keyring.h"

#include <openssl/evp.h>

#include "tests/unit/shm/fixture.h"

static struct region region, other;
static struct diag d;

static void
setup(void)
{
	fixture_region(&region, 1);
	fixture_region(&other, 1);
	diag_init(&d);
}

static void
teardown(void)
{
	diag_fini(&d);
	region_fini(&other);
	region_fini(&region);
}

static struct keyring_key
key(uint8_t n, const char *name)
{
	struct keyring_key k = { .name = slice_str(name),
		.expires_s = KEYRING_NEVER,
		.made_s = 1000 + n };

	memset(k.sha256, n, sizeof(k.sha256));
	k.claims[IMG_CLAIM_USER] = slice_str(name);
	return k;
}

static void
add(const char *auth, uint8_t n, const char *name)
{
	struct keyring_key k = key(n, name);

	ck_assert_int_eq(keyring_add(&region, slice_str(auth), &k), KEYRING_OK);
}

/* The names of what is there, in order. */
static const char *
names(const struct region *r, const char *auth)
{
	static char text[256];
	const struct holders *h = keyring_block(r, slice_str(auth));
	struct keyring_key k;

	text[0] = '\0';
	for (uint32_t i = 0; h != NULL && i < h->count; i++) {
		keyring_at(h, i, &k);
		strncat(text, k.name.p, k.name.n);
	}
	return text;
}

START_TEST(keys_are_made)
{
	char one[KEYRING_KEY], two[KEYRING_KEY];
	uint8_t hash[32], is[32];

	keyring_make(one, hash);
	ck_assert_int_eq(memcmp(one, "psk_", 4), 0);
	ck_assert_int_eq(
	    EVP_Digest(one, sizeof(one), is, NULL, EVP_sha256(), NULL), 1);
	ck_assert_mem_eq(hash, is, sizeof(is));
	keyring_make(two, is);
	ck_assert(memcmp(one, two, sizeof(one)) != 0);
}
END_TEST

START_TEST(added_and_removed)
{
	struct keyring_key k = key(3, "x");
	uint32_t slot = keyring_slot(&region, SLICE_LIT("keys"));
	uint64_t version = keysets_version(&region, slot);

	ck_assert_ptr_null(keyring_block(&region, SLICE_LIT("keys")));
	add("keys", 5, "e");
	add("keys", 1, "a");
	add("keys", 3, "c");
	add("others", 2, "o");
	ck_assert_str_eq(names(&region, "keys"), "ace");
	ck_assert_str_eq(names(&region, "others"), "o");
	ck_assert_str_eq(names(&region, "none"), "");
	ck_assert_int_eq(
	    keyring_add(&region, SLICE_LIT("keys"), &k), KEYRING_TWICE);
	/* Whoever has read it before sees that it is another. */
	ck_assert_uint_ne(keysets_version(&region, slot), version);
	version = keysets_version(&region, slot);
	ck_assert_int_eq(
	    keyring_remove(&region, SLICE_LIT("keys"), k.sha256), KEYRING_OK);
	ck_assert_uint_ne(keysets_version(&region, slot), version);
	ck_assert_str_eq(names(&region, "keys"), "ae");
	k = key(1, "a");
	ck_assert_int_eq(
	    keyring_remove(&region, SLICE_LIT("keys"), k.sha256), KEYRING_OK);
	k = key(5, "e");
	ck_assert_int_eq(
	    keyring_remove(&region, SLICE_LIT("keys"), k.sha256), KEYRING_OK);
	ck_assert_str_eq(names(&region, "keys"), "");
	add("keys", 9, "i");
	ck_assert_str_eq(names(&region, "keys"), "i");
}
END_TEST

/* A slot that holds something else is none of ours. */
START_TEST(other_things_in_a_slot)
{
	uint32_t slot = keyring_slot(&region, SLICE_LIT("keys"));

	ck_assert(keysets_publish(&region, slot, SLICE_LIT("x")));
	ck_assert_ptr_null(keyring_block(&region, SLICE_LIT("keys")));
	add("keys", 1, "a");
	ck_assert_str_eq(names(&region, "keys"), "a");
	/* An authenticator of another type has another slot. */
	ck_assert_uint_ne(slot, keysets_slot(&region, SLICE_LIT("keys")));
}
END_TEST

/* ---- the file ---- */

START_TEST(what_is_written_is_read)
{
	struct keyring_key k = key(200, "full \"name\" \xc3\xa4");
	struct keyring_key back;
	const struct holders *h;
	struct text text = { 0 }, again = { 0 };

	for (unsigned c = 0; c < IMG_CLAIMS; c++)
		k.claims[c] = SLICE_LIT("a,b\\");
	k.expires_s = 4102444800;
	ck_assert_int_eq(
	    keyring_add(&region, SLICE_LIT("one"), &k), KEYRING_OK);
	add("one", 1, "a");
	add("two", 2, "b");
	keyring_write(&region, &text);
	ck_assert(keyring_load(&other, text_slice(&text), &d));
	ck_assert_str_eq(names(&other, "two"), "b");
	h = keyring_block(&other, SLICE_LIT("one"));
	ck_assert_ptr_nonnull(h);
	ck_assert_uint_eq(h->count, 2);
	keyring_at(h, 1, &back);
	ck_assert_mem_eq(back.sha256, k.sha256, 32);
	ck_assert(slice_eq(back.name, k.name));
	for (unsigned c = 0; c < IMG_CLAIMS; c++)
		ck_assert(slice_eq(back.claims[c], k.claims[c]));
	ck_assert_int_eq(back.expires_s, k.expires_s);
	ck_assert_int_eq(back.made_s, k.made_s);
	keyring_write(&other, &again);
	ck_assert(slice_eq(text_slice(&text), text_slice(&again)));
	text_fini(&text);
	text_fini(&again);
}
END_TEST

#define FIRST "{\"penstock\":\"api_keys\",\"version\":1}\n"
#define HASH "0101010101010101010101010101010101010101010101010101010101010101"
#define LINE(more) "{\"authenticator\":\"a\",\"sha256\":\"" HASH "\"" more "}\n"

START_TEST(damaged_files)
{
	static const char *const bad[] = {
		FIRST "{}\n",
		FIRST "{\"authenticator\":\"a\"}\n",
		FIRST "{\"sha256\":\"" HASH "\"}\n",
		FIRST "{\"authenticator\":\"a\",\"sha256\":\"01\"}\n",
		FIRST LINE(",\"name\":1"),
		FIRST LINE(",\"made\":-1"),
		FIRST LINE(",\"expires\":1e30"),
		FIRST LINE(",\"key\":\"x\""),
		FIRST LINE("") LINE(",\"name\":\"twice\""),
		FIRST LINE("") "\n",
		"{\"penstock\":\"revocations\",\"version\":1}\n",
	};

	ck_assert(!keyring_load(&region, slice_str(bad[_i]), &d));
	ck_assert_uint_eq(d.errors, 1);
	ck_assert_str_eq(d.items[0].file, "api_keys");
	ck_assert_ptr_null(keyring_block(&region, SLICE_LIT("a")));
}
END_TEST

START_TEST(least_file)
{
	ck_assert(keyring_load(&region, SLICE_LIT(FIRST LINE("")), &d));
	ck_assert_uint_eq(keyring_block(&region, SLICE_LIT("a"))->count, 1);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("all");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, keys_are_made);
	tcase_add_test(tc, added_and_removed);
	tcase_add_test(tc, other_things_in_a_slot);
	tcase_add_test(tc, what_is_written_is_read);
	tcase_add_loop_test(tc, damaged_files, 0, 11);
	tcase_add_test(tc, least_file);
	return fixture_run(tc, "keyring");
}
