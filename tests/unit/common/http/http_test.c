/* Tests of http.c: the vocabularies, and that the field hash is perfect. */
#include <check.h>
#include <ctype.h>
#include <stdlib.h>

#include "common/http/http_field.h"

START_TEST(every_field_has_its_slot)
{
	for (unsigned i = 1; i < FIELD_COUNT; i++) {
		struct slice name = http_field_name((enum field_id)i);
		uint8_t slot = http_field_slot(name.p, name.n);

		ck_assert_msg(http_field_slots[slot] == i,
		    "%.*s hashes to slot %u, which holds id %u: if that is 0, "
		    "enter it there, else choose another multiplier",
		    SLICE_FMT(name), slot, http_field_slots[slot]);
	}
}
END_TEST

START_TEST(fields_are_found_in_any_case)
{
	for (unsigned i = 1; i < FIELD_COUNT; i++) {
		struct slice name = http_field_name((enum field_id)i);
		char text[3][64];

		for (size_t k = 0; k < name.n; k++) {
			text[0][k] = (char)tolower(name.p[k]);
			text[1][k] = (char)toupper(name.p[k]);
			text[2][k] = k % 2 == 0 ? text[0][k] : text[1][k];
		}
		ck_assert_uint_eq(http_field_find(name), i);
		for (unsigned k = 0; k < 3; k++)
			ck_assert_uint_eq(
			    http_field_find(slice_make(text[k], name.n)), i);
	}
}
END_TEST

/* One byte changed in any way makes another name. */
START_TEST(near_misses_are_not_found)
{
	for (unsigned i = 1; i < FIELD_COUNT; i++) {
		struct slice name = http_field_name((enum field_id)i);
		char text[64];

		for (size_t k = 0; k < name.n; k++) {
			for (unsigned c = 0; c < 256; c++) {
				memcpy(text, name.p, name.n);
				text[k] = (char)c;
				if (tolower((int)c) == tolower(name.p[k]))
					continue;
				ck_assert_uint_ne(
				    http_field_find(slice_make(text, name.n)),
				    i);
			}
		}
		memcpy(text, name.p, name.n);
		text[name.n] = 's';
		ck_assert_uint_ne(
		    http_field_find(slice_make(text, name.n + 1)), i);
		ck_assert_uint_ne(
		    http_field_find(slice_make(text, name.n - 1)), i);
	}
}
END_TEST

START_TEST(odd_names_are_not_found)
{
	static const char *const names[] = { "", "x", "te ", "X-Nothing",
		"Access-Control-Request-Headers-And-More" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		ck_assert_uint_eq(
		    http_field_find(slice_str(names[i])), FIELD_OTHER);
	ck_assert_uint_eq(http_field_name(FIELD_OTHER).n, 0);
	ck_assert_uint_eq(http_field_name(FIELD_COUNT).n, 0);
}
END_TEST

START_TEST(field_flags)
{
	ck_assert_uint_eq(http_field_flags(FIELD_CONNECTION), FIELD_HOP);
	ck_assert_uint_eq(http_field_flags(FIELD_CONTENT_LENGTH),
	    FIELD_FRAMING | FIELD_SINGLE);
	ck_assert_uint_eq(http_field_flags(FIELD_ACCEPT), 0);
	ck_assert_uint_eq(http_field_flags(FIELD_COUNT), 0);
	for (unsigned i = 0; i < FIELD_COUNT; i++) {
		unsigned flags = http_field_flags((enum field_id)i);

		ck_assert(
		    (http_hop_fields >> i & 1) == ((flags & FIELD_HOP) != 0));
		ck_assert((http_framing_fields >> i & 1) ==
		    ((flags & FIELD_FRAMING) != 0));
	}
}
END_TEST

START_TEST(methods)
{
	for (unsigned i = 1; i < METHOD_COUNT; i++)
		ck_assert_uint_eq(
		    http_method_find(http_method_name((enum http_method)i)), i);
	ck_assert_uint_eq(http_method_find(SLICE_LIT("get")), METHOD_OTHER);
	ck_assert_uint_eq(http_method_find(SLICE_LIT("")), METHOD_OTHER);
	ck_assert_uint_eq(http_method_find(SLICE_LIT("GETS")), METHOD_OTHER);
	ck_assert_uint_eq(
	    http_method_flags(METHOD_GET), METHOD_SAFE | METHOD_IDEMPOTENT);
	ck_assert_uint_eq(http_method_flags(METHOD_PUT), METHOD_IDEMPOTENT);
	ck_assert_uint_eq(http_method_flags(METHOD_POST), 0);
	ck_assert_uint_eq(http_method_flags(METHOD_OTHER), 0);
}
END_TEST

START_TEST(reasons)
{
	ck_assert(slice_eq(http_reason(200), SLICE_LIT("OK")));
	ck_assert(slice_eq(
	    http_reason(431), SLICE_LIT("Request Header Fields Too Large")));
	ck_assert_uint_eq(http_reason(299).n, 0);
	ck_assert_uint_eq(http_reason(0).n, 0);
}
END_TEST

/* RFC 9110 5.6.2. */
START_TEST(token_characters)
{
	for (int c = 0; c < 256; c++) {
		bool want = c < 0x80 && c != 0 &&
		    (isalnum(c) || strchr("!#$%&'*+-.^_`|~", c) != NULL);

		ck_assert_msg(http_token_char[c] == want, "byte %02x", c);
	}
	ck_assert(http_is_token(SLICE_LIT("X-a.b")));
	ck_assert(!http_is_token(SLICE_LIT("a b")));
	ck_assert(!http_is_token(SLICE_LIT("")));
}
END_TEST

START_TEST(folded_names)
{
	static const struct {
		const char *name;
		enum field_id id;
	} cases[] = {
		{ "content_length", FIELD_CONTENT_LENGTH },
		{ "Transfer_Encoding", FIELD_TRANSFER_ENCODING },
		{ "x_forwarded-FOR", FIELD_X_FORWARDED_FOR },
		{ "Host", FIELD_HOST },
		{ "_Host", FIELD_OTHER },
		{ "X_Forwarded_Fort", FIELD_OTHER },
		{ "Access_Control_Request_Headers_", FIELD_OTHER },
		{ "", FIELD_OTHER },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ck_assert_int_eq(
		    http_field_folded(slice_str(cases[i].name)), cases[i].id);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("http");
	TCase *tc = tcase_create("http");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, every_field_has_its_slot);
	tcase_add_test(tc, fields_are_found_in_any_case);
	tcase_add_test(tc, near_misses_are_not_found);
	tcase_add_test(tc, odd_names_are_not_found);
	tcase_add_test(tc, folded_names);
	tcase_add_test(tc, field_flags);
	tcase_add_test(tc, methods);
	tcase_add_test(tc, reasons);
	tcase_add_test(tc, token_characters);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
