/* Tests of credentials.c: where they are, how many, and how they are removed.
 */
#include "tests/unit/worker/filter/auth_kit.h"

#include <ctype.h>

#include "worker/filter/credentials.h"

static struct img_auth a;
static struct slice text;
static bool in_cookie;

static enum credentials
find_with(const char *scheme)
{
	text = SLICE_NONE;
	in_cookie = false;
	return credentials_find(
	    &kit_q, &a, slice_str(scheme), &text, &in_cookie);
}

static enum credentials
find(void)
{
	return find_with("Bearer");
}

static void
start(const char *header, const char *cookie, const char *query)
{
	kit_end();
	kit_begin();
	a = (struct img_auth){ 0 };
	if (header != NULL) {
		a.header = kit_str(header);
		a.header_id = http_field_find(slice_str(header));
	}
	if (cookie != NULL)
		a.cookie = kit_str(cookie);
	if (query != NULL)
		a.query = kit_str(query);
}

/* One Authorization field. */
static enum credentials
authorization(const char *value)
{
	start(NULL, NULL, NULL);
	kit_field("Authorization", value);
	return find();
}

START_TEST(bearer)
{
	start(NULL, NULL, NULL);
	ck_assert_int_eq(find(), CREDENTIALS_NONE);
	ck_assert_int_eq(
	    authorization("Bearer abc.def-_~+/="), CREDENTIALS_FOUND);
	ck_assert_slice_eq(text, "abc.def-_~+/=");
	ck_assert(!in_cookie);
	ck_assert_int_eq(authorization("bEARER   x"), CREDENTIALS_FOUND);
	ck_assert_slice_eq(text, "x");
	/* Other schemes are none of ours. */
	ck_assert_int_eq(authorization("Basic abc"), CREDENTIALS_NONE);
	ck_assert_int_eq(authorization("Bearerx y"), CREDENTIALS_NONE);
	ck_assert_int_eq(authorization("Beare"), CREDENTIALS_NONE);
	ck_assert_int_eq(authorization(""), CREDENTIALS_NONE);
	ck_assert_int_eq(find_with("Basic"), CREDENTIALS_NONE);
}
END_TEST

START_TEST(what_a_token_cannot_be)
{
	static const char *const bad[] = { "Bearer", "Bearer ", "Bearer a b",
		"Bearer a,Bearer b", "Bearer =", "Bearer a=b", "Bearer \tx",
		"Bearer a\tb", "Bearer \"a\"", "Bearer a\xc3\xa4" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(
		    authorization(bad[i]) == CREDENTIALS_BAD, "%s", bad[i]);
}
END_TEST

/* RFC 6750 2.1; each byte at each place of some lengths. */
START_TEST(each_byte_at_each_place)
{
	static const char others[] = "-._~+/";
	static const size_t lengths[] = { 1, 15, 16, 17, 33 };

	for (size_t i = 0; i < 5; i++)
		for (size_t n = lengths[i], at = 0; at < n; at++)
			for (int c = 33; c < 256; c++) {
				char field[64] = "Bearer ";
				bool good = c < 128 &&
				    (isalnum(c) || strchr(others, c) != NULL ||
					(c == '=' && at != 0 && at == n - 1));

				memset(field + 7, 'a', n);
				field[7 + at] = (char)c;
				ck_assert_msg(authorization(field) ==
					(good ? CREDENTIALS_FOUND
					      : CREDENTIALS_BAD),
				    "%d at %zu of %zu", c, at, n);
			}
}
END_TEST

START_TEST(two_are_an_error)
{
	ck_assert_int_eq(authorization("Bearer a"), CREDENTIALS_FOUND);
	kit_field("authorization", "Bearer a");
	ck_assert_int_eq(find(), CREDENTIALS_TWO);

	start(NULL, "s", NULL);
	kit_field("Cookie", "s=a; t=b; s=a");
	ck_assert_int_eq(find(), CREDENTIALS_TWO);
	start(NULL, "s", NULL);
	kit_field("Cookie", "s=a");
	kit_field("Cookie", "s=");
	ck_assert_int_eq(find(), CREDENTIALS_TWO);
	start("X-Token", "s", NULL);
	kit_field("X-Token", "a");
	kit_field("Cookie", "s=a");
	ck_assert_int_eq(find(), CREDENTIALS_TWO);
	start("X-Key", NULL, "k");
	kit_field("X-Key", "a");
	kit_q.uri.query = SLICE_LIT("k=b");
	ck_assert_int_eq(find_with(""), CREDENTIALS_TWO);
	start(NULL, NULL, "k");
	kit_q.uri.query = SLICE_LIT("k=b&%6b=b");
	ck_assert_int_eq(find_with(""), CREDENTIALS_TWO);
	start("X-Token", NULL, NULL);
	kit_field("X-Token", "a");
	kit_field("x-token", "b");
	ck_assert_int_eq(find(), CREDENTIALS_TWO);
}
END_TEST

/* What we do not look at, the upstream might believe. */
START_TEST(none_beside_the_one_that_is_read)
{
	start(NULL, "s", NULL);
	kit_field("Authorization", "Bearer other");
	ck_assert_int_eq(find(), CREDENTIALS_NONE);
	kit_field("Cookie", "s=mine");
	ck_assert_int_eq(find(), CREDENTIALS_TWO);
	start("X-Token", NULL, NULL);
	kit_field("X-Token", "mine");
	kit_field("Authorization", "Basic zzz");
	ck_assert_int_eq(find(), CREDENTIALS_FOUND);
}
END_TEST

START_TEST(named_places)
{
	start("X-Token", NULL, NULL);
	kit_field("x-token", "abc");
	ck_assert_int_eq(find(), CREDENTIALS_FOUND);
	ck_assert_slice_eq(text, "abc");
	start("X-Token", NULL, NULL);
	kit_field("X-Token", "a b");
	ck_assert_int_eq(find(), CREDENTIALS_BAD);
	start("X-Token", NULL, NULL);
	kit_field("X_Token", "abc");
	ck_assert_int_eq(find(), CREDENTIALS_NONE);
	/* Named, Authorization is what it always is. */
	start("Authorization", NULL, NULL);
	kit_field("Authorization", "Bearer abc");
	ck_assert_int_eq(find(), CREDENTIALS_FOUND);
	ck_assert_slice_eq(text, "abc");

	start(NULL, "session", NULL);
	kit_field("Cookie", "a=b;session=abc ; c=d");
	ck_assert_int_eq(find(), CREDENTIALS_FOUND);
	ck_assert_slice_eq(text, "abc");
	ck_assert(in_cookie);
	start(NULL, "session", NULL);
	kit_field("Cookie", "Session=abc; xsession=abc; session");
	ck_assert_int_eq(find(), CREDENTIALS_NONE);
	/* As it is after a logout. */
	start(NULL, "session", NULL);
	kit_field("Cookie", "session=");
	ck_assert_int_eq(find(), CREDENTIALS_NONE);
}
END_TEST

START_TEST(api_keys)
{
	start("X-API-Key", NULL, "api_key");
	kit_field("X-API-Key", "any, visible: text");
	ck_assert_int_eq(find_with(""), CREDENTIALS_FOUND);
	ck_assert_slice_eq(text, "any, visible: text");
	start("X-API-Key", NULL, "api_key");
	kit_field("X-API-Key", "");
	ck_assert_int_eq(find_with(""), CREDENTIALS_BAD);
	start(NULL, NULL, "api_key");
	kit_q.uri.query = SLICE_LIT("a=b&api%5Fkey=x%3Dy+z&c");
	ck_assert_int_eq(find_with(""), CREDENTIALS_FOUND);
	ck_assert_slice_eq(text, "x=y+z");
	start(NULL, NULL, "api_key");
	kit_q.uri.query = SLICE_LIT("api_key=%zz");
	ck_assert_int_eq(find_with(""), CREDENTIALS_BAD);
	start(NULL, NULL, "api_key");
	kit_q.uri.query = SLICE_LIT("api_key");
	ck_assert_int_eq(find_with(""), CREDENTIALS_BAD);
	/* Authorization is no place for them. */
	start("X-API-Key", NULL, NULL);
	kit_field("Authorization", "Bearer abc");
	ck_assert_int_eq(find_with(""), CREDENTIALS_NONE);
}
END_TEST

START_TEST(stripped_fields)
{
	authorization("Bearer a");
	kit_field("X-Kept", "1");
	credentials_strip(&kit_q, &a);
	credentials_strip_up(&kit_q);
	ck_assert_uint_eq(kit_goes_up("Authorization", NULL), 0);
	ck_assert_uint_eq(kit_goes_up("X-Kept", NULL), 1);
	ck_assert(!head_has(&kit_q.up, FIELD_AUTHORIZATION));

	start("X-Token", NULL, NULL);
	kit_field("X-Token", "a");
	kit_field("x_token", "b");
	kit_field("Authorization", "Basic b");
	credentials_strip(&kit_q, &a);
	credentials_strip_up(&kit_q);
	ck_assert_uint_eq(kit_goes_up("X-Token", NULL), 0);
	ck_assert_uint_eq(kit_goes_up("X_Token", NULL), 0);
	ck_assert_uint_eq(kit_goes_up("Authorization", NULL), 1);
}
END_TEST

START_TEST(stripped_cookies)
{
	struct slice left = SLICE_NONE;

	start(NULL, "s", NULL);
	kit_field("Cookie", "a=1;s=x; b=2;; s=y");
	credentials_strip(&kit_q, &a);
	credentials_strip_up(&kit_q);
	ck_assert_uint_eq(kit_goes_up("Cookie", &left), 1);
	ck_assert_slice_eq(left, "a=1; b=2");
	ck_assert(head_has(&kit_q.up, FIELD_COOKIE));
	start(NULL, "s", NULL);
	kit_field("Cookie", "s=x");
	kit_field("Accept", "*/*");
	credentials_strip(&kit_q, &a);
	credentials_strip_up(&kit_q);
	ck_assert_uint_eq(kit_goes_up("Cookie", NULL), 0);
	ck_assert(!head_has(&kit_q.up, FIELD_COOKIE));
	ck_assert(head_has(&kit_q.up, FIELD_ACCEPT));
	/* It becomes longer than it was. */
	start(NULL, "s", NULL);
	kit_field("Cookie", "a;b;c;d;e;f;g;h;i");
	credentials_strip(&kit_q, &a);
	credentials_strip_up(&kit_q);
	ck_assert_uint_eq(kit_goes_up("Cookie", &left), 1);
	ck_assert_slice_eq(left, "a; b; c; d; e; f; g; h; i");
}
END_TEST

START_TEST(stripped_parameters)
{
	static const struct {
		const char *query, *left;
	} cases[] = {
		{ "a=1&k=x&b", "a=1&b" },
		{ "k=x", "" },
		{ "%6b=x&a=%20&&b==", "a=%20&&b==" },
		{ "kk=1", "kk=1" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		start(NULL, NULL, "k");
		kit_q.uri.query = slice_str(cases[i].query);
		kit_q.uri.has_query = true;
		credentials_strip(&kit_q, &a);
		credentials_strip_up(&kit_q);
		ck_assert_slice_eq(kit_q.uri.query, cases[i].left);
		ck_assert(kit_q.uri.has_query == (cases[i].left[0] != '\0'));
	}
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("credentials");

	tcase_add_test(tc, bearer);
	tcase_add_test(tc, what_a_token_cannot_be);
	tcase_add_test(tc, each_byte_at_each_place);
	tcase_add_test(tc, two_are_an_error);
	tcase_add_test(tc, none_beside_the_one_that_is_read);
	tcase_add_test(tc, named_places);
	tcase_add_test(tc, api_keys);
	tcase_add_test(tc, stripped_fields);
	tcase_add_test(tc, stripped_cookies);
	tcase_add_test(tc, stripped_parameters);
	return kit_run(tc, "credentials");
}
