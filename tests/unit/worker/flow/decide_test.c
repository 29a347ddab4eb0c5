/*
 * decide_test.c - what routes demand, of identities that have it or not: from
 * the text of a configuration to the decision.
 */
#include "common/http/http.h"
#include "tests/unit/master/conf_try.h"
#include "worker/filter/auth_parts.h"
#include "worker/flow/decide.h"
#include "worker/flow/route.h"

#define ROUTE_OF(path, authorize)                                              \
	"{ path = \"" path "\"; service = \"be\"; authenticate = [ \"main\", " \
	"\"anonymous\" ]; authorize = { " authorize " }; }"

static const char conf_text[] = LISTENER SERVICE
    "authenticators = { main = { type = "
    "\"jwt\"; algorithms = [ \"HS256\" ]; "
    "keys = ( { secret = "
    "\"0123456789abcdef0123456789abcdef\"; } ); "
    "}; };\n"
    "roles = { viewer = [ \"users:read\" ];\n"
    "editor = { permissions = [ \"users:write\" "
    "]; inherits = [ \"viewer\" ]; "
    "};\n"
    "admin = { permissions = [ \"users:*\", "
    "\"orders:*\" ]; inherits = [ "
    "\"editor\" ]; }; robot = [ ]; };\n"
    "permissions = [ \"users:read\", "
    "\"users:write\", \"orders:read\" ];\n"
    "routes = (\n" ROUTE_OF(
	"/any", "any_role = [ \"editor\", \"robot\" ];") ",\n" ROUTE_OF("/all",
	"all_roles = [ \"editor\", \"robot\" ];") ",\n" ROUTE_OF("/perm",
	"permissions = [ \"users:read\", "
	"\"orders:read\" ];") ",\n" ROUTE_OF("/f"
					     "ix"
					     "e"
					     "d",
	"tenant = \"t1\";") ",\n" ROUTE_OF("/org"
					   "s/"
					   ":org"
					   "/*"
					   "res"
					   "t",
	"tenant = \"{org}\";") ",\n" ROUTE_OF("/"
					      "c"
					      "l"
					      "e"
					      "a"
					      "r",
	"claims = ( { claim = \"clearance\"; "
	"at_least = 3; } "
	");") ",\n" ROUTE_OF("/most",
	"claims = ( { claim = \"n\"; at_most = "
	"3; } );") ",\n" ROUTE_OF("/more",
	"claims = ( { claim = \"n\"; more = 3; "
	"} );") ",\n" ROUTE_OF("/less",
	"claims = ( { claim = \"n\"; less = 3; "
	"} );") ",\n" ROUTE_OF("/mfa",
	"claims = ( { claim = \"amr\"; contains "
	"= \"mfa\"; } );") ",\n" ROUTE_OF("/dep"
					  "t",
	"claims = ( { claim = \"org.dept\"; "
	"equals = \"x\"; } "
	");") ",\n" ROUTE_OF("/not",
	"claims = ( { claim = \"dept\"; "
	"not_equals = \"x\"; } "
	");") ",\n" ROUTE_OF("/has",
	"claims = ( { claim = \"dept\"; exists "
	"= true; } );") ",\n" ROUTE_OF("/mine/"
				       ":user_"
				       "id",
	"claims = ( { claim = \"sub\"; equals = "
	"\"{user_id}\"; } );") ",\n" ROUTE_OF("/"
					      "d"
					      "e"
					      "n"
					      "y",
	"deny = ( { any_role = [ \"robot\" ]; "
	"}, { claims = ( { "
	"claim = \"suspended\"; equals = "
	"\"true\"; } ); tenant = \"t1\"; } );") ",\n" ROUTE_OF("/both",
	"any_role = [ \"admin\" ]; tenant = "
	"\"t1\"; deny = ( { "
	"claims = ( { claim = \"dept\"; equals "
	"= \"x\"; } ); } );") "\n);\n";

static const struct {
	const char *path, *claims; /* claims NULL: nobody */
	enum decision_kind kind;
	const char *subject; /* NULL: not looked at */
} cases[] = {
	{ "/any", NULL, DECISION_NO_IDENTITY, "" },
	{ "/any", "{}", DECISION_ROLE, NULL },
	{ "/any", "{\"roles\":[\"editor\"]}", DECISION_ALLOWED, "" },
	{ "/any", "{\"roles\":\"robot\"}", DECISION_ALLOWED, "" },
	{ "/any", "{\"roles\":[\"admin\"]}", DECISION_ALLOWED, "" },
	{ "/any", "{\"roles\":[\"viewer\",\"nobody\"]}", DECISION_ROLE, NULL },
	{ "/any", "{\"roles\":[\"Editor\"]}", DECISION_ROLE, NULL },
	{ "/any", "{\"roles\":[\"editor2\",\"edito\"]}", DECISION_ROLE, NULL },
	/* Roles come from the claim of that name alone. */
	{ "/any", "{\"permissions\":[\"editor\"]}", DECISION_ROLE, NULL },
	{ "/all", "{\"roles\":[\"editor\"]}", DECISION_ROLE, "robot" },
	{ "/all", "{\"roles\":[\"robot\"]}", DECISION_ROLE, "editor" },
	{ "/all", "{\"roles\":[\"robot\",\"admin\"]}", DECISION_ALLOWED, "" },
	{ "/perm", "{\"roles\":[\"editor\"]}", DECISION_PERMISSION,
	    "orders:read" },
	{ "/perm", "{\"roles\":[\"admin\"]}", DECISION_ALLOWED, "" },
	{ "/perm", "{\"roles\":[\"viewer\"],\"permissions\":[\"orders:read\"]}",
	    DECISION_ALLOWED, "" },
	{ "/perm", "{\"permissions\":\"*\"}", DECISION_ALLOWED, "" },
	{ "/perm", "{\"permissions\":[\"*:read\"]}", DECISION_ALLOWED, "" },
	{ "/perm", "{\"permissions\":[\"users:*\"]}", DECISION_PERMISSION,
	    "orders:read" },
	/* A role is no permission. */
	{ "/perm", "{\"permissions\":[\"admin\"]}", DECISION_PERMISSION, NULL },
	{ "/fixed", "{\"tenant_id\":\"t1\"}", DECISION_ALLOWED, "" },
	{ "/fixed", "{\"tenant_id\":\"t2\"}", DECISION_TENANT, "t1" },
	{ "/fixed", "{\"tenant_id\":\"T1\"}", DECISION_TENANT, "t1" },
	{ "/fixed", "{}", DECISION_TENANT, "t1" },
	{ "/orgs/acme/x", "{\"tenant_id\":\"acme\"}", DECISION_ALLOWED, "" },
	{ "/orgs/acme/x", "{\"tenant_id\":\"acme2\"}", DECISION_TENANT,
	    "acme" },
	{ "/orgs/a%20b/x", "{\"tenant_id\":\"a b\"}", DECISION_ALLOWED, "" },
	{ "/orgs/a%20b/x", "{\"tenant_id\":\"a%20b\"}", DECISION_TENANT,
	    "a b" },
	{ "/orgs/%61cme/x", "{\"tenant_id\":\"acme\"}", DECISION_ALLOWED, "" },
	{ "/orgs/acme/x", "{\"roles\":[\"admin\"]}", DECISION_TENANT, "acme" },
	{ "/clear", "{\"clearance\":3}", DECISION_ALLOWED, "" },
	{ "/clear", "{\"clearance\":3.5}", DECISION_ALLOWED, "" },
	{ "/clear", "{\"clearance\":2.999}", DECISION_CLAIM, "clearance" },
	{ "/clear", "{\"clearance\":-4}", DECISION_CLAIM, "clearance" },
	{ "/clear", "{\"clearance\":\"9\"}", DECISION_CLAIM, "clearance" },
	{ "/clear", "{\"clearance\":[9]}", DECISION_CLAIM, "clearance" },
	{ "/clear", "{\"clearance\":null}", DECISION_CLAIM, "clearance" },
	{ "/clear", "{}", DECISION_CLAIM, "clearance" },
	{ "/most", "{\"n\":3}", DECISION_ALLOWED, "" },
	{ "/most", "{\"n\":4}", DECISION_CLAIM, "n" },
	{ "/more", "{\"n\":4}", DECISION_ALLOWED, "" },
	{ "/more", "{\"n\":3}", DECISION_CLAIM, "n" },
	{ "/less", "{\"n\":2}", DECISION_ALLOWED, "" },
	{ "/less", "{\"n\":3}", DECISION_CLAIM, "n" },
	{ "/mfa", "{\"amr\":[\"pwd\",\"mfa\"]}", DECISION_ALLOWED, "" },
	{ "/mfa", "{\"amr\":[\"pwd\"]}", DECISION_CLAIM, "amr" },
	{ "/mfa", "{\"amr\":\"pwd mfa\"}", DECISION_ALLOWED, "" },
	{ "/mfa", "{\"amr\":\"pwdmfa\"}", DECISION_CLAIM, "amr" },
	{ "/mfa", "{\"amr\":[\"pwd mfa\"]}", DECISION_CLAIM, "amr" },
	{ "/mfa", "{\"amr\":{\"mfa\":1}}", DECISION_CLAIM, "amr" },
	{ "/dept", "{\"org\":{\"dept\":\"x\"}}", DECISION_ALLOWED, "" },
	{ "/dept", "{\"org\":{\"dept\":\"y\"}}", DECISION_CLAIM, "org.dept" },
	{ "/dept", "{\"dept\":\"x\"}", DECISION_CLAIM, "org.dept" },
	{ "/not", "{\"dept\":\"y\"}", DECISION_ALLOWED, "" },
	{ "/not", "{\"dept\":\"x\"}", DECISION_CLAIM, "dept" },
	{ "/not", "{}", DECISION_CLAIM, "dept" },
	{ "/has", "{\"dept\":0}", DECISION_ALLOWED, "" },
	{ "/has", "{\"dept\":null}", DECISION_CLAIM, "dept" },
	{ "/mine/u1", "{\"sub\":\"u1\"}", DECISION_ALLOWED, "" },
	{ "/mine/u1", "{\"sub\":\"u2\"}", DECISION_CLAIM, "sub" },
	{ "/deny", NULL, DECISION_ALLOWED, "" },
	{ "/deny", "{}", DECISION_ALLOWED, "" },
	{ "/deny", "{\"roles\":[\"robot\",\"admin\"]}", DECISION_DENIED, "" },
	{ "/deny", "{\"suspended\":true}", DECISION_ALLOWED, "" },
	{ "/deny", "{\"suspended\":true,\"tenant_id\":\"t1\"}", DECISION_DENIED,
	    "" },
	{ "/both", "{\"roles\":[\"admin\"],\"tenant_id\":\"t1\"}",
	    DECISION_ALLOWED, "" },
	{ "/both", "{\"roles\":[\"admin\"]}", DECISION_TENANT, "t1" },
	{ "/both",
	    "{\"roles\":[\"admin\"],\"tenant_id\":\"t1\",\"dept\":\"x\"}",
	    DECISION_DENIED, "" },
	{ "/both", "{\"dept\":\"x\"}", DECISION_DENIED, "" },
};

static struct conf_try conf;
static struct contexts *ctx;
static const struct img_head *img;
static struct arena arena;

static void
setup(void)
{
	conf_try_text(&conf, conf_text);
	ck_assert_msg(conf.ok, "%s", conf.complaints);
	img = (const struct img_head *)(const void *)conf.c.image;
	ctx = contexts_new();
	arena_init(&arena, NULL, 0, 1 << 20);
}

static void
teardown(void)
{
	arena_fini(&arena);
	contexts_free(ctx);
	conf_try_fini(&conf);
}

/* An identity on the stack, as `penstockctl can` has it. */
static void
identity_of(struct identity *id, const char *claims)
{
	const struct img_auth *a = img_at(img, img->access.authenticators.off);
	struct identity_parts parts = { 0 };
	struct json_members all;

	ck_assert(json_read_members(slice_str(claims), &all));
	ck_assert(auth_parts_claims(img, a, &all, &arena, &parts));
	memset(id, 0, sizeof(*id));
	memcpy(id->claim, parts.claim, sizeof(id->claim));
	id->claims = all.all.text;
}

static void
decide_case(const char *path, struct identity *id, struct decision *d)
{
	struct head head = { .method_text = SLICE_LIT("GET"),
		.method = METHOD_GET,
		.host = SLICE_LIT("h") };
	char room[256];
	struct uri uri;
	struct route_match m;
	struct template_vars v = { .img = img,
		.head = &head,
		.uri = &uri,
		.match = &m,
		.identity = id };
	const struct img_authorize *all =
	    img_at(img, img->access.authorizes.off);
	const struct img_authorize *a;

	ck_assert(uri_normalise(slice_str(path), room, &uri) == URI_OK);
	ck_assert(route_find(img, ctx, &head, &uri, NULL, &m) == ROUTE_FOUND);
	ck_assert_uint_ne(m.route->authorize, IMG_NONE);
	a = &all[m.route->authorize];
	decide(img, a, id, decide_evaluates(a) ? &v : NULL, &arena, d);
	d->subject = arena_copy(&arena, d->subject);
}

START_TEST(decides)
{
	struct identity id, *who = NULL;
	struct decision d;

	if (cases[_i].claims != NULL) {
		identity_of(&id, cases[_i].claims);
		who = &id;
	}
	decide_case(cases[_i].path, who, &d);
	ck_assert_msg(d.kind == cases[_i].kind, "%s %s: %d", cases[_i].path,
	    cases[_i].claims, d.kind);
	if (cases[_i].subject != NULL)
		ck_assert_msg(slice_eq(d.subject, slice_str(cases[_i].subject)),
		    "%s %s: %.*s", cases[_i].path, cases[_i].claims,
		    SLICE_FMT(d.subject));
	if (who != NULL)
		grants_free(id.grants);
}
END_TEST

/* The bits are those of the image that is asked about. */
START_TEST(grants_follow_the_generation)
{
	struct img_head *other = malloc(img->bytes);
	struct identity id;
	struct decision d;
	const struct grants *g;

	ck_assert_ptr_nonnull(other);
	memcpy(other, img, img->bytes);
	other->generation = img->generation + 1;
	identity_of(&id, "{\"roles\":[\"editor\"]}");
	decide_case("/any", &id, &d);
	ck_assert(d.kind == DECISION_ALLOWED);
	g = grants_of(img, &id);
	ck_assert_ptr_eq(g, grants_of(img, &id));
	/* Meanwhile the role has lost its name. */
	((struct img_role *)(uintptr_t)img_at(
	    other, other->access.roles.off))[1]
	    .name.len--;
	g = grants_of(other, &id);
	ck_assert_uint_eq(g->generation, other->generation);
	ck_assert_uint_eq(g->roles[0], 0);
	grants_free(id.grants);
	free(other);
}
END_TEST

START_TEST(sentences)
{
	struct decision d = { .kind = DECISION_PERMISSION,
		.subject = SLICE_LIT("a:b") };
	struct text t;

	text_init(&t);
	decision_text(&d, &t);
	ck_assert(slice_eq(text_slice(&t), SLICE_LIT("no permission \"a:b\"")));
	text_fini(&t);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("decide");
	TCase *tc = tcase_create("decide");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, decides, 0, sizeof(cases) / sizeof(cases[0]));
	tcase_add_test(tc, grants_follow_the_generation);
	tcase_add_test(tc, sentences);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
