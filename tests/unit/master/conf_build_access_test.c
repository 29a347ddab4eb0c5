/*
 * conf_build_access_test.c - what the image, and the secrets beside it, say of
 * who may do what.
 */
#include "common/http/http.h"
#include "common/jose/keyset.h"
#include "shm/image.h"
#include "tests/unit/master/pem_kit.h"

#define SECRET "01234567890123456789012345678901"
#define SERVICE_SECRET "abcdefghijklmnopqrstuvwxyz-abcdef"
#define BCRYPT "$2y$05$abcdefghijklmnopqrstuuq0qIPbHW1gJAFzzN5mSTeqSRJmvwqgS"
#define HEX(digit) \
#digit "123456789abcdef0123456789ABCDEF0123456789abcdef012345"
#define SHA(digit) HEX(digit) "6789abcdef"
#define RULE(rest) "claims = ( { claim = \"c\"; " rest " } );"

static const char text[] =
    "listeners = ( { address = \"127.0.0.1:80\"; tls = { certificates = ( { "
    "certificate = \"ec.pem\"; key = \"ec.key\"; } ); }; } );\n"
    "services = {\n"
    "  be = { endpoints = ( { address = \"127.0.0.1:81\"; } ); hash_key = "
    "\"user\"; token = { }; };\n"
    "  plain = { endpoints = ( { address = \"127.0.0.1:81\"; } ); };\n"
    "  idp = { endpoints = ( { address = \"127.0.0.1:82\"; } ); token = { "
    "header = \"x-service-token\"; algorithm = \"HS256\"; secret = "
    "\"" SERVICE_SECRET "\"; audience = \"i\"; lifetime = \"5s\"; }; };\n"
    "};\n"
    "authenticators = {\n"
    "  main = { type = \"jwt\"; algorithms = [ \"HS256\", \"ES256\" ]; issuer "
    "= [ \"a\", \"b\" ]; audience = \"x\"; types = [ \"JWT\" ]; require = [ "
    "\"exp\", \"sub\" ]; leeway = \"1s\"; cache = false; strip = true; realm "
    "= \"r\"; cookie = \"s\"; claims = { user = \"uid\"; email = \"\"; }; "
    "keys = ( { id = \"k\"; secret = \"" SECRET "\"; }, { file = "
    "\"ec.pem\"; } ); };\n"
    "  far = { type = \"jwt\"; algorithms = \"RS256\"; jwks = { url = "
    "\"https://a/k\"; ca = \"ec.pem\"; refresh = \"1m\"; cooldown = \"2s\"; "
    "timeout = \"3s\"; }; header = \"X-Tok\"; };\n"
    "  keys = { type = \"api_key\"; query = \"k\"; holders = ( { name = "
    "\"z\"; sha256 = \"" SHA(
	1) "\"; user = \"ci\"; roles = [ \"viewer\", "
	   "\"admin\" ]; permissions = \"p:q\"; tenant = \"t\"; }, { name = "
	   "\"y\"; "
	   "sha256 = \"" SHA(
	       0) "\"; expires = \"2999-01-01\"; } ); };\n"
		  "  ops = { type = \"basic\"; htpasswd = \"users\"; open = "
		  "false; holders "
		  "= { bob = { roles = \"viewer\"; }; }; };\n"
		  "  cert = { type = \"mtls\"; subject = \"san\"; holders = ( "
		  "{ name = "
		  "\"DNS:a\"; } ); };\n"
		  "  ask = { type = \"introspection\"; service = \"idp\"; path "
		  "= \"/i?x\"; "
		  "client_id = \"gw\"; client_secret = \"pw\"; timeout = "
		  "\"1s\"; };\n"
		  "  out = { type = \"forward\"; service = \"be\"; path = "
		  "\"/a\"; "
		  "forward_headers = \"X-K\"; answer = { user = \"U\"; roles = "
		  "\"\"; }; "
		  "ttl = \"9s\"; };\n"
		  "};\n"
		  "roles = { viewer = [ \"users:read\" ]; writer = { "
		  "permissions = [ "
		  "\"users:*\", \"never:asked\" ]; inherits = \"viewer\"; };\n"
		  "  admin = { inherits = [ \"writer\", \"auditor\" ]; }; "
		  "auditor = [ "
		  "\"*:read\" ]; idle = [ ]; };\n"
		  "identity_headers = { email = \"\"; service = \"X-Svc\"; };\n"
		  "signing = { rotate = \"2h\"; issuer = \"gw\"; };\n"
		  "token_issuer = { audience = [ \"m\", \"n\" ]; lifetime = "
		  "\"1m\"; refresh "
		  "= \"1d\"; };\n"
		  "routes = (\n"
		  "  { path = \"/0/:org\"; service = \"be\"; authenticate = [ "
		  "\"keys\", "
		  "\"anonymous\", \"main\" ]; close_revoked = true;\n"
		  "    authorize = { any_role = [ \"viewer\", \"admin\" ]; "
		  "all_roles = "
		  "\"idle\"; permissions = [ \"users:read\", \"users:write\" "
		  "]; tenant = "
		  "\"x-{org}\"; " RULE("at_least = -2.5;") "\n"
							   "      deny = ( { "
							   "permissions = "
							   "\"orgs:read\"; }, "
							   "{ " RULE(
							       "equals = "
							       "\"{claim:a:b}"
							       "\";") " } ); "
								      "}; },\n"
								      "  { "
								      "path = "
								      "\"/1\"; "
								      "service "
								      "= "
								      "\"plain"
								      "\"; },\n"
								      "  { "
								      "path = "
								      "\"/2\"; "
								      "respond "
								      "= { "
								      "body = "
								      "\"{user}"
								      "{tenant}"
								      "{roles}"
								      "\"; }; "
								      "authenti"
								      "cate = "
								      "\"main\""
								      "; },\n"
								      "  { "
								      "path = "
								      "\"/3\"; "
								      "issue = "
								      "true; "
								      "authenti"
								      "cate = "
								      "\"ops\";"
								      " authori"
								      "ze = { "
								      "any_"
								      "role = "
								      "\"viewer"
								      "\"; }; "
								      "response"
								      "_headers"
								      " = ( { "
								      "set = "
								      "\"A\"; "
								      "value = "
								      "\"b\"; "
								      "} ); "
								      "},\n"
								      "  { "
								      "path = "
								      "\"/4\"; "
								      "refresh "
								      "= true; "
								      "}\n"
								      ");\n";

static struct pem_folder folder;
static struct conf_try t;
static const struct img_head *img;

static void
image_make(void)
{
	struct pem p;

	pem_folder_make(&folder);
	p = pem_put(&folder, "ec",
	    &(struct pem_want){ .cn = "a", .names = "DNS:a.example" }, NULL);
	pem_free(&p);
	pem_put_text(&folder, "users", "carl:" BCRYPT "\nbob:" BCRYPT "\n",
	    2 * (6 + sizeof(BCRYPT) - 1) - 1);
	pem_try(&folder, &t, text);
	ck_assert_str_eq(t.complaints,
	    "p.conf:12: warning: mtls: it lets nobody in, since no listener "
	    "asks clients for a certificate\n");
	img = (const struct img_head *)(const void *)t.c.image;
	ck_assert(image_check(img, t.c.image_bytes));
	ck_assert_uint_eq(img->secret_bytes, t.c.secret_bytes);
}

static void
image_drop(void)
{
	conf_try_fini(&t);
	pem_folder_drop(&folder);
}

static const struct img_auth *
auth(uint32_t i)
{
	const struct img_auth *all =
	    img_at(img, img->access.authenticators.off);

	ck_assert_uint_lt(i, img->access.authenticators.count);
	return &all[i];
}

static bool
str_is(struct img_str s, const char *want)
{
	return slice_eq(img_slice(img, s), slice_str(want));
}

/* The strings of a span, with a space behind each. */
static void
strings_are(struct img_span span, const char *want)
{
	const struct img_str *all = img_at(img, span.off);
	char got[256] = "";
	size_t n = 0;

	for (uint32_t i = 0; i < span.count; i++)
		n += (size_t)snprintf(got + n, sizeof(got) - n, "%.*s ",
		    SLICE_FMT(img_slice(img, all[i])));
	ck_assert_str_eq(got, want);
}

static bool
secret_is(struct img_secret s, const char *want, size_t n)
{
	ck_assert_uint_le(s.off + s.len, t.c.secret_bytes);
	return s.len == n && memcmp(t.c.secrets + s.off, want, n) == 0;
}

START_TEST(jwt)
{
	const struct img_auth *a = auth(0);
	const struct keyset *set;

	ck_assert_uint_eq(a->type, IMG_AUTH_JWT);
	ck_assert(str_is(a->name, "main"));
	ck_assert(str_is(a->cookie, "s") && a->header.len == 0);
	ck_assert_uint_eq(
	    a->algs, UINT32_C(1) << JOSE_HS256 | UINT32_C(1) << JOSE_ES256);
	strings_are(a->issuers, "a b ");
	strings_are(a->audiences, "x ");
	strings_are(a->required, "exp sub ");
	strings_are(a->types, "jwt ");
	ck_assert_uint_eq(a->leeway_us, 1000000);
	ck_assert(a->cache == 0 && a->strip == 1 && a->own == 0);
	ck_assert_uint_eq(a->slot, IMG_NONE);
	ck_assert(str_is(a->claims[IMG_CLAIM_USER], "uid"));
	ck_assert_uint_eq(a->claims[IMG_CLAIM_EMAIL].len, 0);
	ck_assert(str_is(a->claims[IMG_CLAIM_TENANT], "tenant_id"));
	ck_assert_uint_eq(a->keys.off % 8, 0);
	set = (const struct keyset *)(const void *)(t.c.secrets + a->keys.off);
	ck_assert(keyset_check(set, a->keys.len));
	ck_assert_uint_eq(set->count, 2);
	ck_assert(slice_eq(keyset_bytes(set, &set->key[0]), SLICE_LIT(SECRET)));
}
END_TEST

START_TEST(challenges)
{
	static const char *const want[] = {
		"Bearer realm=\"r\"",
		"Bearer realm=\"far\"",
		"ApiKey realm=\"keys\"",
		"Basic realm=\"ops\", charset=\"UTF-8\"",
		"Certificate realm=\"cert\"",
		"Bearer realm=\"ask\"",
		"Bearer realm=\"out\"",
	};

	for (uint32_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		ck_assert(str_is(auth(i)->challenge, want[i]));
}
END_TEST

START_TEST(fetched)
{
	const struct img_auth *a = auth(1);

	ck_assert_uint_eq(a->keys.len, 0);
	ck_assert(str_is(a->jwks_url, "https://a/k"));
	ck_assert_uint_eq(a->jwks_refresh_us, 60000000);
	ck_assert_uint_eq(a->jwks_cooldown_us, 2000000);
	ck_assert_uint_eq(a->jwks_timeout_us, 3000000);
	ck_assert_uint_eq(a->jwks_trust, 0);
	ck_assert(str_is(a->header, "X-Tok"));
	ck_assert_uint_eq(a->header_id, FIELD_OTHER);
	ck_assert_uint_eq(a->cache, 1);
}
END_TEST

/* In order of their hashes, whatever that of the file is. */
START_TEST(keys)
{
	const struct img_auth *a = auth(2);
	const struct img_holder *h = img_at(img, a->holders.off);

	ck_assert(str_is(a->query, "k") && a->header.len == 0);
	ck_assert_uint_eq(a->holders.count, 2);
	ck_assert(str_is(h[0].name, "y") && str_is(h[1].name, "z"));
	ck_assert_uint_eq(h[0].sha256[0], 0x01);
	ck_assert_uint_eq(h[1].sha256[0], 0x11);
	ck_assert_uint_eq(h[1].sha256[31], 0xef);
	ck_assert_int_eq(h[0].expires_s, 32472144000);
	ck_assert_int_eq(h[1].expires_s, INT64_MAX);
	ck_assert(str_is(h[0].claims[IMG_CLAIM_USER], "y"));
	ck_assert(str_is(h[1].claims[IMG_CLAIM_USER], "ci"));
	ck_assert(str_is(h[1].claims[IMG_CLAIM_ROLES], "viewer,admin"));
	ck_assert(str_is(h[1].claims[IMG_CLAIM_PERMISSIONS], "p:q"));
	ck_assert(str_is(h[1].claims[IMG_CLAIM_TENANT], "t"));
	ck_assert_uint_eq(h[1].claims[IMG_CLAIM_EMAIL].len, 0);
}
END_TEST

START_TEST(users_and_certificates)
{
	const struct img_auth *a = auth(3);
	const struct img_htpasswd *p = img_at(img, a->htpasswd.off);
	const struct img_holder *h = img_at(img, a->holders.off);

	ck_assert_uint_eq(a->htpasswd.count, 2);
	ck_assert(str_is(p[0].user, "bob") && str_is(p[1].user, "carl"));
	/* with the NUL that crypt(3) wants */
	ck_assert(secret_is(p[1].hash, BCRYPT, sizeof(BCRYPT)));
	ck_assert(str_is(h[0].name, "bob"));
	ck_assert(str_is(h[0].claims[IMG_CLAIM_USER], "bob"));
	ck_assert_uint_eq(a->open, 0);
	ck_assert_uint_eq(a->ttl_us, 300000000);
	a = auth(4);
	h = img_at(img, a->holders.off);
	ck_assert_uint_eq(a->subject, IMG_MTLS_SAN);
	ck_assert_uint_eq(a->open, 1);
	ck_assert_uint_eq(h[0].claims[IMG_CLAIM_USER].len, 0);
}
END_TEST

START_TEST(asked)
{
	const struct img_auth *a = auth(5);

	ck_assert_uint_eq(a->service, 2);
	ck_assert(str_is(a->path, "/i?x") && str_is(a->client_id, "gw"));
	ck_assert(secret_is(a->client_secret, "Basic Z3c6cHc=", 14));
	ck_assert(str_is(a->claims[IMG_CLAIM_USER], "sub"));
	ck_assert_uint_eq(a->ttl_us, 60000000);
	ck_assert_uint_eq(a->timeout_us, 1000000);
	ck_assert_uint_eq(a->cache, 1);
	a = auth(6);
	ck_assert_uint_eq(a->service, 0);
	strings_are(a->forward_headers, "X-K ");
	ck_assert(str_is(a->answer_headers[IMG_CLAIM_USER], "U"));
	ck_assert_uint_eq(a->answer_headers[IMG_CLAIM_ROLES].len, 0);
	ck_assert(str_is(a->answer_headers[IMG_CLAIM_TENANT], "X-Auth-Tenant"));
	ck_assert_uint_eq(a->ttl_us, 9000000);
	ck_assert_uint_eq(a->claims[IMG_CLAIM_USER].len, 0);
}
END_TEST

/* admin auditor idle viewer writer, by number. */
static uint64_t
set_at(uint32_t off)
{
	return *(const uint64_t *)img_at(img, off);
}

START_TEST(roles)
{
	const struct img_access *a = &img->access;
	const struct img_role *r = img_at(img, a->roles.off);
	static const char *const names[] = { "admin", "auditor", "idle",
		"viewer", "writer" };
	/* bits: 0 users:read, 1 users:write, 2 orgs:read */
	static const struct {
		uint64_t closure, permissions;
	} want[] = { { 0x1b, 7 }, { 0x02, 5 }, { 0x04, 0 }, { 0x08, 1 },
		{ 0x18, 3 } };

	strings_are(a->permissions, "users:read users:write orgs:read ");
	ck_assert_uint_eq(a->roles.count, 5);
	ck_assert_uint_eq(a->role_words, 1);
	ck_assert_uint_eq(a->permission_words, 1);
	for (size_t i = 0; i < 5; i++) {
		ck_assert(str_is(r[i].name, names[i]));
		ck_assert_uint_eq(set_at(r[i].closure), want[i].closure);
		ck_assert_uint_eq(
		    set_at(r[i].permissions), want[i].permissions);
	}
}
END_TEST

static const struct img_route *
route(uint32_t i)
{
	const struct img_route *all = img_at(img, img->routes.off);

	return &all[i];
}

START_TEST(demands)
{
	const struct img_authorize *all =
	    img_at(img, img->access.authorizes.off);
	const struct img_authorize *a = &all[route(0)->authorize];
	const struct img_demand *deny = img_at(img, a->deny.off);
	const struct img_tmpl_op *op = img_at(img, a->allow.tenant.off);
	const struct img_claim_rule *rule = img_at(img, a->allow.claims.off);

	ck_assert_uint_eq(img->access.authorizes.count, 2);
	ck_assert_uint_eq(set_at(a->allow.any_role), 0x09);
	ck_assert_uint_eq(set_at(a->allow.all_roles), 0x04);
	ck_assert_uint_eq(set_at(a->allow.permissions), 3);
	ck_assert_uint_eq(a->allow.tenant.count, 2);
	ck_assert(op[0].kind == TMPL_LITERAL && str_is(op[0].text, "x-"));
	ck_assert(op[1].kind == TMPL_PARAM && op[1].arg == 0);
	ck_assert_uint_eq(a->allow.claims.count, 1);
	ck_assert(str_is(rule->claim, "c"));
	ck_assert_uint_eq(rule->compare, IMG_COMPARE_AT_LEAST);
	ck_assert(rule->number > -2.6 && rule->number < -2.4);
	ck_assert_uint_eq(a->deny.count, 2);
	ck_assert_uint_eq(set_at(deny[0].permissions), 4);
	ck_assert_uint_eq(deny[0].any_role, 0);
	rule = img_at(img, deny[1].claims.off);
	op = img_at(img, rule->value.off);
	ck_assert_uint_eq(rule->compare, IMG_COMPARE_EQUALS);
	ck_assert(op[0].kind == TMPL_CLAIM && str_is(op[0].text, "a:b"));
	a = &all[route(3)->authorize];
	ck_assert_uint_eq(set_at(a->allow.any_role), 0x08);
	ck_assert_uint_eq(a->deny.count, 0);
}
END_TEST

#define BIT(filter) (UINT32_C(1) << IMG_FILTER_##filter)

START_TEST(routes)
{
	const struct img_route *r = route(0);
	const uint32_t *auths = img_at(img, r->authenticate.off);
	const uint32_t way =
	    BIT(FORWARDED) | BIT(UPGRADE) | BIT(TRANSFORM) | BIT(FORWARD);

	ck_assert_uint_eq(r->authenticate.count, 2);
	ck_assert(auths[0] == 2 && auths[1] == 0);
	ck_assert(r->anonymous && r->close_revoked);
	ck_assert_uint_eq(r->grant, IMG_GRANT_NONE);
	ck_assert_uint_eq(r->filters,
	    way | BIT(AUTHENTICATE) | BIT(AUTHORIZE) | BIT(IDENTITY));
	/* There is nobody to tell of. */
	r = route(1);
	ck_assert_uint_eq(r->authenticate.count, 0);
	ck_assert_uint_eq(r->authorize, IMG_NONE);
	ck_assert_uint_eq(r->filters, way);
	ck_assert_uint_eq(route(2)->filters, BIT(AUTHENTICATE) | BIT(RESPOND));
	r = route(3);
	ck_assert_uint_eq(r->grant, IMG_GRANT_ISSUE);
	ck_assert_uint_eq(r->service, IMG_NONE);
	ck_assert_uint_eq(r->filters,
	    BIT(GRANT_LIMIT) | BIT(AUTHENTICATE) | BIT(AUTHORIZE) |
		BIT(TRANSFORM) | BIT(GRANT));
	ck_assert_uint_eq(r->methods, UINT32_C(1) << METHOD_POST);
	r = route(4);
	ck_assert_uint_eq(r->grant, IMG_GRANT_REFRESH);
	ck_assert_uint_eq(r->filters, BIT(GRANT_LIMIT) | BIT(GRANT));
}
END_TEST

START_TEST(told)
{
	const struct img_access *a = &img->access;
	const struct img_identity_header *h = img_at(img, a->told.off);
	static const char *const names[] = { "X-User-ID", "", "X-User-Roles",
		"X-User-Permissions", "X-Tenant-ID", "X-Svc",
		"X-Service-Token" };

	/* Two services tell by the same field. */
	ck_assert_uint_eq(a->told.count, 7);
	for (size_t i = 0; i < 7; i++)
		ck_assert(str_is(h[i].name, names[i]));
	ck_assert_uint_eq(a->told_lengths,
	    1u << 5 | 1u << 9 | 1u << 11 | 1u << 12 | 1u << 15 | 1u << 18);
}
END_TEST

START_TEST(tokens)
{
	const struct img_access *a = &img->access;
	const struct img_service *s = img_at(img, img->services.off);
	const struct img_service_token *k = img_at(img, a->service_tokens.off);

	ck_assert_uint_eq(a->signing_rotate_us, UINT64_C(7200000000));
	ck_assert(str_is(a->issuer.issuer, "gw"));
	strings_are(a->issuer.audiences, "m n ");
	ck_assert_uint_eq(a->issuer.alg, JOSE_ES256);
	ck_assert(a->issuer.keys == 0 && a->issuer.secret.len == 0);
	ck_assert_uint_eq(a->issuer.lifetime_us, 60000000);
	ck_assert_uint_eq(a->issuer.refresh_us, UINT64_C(86400000000));
	ck_assert_uint_eq(a->service_tokens.count, 2);
	ck_assert(s[0].token == 0 && s[1].token == IMG_NONE && s[2].token == 1);
	strings_are(k[0].issuer.audiences, "be ");
	ck_assert_uint_eq(k[0].issuer.lifetime_us, 60000000);
	ck_assert(str_is(k[1].header, "x-service-token"));
	strings_are(k[1].issuer.audiences, "i ");
	ck_assert_uint_eq(k[1].issuer.alg, JOSE_HS256);
	ck_assert(secret_is(
	    k[1].issuer.secret, SERVICE_SECRET, sizeof(SERVICE_SECRET) - 1));
	ck_assert_uint_eq(s[0].hash_key, IMG_HASH_USER);
}
END_TEST

/* Many of them: more than a word of bits, and each its own. */
START_TEST(many_roles)
{
	struct text many = { 0 };
	const struct img_head *head;
	const struct img_access *a;
	const struct img_role *r;
	struct conf_try all;

	text_add(&many, SLICE_LIT(LISTENER SERVICE "roles = ( "));
	for (int i = 0; i < 130; i++)
		text_printf(&many,
		    "%s{ name = \"r%03d\"; permissions = \"p:%d\"; %s%03d%s }",
		    i != 0 ? ", " : "", i, i, i != 0 ? "inherits = \"r" : "# ",
		    i != 0 ? i - 1 : 0, i != 0 ? "\";" : "\n");
	text_printf(&many,
	    " ); authenticators = { k = { type = \"api_key\"; }; }; routes = "
	    "( { path = \"/\"; service = \"be\"; authenticate = \"k\"; "
	    "authorize = { permissions = [ \"p:0\"");
	for (int i = 1; i < 130; i++)
		text_printf(&many, ", \"p:%d\"", i);
	text_printf(&many, " ]; }; } );%c", '\0');
	conf_try_text(&all, many.p);
	ck_assert_str_eq(all.complaints, "");
	head = (const struct img_head *)(const void *)all.c.image;
	ck_assert(image_check(head, all.c.image_bytes));
	a = &head->access;
	r = img_at(head, a->roles.off);
	ck_assert(a->role_words == 3 && a->permission_words == 3);
	for (uint32_t i = 0; i < 130; i++) {
		const uint64_t *closure = img_at(head, r[i].closure);
		const uint64_t *may = img_at(head, r[i].permissions);

		for (uint32_t k = 0; k < 130; k++) {
			ck_assert_uint_eq(
			    closure[k / 64] >> k % 64 & 1, k <= i);
			ck_assert_uint_eq(may[k / 64] >> k % 64 & 1, k <= i);
		}
	}
	conf_try_fini(&all);
	text_fini(&many);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("all");

	tcase_add_unchecked_fixture(tc, image_make, image_drop);
	tcase_add_test(tc, jwt);
	tcase_add_test(tc, challenges);
	tcase_add_test(tc, fetched);
	tcase_add_test(tc, keys);
	tcase_add_test(tc, users_and_certificates);
	tcase_add_test(tc, asked);
	tcase_add_test(tc, roles);
	tcase_add_test(tc, demands);
	tcase_add_test(tc, routes);
	tcase_add_test(tc, told);
	tcase_add_test(tc, tokens);
	tcase_add_test(tc, many_roles);
	return conf_try_run("conf_build_access", tc);
}
