/*
 * The admin address and its token: what is wrong, what is risky, and what the
 * image and the digest have of it.
 */
#include "tests/unit/master/conf_try.h"

#include <stdio.h>
#include <unistd.h>

#define ADMIN(keys) "admin = { " keys " };\n" REST

static const struct conf_case cases[] = {
	{ ADMIN("address = \"127.0.0.1:9180\";"), "" },
	{ ADMIN("address = \"[::1]:9180\";"), "" },
	{ ADMIN("address = \"10.1.2.3:9180\";"), "" },
	{ ADMIN("address = \"localhost:9180\";"),
	    "f:1: admin.address: \"localhost:9180\" is not a numeric address "
	    "and port; it must be one such as \"127.0.0.1:9180\"\n" },
	{ ADMIN("address = \"127.0.0.1\";"),
	    "f:1: admin.address: \"127.0.0.1\" has no port; it must be one "
	    "such as \"127.0.0.1:9180\"\n" },
	{ ADMIN("\naddress = \"127.0.0.1:80\";"),
	    "f:2: admin.address: there is a listener on 127.0.0.1:80, at "
	    "f:3\n" },
};

START_TEST(addresses)
{
	conf_try_expect(cases[_i].text, cases[_i].complaints);
}
END_TEST

/* Loads a file with these options of admin, and this as the file "token". */
static void
try_token(struct conf_try *t, const char *keys, const char *token)
{
	char folder[] = "/tmp/penstock-token-XXXXXX", path[64], file[64];
	FILE *f;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/f", folder);
	(void)snprintf(file, sizeof(file), "%s/token", folder);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	(void)fprintf(
	    f, "admin = { %s token_file = \"token\"; };\n%s", keys, REST);
	(void)fclose(f);
	f = fopen(file, "w");
	ck_assert_ptr_nonnull(f);
	(void)fputs(token, f);
	(void)fclose(f);
	conf_try_file(t, path);
	(void)unlink(path);
	(void)unlink(file);
	(void)rmdir(folder);
}

#define HERE "address = \"127.0.0.1:9180\";"

static const struct {
	const char *keys, *token, *complaint; /* NULL: none */
} tokens[] = {
	{ HERE, "0123456789abcdef\n", NULL },
	{ HERE, "0123456789abcde\n", "has 15 characters: a token needs 16" },
	{ HERE, "0123456789 abcdef", "is no token: it has a space" },
	{ HERE, "0123456789abcdef\n\n", "is no token: it has a space" },
	{ HERE, "", "is empty" },
	{ "", "0123456789abcdef",
	    "admin.token_file: nobody needs it, since there is no "
	    "admin.address" },
	{ "address = \"0.0.0.0:9180\";", "0123456789abcdef",
	    "admin.address: 0.0.0.0:9180 is neither of this machine nor of a "
	    "private network" },
};

START_TEST(tokens_are_checked)
{
	struct conf_try t;

	try_token(&t, tokens[_i].keys, tokens[_i].token);
	if (tokens[_i].complaint == NULL)
		ck_assert_str_eq(t.complaints, "");
	else
		ck_assert_msg(
		    strstr(t.complaints, tokens[_i].complaint) != NULL, "%s",
		    t.complaints);
	conf_try_fini(&t);
}
END_TEST

START_TEST(the_image_has_the_token)
{
	const struct img_head *img;
	struct conf_try a, b;

	try_token(&a, HERE, "0123456789abcdef\n");
	try_token(&b, HERE, "another-token-of-23-chars");
	img = (const struct img_head *)(const void *)a.c.image;
	ck_assert_uint_eq(img->admin_token.len, 16);
	ck_assert_mem_eq(
	    a.c.secrets + img->admin_token.off, "0123456789abcdef", 16);
	ck_assert_mem_ne(a.c.digest, b.c.digest, sizeof(a.c.digest));
	conf_try_fini(&a);
	conf_try_fini(&b);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(
	    tc, addresses, 0, (int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_loop_test(tc, tokens_are_checked, 0,
	    (int)(sizeof(tokens) / sizeof(tokens[0])));
	tcase_add_test(tc, the_image_has_the_token);
	return conf_try_run("conf_check_admin", tc);
}
