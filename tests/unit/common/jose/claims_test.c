/* Tests of claims.c: types, boundaries of time, issuers, audiences, paths. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/jose/claims.h"

#define NOW 1700000000
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static char room[1024];

static enum claims_result
read_with(const char *payload, const struct claims_want *want)
{
	struct claims c;

	return claims_read(slice_str(payload), room, want, &c);
}

static const struct {
	const char *payload;
	enum claims_result want;
} types[] = {
	{ "{}", CLAIMS_OK },
	{ "{\"a\":1}", CLAIMS_OK },
	{ "{\"exp\":1700000001}", CLAIMS_OK },
	{ "{\"exp\":1700000000.5}", CLAIMS_EXPIRED },
	{ "{\"exp\":1700000001.0}", CLAIMS_OK },
	{ "{\"exp\":1.8e9}", CLAIMS_OK },
	{ "{\"exp\":1.7e9}", CLAIMS_EXPIRED },
	{ "{\"exp\":0}", CLAIMS_EXPIRED },
	{ "{\"exp\":-1}", CLAIMS_EXPIRED },
	{ "{\"exp\":-9007199254740992}", CLAIMS_EXPIRED },
	{ "{\"exp\":9007199254740992}", CLAIMS_OK },
	{ "{\"exp\":1,\"nbf\":9007199254740992}", CLAIMS_EXPIRED },
	{ "{\"nbf\":-9007199254740992}", CLAIMS_OK },
	{ "{\"nbf\":9007199254740992}", CLAIMS_EARLY },
	{ "{\"iat\":9007199254740992}", CLAIMS_EARLY },
	{ "{\"\\u0065xp\":1}", CLAIMS_EXPIRED },
	{ "{\"EXP\":1}", CLAIMS_OK },
	{ "{\"iss\":\"\",\"sub\":\"\",\"jti\":\"\",\"aud\":\"\"}", CLAIMS_OK },
	{ "{\"aud\":[]}", CLAIMS_OK },
	{ "", CLAIMS_MALFORMED },
	{ "[]", CLAIMS_MALFORMED },
	{ "null", CLAIMS_MALFORMED },
	{ "\"exp\"", CLAIMS_MALFORMED },
	{ "1700000001", CLAIMS_MALFORMED },
	{ "{\"exp\":1700000001", CLAIMS_MALFORMED },
	{ "{\"exp\":\"1700000001\"}", CLAIMS_MALFORMED },
	{ "{\"exp\":null}", CLAIMS_MALFORMED },
	{ "{\"exp\":true}", CLAIMS_MALFORMED },
	{ "{\"exp\":[1700000001]}", CLAIMS_MALFORMED },
	{ "{\"exp\":{}}", CLAIMS_MALFORMED },
	{ "{\"exp\":1e16}", CLAIMS_MALFORMED },
	{ "{\"exp\":9223372036854775807}", CLAIMS_MALFORMED },
	{ "{\"exp\":1e400}", CLAIMS_MALFORMED },
	{ "{\"exp\":Infinity}", CLAIMS_MALFORMED },
	{ "{\"nbf\":\"0\"}", CLAIMS_MALFORMED },
	{ "{\"nbf\":-1e17}", CLAIMS_MALFORMED },
	{ "{\"iat\":\"0\"}", CLAIMS_MALFORMED },
	{ "{\"iat\":null}", CLAIMS_MALFORMED },
	{ "{\"exp\":1700000001,\"exp\":1700000001}", CLAIMS_MALFORMED },
	{ "{\"exp\":1,\"\\u0065xp\":1700000001}", CLAIMS_MALFORMED },
	{ "{\"a\":{\"b\":1,\"b\":1}}", CLAIMS_MALFORMED },
	{ "{\"iss\":1}", CLAIMS_MALFORMED },
	{ "{\"iss\":[\"a\"]}", CLAIMS_MALFORMED },
	{ "{\"iss\":null}", CLAIMS_MALFORMED },
	{ "{\"sub\":1}", CLAIMS_MALFORMED },
	{ "{\"sub\":{\"a\":1}}", CLAIMS_MALFORMED },
	{ "{\"jti\":7}", CLAIMS_MALFORMED },
	{ "{\"aud\":1}", CLAIMS_MALFORMED },
	{ "{\"aud\":null}", CLAIMS_MALFORMED },
	{ "{\"aud\":{\"api\":true}}", CLAIMS_MALFORMED },
	{ "{\"aud\":[\"a\",1]}", CLAIMS_MALFORMED },
	{ "{\"aud\":[[\"a\"]]}", CLAIMS_MALFORMED },
	{ "{\"aud\":[null]}", CLAIMS_MALFORMED },
};

START_TEST(types_rows)
{
	static const struct claims_want want = { .now_s = NOW };

	ck_assert_msg(read_with(types[_i].payload, &want) == types[_i].want,
	    "%s", types[_i].payload);
}
END_TEST

/* RFC 7519 4.1.4 to 4.1.6, to the second. */
static const struct {
	const char *payload;
	int64_t now_s, leeway_s;
	enum claims_result want;
} times[] = {
	{ "{\"exp\":1000}", 999, 0, CLAIMS_OK },
	{ "{\"exp\":1000}", 1000, 0, CLAIMS_EXPIRED },
	{ "{\"exp\":1000}", 1029, 30, CLAIMS_OK },
	{ "{\"exp\":1000}", 1030, 30, CLAIMS_EXPIRED },
	{ "{\"nbf\":1000}", 1000, 0, CLAIMS_OK },
	{ "{\"nbf\":1000}", 999, 0, CLAIMS_EARLY },
	{ "{\"nbf\":1000}", 970, 30, CLAIMS_OK },
	{ "{\"nbf\":1000}", 969, 30, CLAIMS_EARLY },
	{ "{\"iat\":1000}", 1000, 0, CLAIMS_OK },
	{ "{\"iat\":1000}", 999, 0, CLAIMS_EARLY },
	{ "{\"iat\":1000}", 970, 30, CLAIMS_OK },
	{ "{\"iat\":1000}", 969, 30, CLAIMS_EARLY },
	{ "{\"exp\":9007199254740992}", INT64_MAX - 1, INT64_MAX, CLAIMS_OK },
	{ "{\"exp\":9007199254740992}", INT64_MAX, 0, CLAIMS_EXPIRED },
	{ "{\"exp\":-9007199254740992}", INT64_MIN, 0, CLAIMS_OK },
	{ "{\"nbf\":9007199254740992}", INT64_MIN, 0, CLAIMS_EARLY },
	{ "{\"nbf\":-9007199254740992}", INT64_MIN, INT64_MAX, CLAIMS_OK },
	{ "{\"nbf\":-9007199254740992}", INT64_MAX, INT64_MAX, CLAIMS_OK },
	{ "{\"iat\":9007199254740992}", INT64_MAX, 0, CLAIMS_OK },
};

START_TEST(times_rows)
{
	struct claims_want want = { .now_s = times[_i].now_s,
		.leeway_s = times[_i].leeway_s };

	ck_assert_msg(read_with(times[_i].payload, &want) == times[_i].want,
	    "row %d", _i);
}
END_TEST

static const struct {
	const char *payload;
	enum claims_result want;
} parties[] = {
	{ "{\"iss\":\"a\",\"aud\":\"api\",\"exp\":9e9}", CLAIMS_OK },
	{ "{\"iss\":\"b\",\"aud\":[\"x\",\"web\"],\"exp\":9e9}", CLAIMS_OK },
	{ "{\"iss\":\"\\u0061\",\"aud\":[\"\\u0061pi\"],\"exp\":9e9}",
	    CLAIMS_OK },
	{ "{\"aud\":\"api\",\"exp\":9e9}", CLAIMS_ISSUER },
	{ "{\"iss\":\"\",\"aud\":\"api\",\"exp\":9e9}", CLAIMS_ISSUER },
	{ "{\"iss\":\"A\",\"aud\":\"api\",\"exp\":9e9}", CLAIMS_ISSUER },
	{ "{\"iss\":\"a/\",\"aud\":\"api\",\"exp\":9e9}", CLAIMS_ISSUER },
	{ "{\"iss\":\"a\",\"exp\":9e9}", CLAIMS_AUDIENCE },
	{ "{\"iss\":\"a\",\"aud\":\"\",\"exp\":9e9}", CLAIMS_AUDIENCE },
	{ "{\"iss\":\"a\",\"aud\":\"apis\",\"exp\":9e9}", CLAIMS_AUDIENCE },
	{ "{\"iss\":\"a\",\"aud\":\"api web\",\"exp\":9e9}", CLAIMS_AUDIENCE },
	{ "{\"iss\":\"a\",\"aud\":[],\"exp\":9e9}", CLAIMS_AUDIENCE },
	{ "{\"iss\":\"a\",\"aud\":[\"x\",\"API\"],\"exp\":9e9}",
	    CLAIMS_AUDIENCE },
	{ "{\"iss\":\"a\",\"aud\":\"api\"}", CLAIMS_MISSING },
	{ "{\"iss\":\"a\",\"aud\":\"api\",\"EXP\":9e9}", CLAIMS_MISSING },
};

START_TEST(parties_rows)
{
	static const struct slice issuers[] = { { "a", 1 }, { "b", 1 } };
	static const struct slice audiences[] = { { "api", 3 }, { "web", 3 } };
	static const struct slice required[] = { { "exp", 3 } };
	static const struct claims_want want = { .now_s = NOW,
		.issuers = issuers,
		.issuer_count = COUNT(issuers),
		.audiences = audiences,
		.audience_count = COUNT(audiences),
		.required = required,
		.required_count = COUNT(required) };

	ck_assert_msg(read_with(parties[_i].payload, &want) == parties[_i].want,
	    "%s", parties[_i].payload);
}
END_TEST

/* A claim that is null is not there (but see registered ones). */
START_TEST(required)
{
	static const struct slice names[] = { { "org.id", 6 } };
	static const struct claims_want want = { .required = names,
		.required_count = 1 };

	ck_assert_int_eq(
	    read_with("{\"org\":{\"id\":\"\"}}", &want), CLAIMS_OK);
	ck_assert_int_eq(
	    read_with("{\"org\":{\"id\":null}}", &want), CLAIMS_MISSING);
	ck_assert_int_eq(read_with("{\"org\":{}}", &want), CLAIMS_MISSING);
	ck_assert_int_eq(read_with("{\"org.id\":1}", &want), CLAIMS_OK);
}
END_TEST

START_TEST(texts)
{
	static const struct slice payload = SLICE_LIT(
	    "{\"jti\":\"\\u0037\\n\",\"sub\":\"alice\",\"iss\":\"\\/a\\/\","
	    "\"exp\":9e9,\"nbf\":-1,\"aud\":[\"x\"]}");
	static const struct claims_want want = { .now_s = NOW };
	char *own = malloc(payload.n);
	struct claims c;

	ck_assert_int_eq(claims_read(payload, own, &want, &c), CLAIMS_OK);
	ck_assert(slice_eq(c.jti, SLICE_LIT("7\n")));
	ck_assert(slice_eq(c.sub, SLICE_LIT("alice")));
	ck_assert(slice_eq(c.iss, SLICE_LIT("/a/")));
	ck_assert(slice_eq(c.aud.text, SLICE_LIT("[\"x\"]")));
	ck_assert(slice_eq(c.members.all.text, payload));
	ck_assert_int_eq(c.exp, 9000000000);
	ck_assert_int_eq(c.nbf, -1);
	ck_assert_int_eq(c.iat, CLAIMS_NEVER);
	free(own);
}
END_TEST

static const struct {
	const char *path, *want; /* NULL: there is none */
} paths[] = {
	{ "roles", "[\"a\"]" },
	{ "realm_access.roles", "[\"b\"]" },
	{ "https://x.example/roles", "[\"c\"]" },
	{ "resource_access.my.client.roles", "[\"d\"]" },
	{ "a.b.c", "1" },
	{ "a.b", "{\"c\":1}" },
	{ "a.b.d", NULL },
	{ "a", "{\"b\":null}" },
	{ "realm_access", "{\"roles\":[\"b\"]}" },
	{ "nothing", NULL },
	{ "none", NULL },
	{ "roles.a", NULL },
	{ "Roles", NULL },
	{ "", NULL },
	{ ".", NULL },
	{ "a.", NULL },
	{ ".a", NULL },
};

#define CLAIMS_TEXT                                                         \
	"{\"roles\":[\"a\"],\"realm_access\":{\"roles\":[\"b\"]},"          \
	"\"https://x.example/roles\":[\"c\"],\"resource_access\":{\"my\":{" \
	"\"x\":1},\"my.client\":{\"\\u0072oles\":[\"d\"]}},\"nothing\":"    \
	"null,\"a\":{\"b\":null},\"a.b\":{\"c\":1},\"a.b.d\":null}"

START_TEST(finds)
{
	struct slice path = slice_str(paths[_i].path);
	bool wanted = paths[_i].want != NULL;
	struct json_value all, v, in;
	struct json_members object;

	ck_assert(json_read_check(SLICE_LIT(CLAIMS_TEXT), &all));
	ck_assert(json_read_members(SLICE_LIT(CLAIMS_TEXT), &object));
	ck_assert_msg(claims_find(&all, path, &v) == wanted, "%s", path.p);
	ck_assert_msg(
	    claims_find_in(&object, path, &in) == wanted, "%s", path.p);
	if (wanted) {
		ck_assert(slice_eq(v.text, slice_str(paths[_i].want)));
		ck_assert(slice_eq(in.text, v.text));
	}
}
END_TEST

/* As many as an object may have, and one more. */
START_TEST(many)
{
	const struct claims_want want = { .now_s = NOW };
	static char text[JSON_READ_MEMBERS * 40], own[sizeof(text)];
	struct json_value v;
	struct claims c;
	size_t n;

	for (int count = 0; count <= JSON_READ_MEMBERS + 1; count++) {
		char name[16];

		n = (size_t)sprintf(text, "{");
		for (int i = 0; i < count; i++)
			n += (size_t)sprintf(text + n,
			    "%s\"m%d\":{\"a\":1,\"m%d\":[{\"b\":2}]}",
			    i != 0 ? "," : "", i, i);
		text[n++] = '}';
		if (count > JSON_READ_MEMBERS) {
			ck_assert_int_eq(
			    claims_read(slice_make(text, n), own, &want, &c),
			    CLAIMS_MALFORMED);
			continue;
		}
		ck_assert_int_eq(
		    claims_read(slice_make(text, n), own, &want, &c),
		    CLAIMS_OK);
		ck_assert_uint_eq(c.members.count, (unsigned)count);
		ck_assert(!claims_find_in(&c.members, SLICE_LIT("a"), &v));
		sprintf(name, "m%d", count - 1);
		ck_assert(claims_find_in(&c.members, slice_str(name), &v) ==
		    (count != 0));
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("claims");
	TCase *tc = tcase_create("claims");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, types_rows, 0, (int)COUNT(types));
	tcase_add_loop_test(tc, times_rows, 0, (int)COUNT(times));
	tcase_add_loop_test(tc, parties_rows, 0, (int)COUNT(parties));
	tcase_add_test(tc, required);
	tcase_add_test(tc, texts);
	tcase_add_loop_test(tc, finds, 0, (int)COUNT(paths));
	tcase_add_test(tc, many);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
