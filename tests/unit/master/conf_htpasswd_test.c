/*
 * conf_htpasswd_test.c - which hashes of passwords are taken, and what is said
 * of a file with others.
 */
#include "master/conf_htpasswd.h"
#include "tests/unit/master/pem_kit.h"

#define BCRYPT_REST "abcdefghijklmnopqrstuuq0qIPbHW1gJAFzzN5mSTeqSRJmvwqgS"
#define BCRYPT "$2y$05$" BCRYPT_REST
#define C43 "01234567890123456789012345678901234567890AB"
#define TEXT()                                                          \
	LISTENER                                                        \
	"authenticators = { a = { type = \"basic\"; htpasswd = \"u\"; " \
	"}; };\n" PING

static struct pem_folder folder;

static const struct {
	const char *hash, *fault;
} hashes[] = {
	{ BCRYPT, NULL },
	{ "$2b$05$" BCRYPT_REST, NULL },
	{ "$2a$14$" BCRYPT_REST, NULL },
	{ "$2y$15$" BCRYPT_REST,
	    "has a cost above 14: it would take seconds to check" },
	{ "$2y$03$" BCRYPT_REST, "is not a whole hash of bcrypt" },
	{ "$2y$5$" BCRYPT_REST "a", "is not a whole hash of bcrypt" },
	{ "$2y$05$" BCRYPT_REST "a", "is not a whole hash of bcrypt" },
	{ "$2y$05$short", "is not a whole hash of bcrypt" },
	{ "$2y$", "is not a whole hash of bcrypt" },
	{ "$5$salt$" C43, NULL },
	{ "$5$rounds=5000$salt$" C43, NULL },
	{ "$5$rounds=2000001$salt$" C43,
	    "has more than 2000000 rounds: it would take seconds to check" },
	{ "$5$rounds=5000", "is not a whole hash of SHA-crypt" },
	{ "$5$salt$" C43 "a", "is not a whole hash of SHA-crypt" },
	{ "$5$salt", "is not a whole hash of SHA-crypt" },
	{ "$6$salt$" C43 C43, NULL },
	{ "$6$salt$" C43, "is not a whole hash of SHA-crypt" },
	{ "$y$j9T$saltsaltsaltsalt$" C43, NULL },
	{ "$y$j9T$saltsaltsaltsalt$short", "is not a whole hash of yescrypt" },
	{ "$y$", "is not a whole hash of yescrypt" },
	{ "$y$" C43, "is not a whole hash of yescrypt" },
	{ "$apr1$salt$0123456789012345678901",
	    "is MD5 (apr1), which is broken" },
	{ "$1$salt$0123456789012345678901", "is MD5, which is broken" },
	{ "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "is SHA-1 without a salt" },
	{ "abJnggxhB/yWI",
	    "is DES, or no hash at all; it must be bcrypt, SHA-256-crypt, "
	    "SHA-512-crypt or yescrypt" },
	{ "secret",
	    "is DES, or no hash at all; it must be bcrypt, SHA-256-crypt, "
	    "SHA-512-crypt or yescrypt" },
	{ "",
	    "is DES, or no hash at all; it must be bcrypt, SHA-256-crypt, "
	    "SHA-512-crypt or yescrypt" },
};

START_TEST(each_hash)
{
	const char *fault = conf_htpasswd_fault(hashes[_i].hash);

	if (hashes[_i].fault == NULL)
		ck_assert_ptr_null(fault);
	else
		ck_assert_str_eq(fault, hashes[_i].fault);
}
END_TEST

static void
folder_make(void)
{
	pem_folder_make(&folder);
}

static void
folder_drop(void)
{
	pem_folder_drop(&folder);
}

static void
users_put(const char *content)
{
	pem_put_text(&folder, "u", content, strlen(content));
}

/* The file and the line are those of the users. */
START_TEST(each_file)
{
	static const struct conf_case files[] = {
		{ "", "p.conf:2: htpasswd: \"u\" has no user in it\n" },
		{ "# nobody\n\n",
		    "p.conf:2: htpasswd: \"u\" has no user in it\n" },
		{ "alice:" BCRYPT "\nbob\n:" BCRYPT "\ncarol:$1$a$b\n"
		  "dave:" BCRYPT "\nalice:" BCRYPT,
		    "u:2: there is no \":\" between user and hash\n"
		    "u:3: a user has a name of 1 to 255 bytes, and no control "
		    "character in it\n"
		    "u:4: the hash of \"carol\" is MD5, which is broken\n"
		    "u:6: the user \"alice\" is there already, on line 1\n" },
		{ "a\x01:" BCRYPT "\n",
		    "u:1: a user has a name of 1 to 255 bytes, and no control "
		    "character in it\n" },
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		users_put(files[i].text);
		pem_expect(&folder, TEXT(), files[i].complaints);
	}
}
END_TEST

/* As htpasswd(1) and others write it: in order of users afterwards. */
START_TEST(users_are_in_order)
{
	static const char content[] =
	    "# staff\r\nbob:" BCRYPT ":and more\r\n\nalice:$5$salt$" C43
	    "\ncarol d:" BCRYPT;
	const struct conf_password *p;
	struct conf_try t;

	users_put(content);
	pem_try(&folder, &t, TEXT());
	ck_assert_str_eq(t.complaints, "");
	ck_assert_uint_eq(t.c.auths[0].password_count, 3);
	p = t.c.auths[0].passwords;
	ck_assert_str_eq(p[0].user, "alice");
	ck_assert_str_eq(p[1].user, "bob");
	ck_assert_str_eq(p[1].hash, BCRYPT);
	ck_assert_str_eq(p[2].user, "carol d");
	conf_try_fini(&t);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("all");

	tcase_add_unchecked_fixture(tc, folder_make, folder_drop);
	tcase_add_loop_test(
	    tc, each_hash, 0, (int)(sizeof(hashes) / sizeof(hashes[0])));
	tcase_add_test(tc, each_file);
	tcase_add_test(tc, users_are_in_order);
	return conf_try_run("conf_htpasswd", tc);
}
