/*
 * Who is let in: what is said of lists and their files, what the image has of
 * them, each list once, and whom it refuses.
 */
#include "master/conf_nets.h"
#include "shm/image.h"
#include "tests/unit/master/pem_kit.h"

#define ACL(keys) "acl = { " keys " };\n" REST
#define FAULT(list, net, fault)                                 \
	{                                                       \
		ACL(list " = [ \"" net "\" ];"),                \
		    "f:1: acl." list ": \"" net "\" " fault     \
		    "; it must be one such as \"10.0.0.1\" or " \
		    "\"10.0.0.0/8\"\n"                          \
	}

static const struct conf_case cases[] = {
	{ ACL("allow = [ \"10.0.0.0/8\", \"::1\" ]; deny = \"10.1.0.0/16\";"),
	    "" },
	{ ACL(""), "" },
	{ ACL("deny = [ ];"), "" },
	{ LISTENER "routes = ( { path = \"/\"; respond = { }; acl = { "
		   "allow = \"::/0\"; }; } );\n",
	    "" },
	FAULT("allow", "10.0.0.1/8", "has bits set behind the prefix"),
	FAULT("deny", "10.0.0.0/33", "has no valid prefix length"),
	FAULT("deny", "site.example", "is not a numeric address or network"),
	FAULT("allow", "[::1]", "has brackets"),
	{ ACL("allow = [ ];"),
	    "f:1: acl.allow: it has no address, and so lets nobody in\n" },
	{ ACL("deny = [ \"::1\",\n\"::1\" ];"),
	    "f:2: acl.deny: \"::1\" is there twice\n" },
	{ ACL("allow_files = \"a.txt\";"),
	    "f:1: acl.allow_files: \"a.txt\" is a file, and none is read "
	    "here\n" },
	{ ACL("denny = \"::1\";"),
	    "f:1: unknown key \"denny\" in \"acl\"; did you mean \"deny\"?\n" },
	/* A list that is known already is still to be complained about. */
	{ LISTENER "routes = (\n"
		   "{ path = \"/a\"; respond = { }; acl = { deny = \"x\"; }; "
		   "},\n"
		   "{ path = \"/b\"; respond = { }; acl = { deny = \"x\"; }; "
		   "} );\n",
	    "f:3: acl.deny: \"x\" is not a numeric address or network; it "
	    "must be one such as \"10.0.0.1\" or \"10.0.0.0/8\"\n"
	    "f:4: acl.deny: \"x\" is not a numeric address or network; it "
	    "must be one such as \"10.0.0.1\" or \"10.0.0.0/8\"\n" },
};

START_TEST(each)
{
	conf_try_expect(cases[_i].text, cases[_i].complaints);
}
END_TEST

/* ---- what is built ---- */

static const struct img_head *
image_of(const struct conf_try *t)
{
	const struct img_head *img = (const void *)t->c.image;

	ck_assert_str_eq(t->complaints, "");
	ck_assert(image_check(img, t->c.image_bytes));
	return img;
}

static bool
lets_in(const struct img_head *img, uint32_t acl, const char *text)
{
	struct addr a;

	ck_assert(addr_parse_ip(slice_str(text), &a));
	return image_lets_in(img, acl, &a);
}

static const struct img_route *
route_at(const struct img_head *img, uint32_t i)
{
	const struct img_route *r = img_at(img, img->routes.off);

	ck_assert_uint_lt(i, img->routes.count);
	return &r[i];
}

START_TEST(deny_wins)
{
	struct conf_try t;

	conf_try_text(&t,
	    ACL("allow = [ \"10.0.0.0/8\", \"::1\" ]; "
		"deny = [ \"10.1.0.0/16\", \"192.0.2.1\" ];"));
	const struct img_head *img = image_of(&t);
	uint32_t acl = img->protect.acl;
	ck_assert(lets_in(img, acl, "10.0.0.1"));
	ck_assert(!lets_in(img, acl, "10.1.0.1"));
	ck_assert(!lets_in(img, acl, "192.0.2.1"));
	ck_assert(!lets_in(img, acl, "192.0.2.2"));
	ck_assert(lets_in(img, acl, "::1"));
	ck_assert(!lets_in(img, acl, "::2"));
	ck_assert(lets_in(img, IMG_NONE, "192.0.2.1"));
	ck_assert_uint_ne(img->protect.acl_mark, 0);
	conf_try_fini(&t);
}
END_TEST

START_TEST(none)
{
	struct conf_try t;

	conf_try_text(&t, REST);
	const struct img_head *img = image_of(&t);
	ck_assert_uint_eq(img->protect.acl, IMG_NONE);
	ck_assert_uint_eq(img->protect.acl_mark, 0);
	ck_assert_uint_eq(route_at(img, 0)->acl, IMG_NONE);
	ck_assert_uint_eq(route_at(img, 0)->filters >> IMG_FILTER_ACL & 1, 0);
	conf_try_fini(&t);
}
END_TEST

START_TEST(each_list_once)
{
	struct conf_try t;

	conf_try_text(&t,
	    "acl = { deny = [ \"10.0.0.0/8\", \"10.128.0.0/9\" ]; };\n" LISTENER
	    "routes = (\n"
	    "{ path = \"/a\"; respond = { }; acl = { deny = \"::1\"; }; },\n"
	    "{ path = \"/b\"; respond = { }; acl = { deny = \"::1\"; }; },\n"
	    "{ path = \"/c\"; respond = { }; acl = { allow = \"::1\"; }; },\n"
	    "{ path = \"/d\"; respond = { }; },\n"
	    "{ path = \"/e\"; respond = { }; acl = { deny = \"10.0.0.0/8\"; "
	    "}; } );\n");
	const struct img_head *img = image_of(&t);
	const struct img_acl *acl = img_at(img, img->protect.acls.off);
	ck_assert_uint_eq(img->protect.acls.count, 3);
	ck_assert_uint_eq(route_at(img, 0)->acl, route_at(img, 1)->acl);
	ck_assert_uint_ne(route_at(img, 0)->acl, route_at(img, 2)->acl);
	ck_assert_uint_eq(route_at(img, 3)->acl, IMG_NONE);
	/* What it comes to is the same. */
	ck_assert_uint_eq(route_at(img, 4)->acl, img->protect.acl);
	ck_assert_uint_eq(acl[route_at(img, 2)->acl].allow.ranges.off,
	    acl[route_at(img, 0)->acl].deny.ranges.off);
	ck_assert_uint_eq(route_at(img, 0)->filters >> IMG_FILTER_ACL & 1, 1);
	ck_assert_uint_eq(route_at(img, 3)->filters >> IMG_FILTER_ACL & 1, 0);
	conf_try_fini(&t);
}
END_TEST

static uint64_t
mark_of(const char *text)
{
	struct conf_try t;
	uint64_t mark;

	conf_try_text(&t, text);
	mark = image_of(&t)->protect.acl_mark;
	conf_try_fini(&t);
	return mark;
}

START_TEST(the_mark_is_of_what_is_said)
{
	uint64_t mark = mark_of(ACL("deny = [ \"::1\", \"10.0.0.1\" ];"));

	ck_assert_uint_eq(mark,
	    mark_of(ACL("deny = [ \"10.0.0.1\", \"::1\" ];") "zone = \"z\";"));
	ck_assert_uint_ne(mark, mark_of(ACL("deny = [ \"::1\" ];")));
	ck_assert_uint_ne(
	    mark, mark_of(ACL("allow = [ \"::1\", \"10.0.0.1\" ];")));
}
END_TEST

/* ---- files ---- */

static struct pem_folder folder;

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
file_try(struct conf_try *t, const char *nets, const char *conf)
{
	pem_put_text(&folder, "nets", nets, strlen(nets));
	pem_try(&folder, t, conf);
}

#define FILES ACL("deny = \"192.0.2.1\"; deny_files = [ \"nets\" ];")

START_TEST(a_file_of_nets)
{
	struct conf_try t;

	file_try(&t,
	    "# whom we do not know\n\n10.0.0.0/8\r\n  ::1\t# itself\n#::2\n"
	    "198.51.100.0/24",
	    FILES);
	const struct img_head *img = image_of(&t);
	uint32_t acl = img->protect.acl;
	ck_assert(!lets_in(img, acl, "10.9.9.9"));
	ck_assert(!lets_in(img, acl, "::1"));
	ck_assert(lets_in(img, acl, "::2"));
	ck_assert(!lets_in(img, acl, "192.0.2.1"));
	ck_assert(!lets_in(img, acl, "198.51.100.255"));
	ck_assert(lets_in(img, acl, "198.51.101.0"));
	conf_try_fini(&t);
}
END_TEST

START_TEST(complaints_have_the_line_of_the_file)
{
	static const char nets[] =
	    "10.0.0.0/8\n10.0.0.1/8\n\na\n::1 ::2\n\x01zz\n::1\n";

	pem_put_text(&folder, "nets", nets, sizeof(nets) - 1);
	pem_expect(&folder, FILES,
	    "nets:2: \"10.0.0.1/8\" has bits set behind the prefix\n"
	    "nets:4: \"a\" is not a numeric address or network\n"
	    "nets:5: \"::1 ::2\" is not a numeric address or network\n"
	    "nets:6: \"\" is not a numeric address or network\n");
}
END_TEST

START_TEST(not_all_of_many_complaints)
{
	struct conf_try t;
	struct text text = { 0 };

	for (int i = 0; i < 500; i++)
		text_printf(&text, "x%d\n", i);
	text_add_char(&text, '\0');
	file_try(&t, text.p, FILES);
	ck_assert_uint_eq(t.d.count, 21);
	ck_assert_ptr_nonnull(
	    strstr(t.complaints, "and 480 more lines like these"));
	text_fini(&text);
	conf_try_fini(&t);
}
END_TEST

START_TEST(a_file_without_a_net)
{
	struct conf_try t;

	file_try(&t, "# none\n", FILES);
	(void)image_of(&t);
	conf_try_fini(&t);
	file_try(&t, "# none\n", ACL("allow_files = \"nets\";"));
	ck_assert_ptr_nonnull(strstr(t.complaints,
	    "acl.allow_files: it has no address, and so lets nobody in"));
	conf_try_fini(&t);
}
END_TEST

START_TEST(the_digest_is_of_the_nets)
{
	struct conf_try one, other;

	file_try(&one, "10.0.0.0/8\n", FILES);
	file_try(&other, "# more\n10.0.0.0/8\n10.128.0.0/9\n", FILES);
	ck_assert_mem_eq(one.c.digest, other.c.digest, 32);
	conf_try_fini(&other);
	file_try(&other, "10.0.0.0/9\n", FILES);
	ck_assert_mem_ne(one.c.digest, other.c.digest, 32);
	conf_try_fini(&other);
	conf_try_fini(&one);
}
END_TEST

/* ---- many ---- */

START_TEST(ten_thousand_nets)
{
	struct conf_try t;
	struct text text = { 0 };

	for (unsigned i = 0; i < 10000; i++)
		text_printf(&text, "%u.%u.%u.0/25\n2a00:%x:%x::/48\n",
		    1 + i % 200, i / 200, i % 256, i % 128, i);
	text_add_char(&text, '\0');
	file_try(&t, text.p, FILES);
	struct img_head *img = (void *)t.c.image;

	(void)image_of(&t);
	struct img_acl *acl =
	    (struct img_acl *)(void *)((char *)img + img->protect.acls.off);
	ck_assert_uint_eq(acl[0].deny.index.count, 1);
	for (unsigned i = 0; i < 10000; i++) {
		char in[64], out[64];

		(void)snprintf(in, sizeof(in), "%u.%u.%u.127", 1 + i % 200,
		    i / 200, i % 256);
		(void)snprintf(out, sizeof(out), "%u.%u.%u.128", 1 + i % 200,
		    i / 200, i % 256);
		ck_assert(!lets_in(img, 0, in));
		ck_assert(lets_in(img, 0, out));
		(void)snprintf(
		    in, sizeof(in), "2a00:%x:%x:ffff::1", i % 128, i);
		ck_assert(!lets_in(img, 0, in));
	}
	/* An index that leads out of the ranges is seen. */
	struct ranges_index *index =
	    (struct ranges_index *)(void *)((char *)img +
		acl[0].deny.index.off);
	index->v4[RANGES_BUCKETS]++;
	ck_assert(!image_check(img, t.c.image_bytes));
	index->v4[RANGES_BUCKETS]--;
	index->v6[7] = index->v6[8] + 1;
	ck_assert(!image_check(img, t.c.image_bytes));
	text_fini(&text);
	conf_try_fini(&t);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("conf_check_acl");

	tcase_add_unchecked_fixture(tc, folder_make, folder_drop);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(
	    tc, each, 0, (int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_test(tc, deny_wins);
	tcase_add_test(tc, none);
	tcase_add_test(tc, each_list_once);
	tcase_add_test(tc, the_mark_is_of_what_is_said);
	tcase_add_test(tc, a_file_of_nets);
	tcase_add_test(tc, complaints_have_the_line_of_the_file);
	tcase_add_test(tc, not_all_of_many_complaints);
	tcase_add_test(tc, a_file_without_a_net);
	tcase_add_test(tc, the_digest_is_of_the_nets);
	tcase_add_test(tc, ten_thousand_nets);
	return conf_try_run("conf_check_acl", tc);
}
