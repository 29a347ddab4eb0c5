/*
 * conf_check_access_test.c - roles, permissions, what routes demand, header
 * fields that the gateway alone sets, tokens that it signs: what is refused,
 * and where the complaint points.
 */
#include "tests/unit/master/conf_try.h"

#define SECRET "01234567890123456789012345678901"
#define AUTHS                                                                 \
	"authenticators = { jwt = { type = \"jwt\"; algorithms = \"HS256\"; " \
	"keys = ( { secret = \"" SECRET "\"; } ); }; keys = { type = "        \
	"\"api_key\"; }; };\n"
#define ROLES                                                               \
	"roles = { viewer = [ \"users:read\" ]; editor = [ \"users:*\" ]; " \
	"};\n"

/* On line 2 and those after it; then the rest. */
#define TOP(text) LISTENER text "\n" PING
/* A route with these keys, on line 5 and those after it. */
#define R(keys)                                                        \
	LISTENER SERVICE AUTHS ROLES                                   \
	    "routes = ( { path = \"/a/:org\"; service = \"be\"; " keys \
	    " } );\n"
#define AUTHORIZE(keys) R("authenticate = \"jwt\"; authorize = { " keys " };")
#define CLAIM(keys) AUTHORIZE("claims = ( { " keys " } );")
/* A route without a service, on line 5. */
#define GRANT(keys)                                                      \
	LISTENER SERVICE AUTHS ROLES "routes = ( { path = \"/t\"; " keys \
				     " } ); token_issuer = { };\n"
#define TOKEN(keys) SERVICE_WITH("token = { " keys " };")

/* An authenticator that takes the tokens of the gateway, on line 2. */
#define OWN(keys)                                                          \
	"token_issuer = { audience = [ \"a\", \"b\" ]; };\nauthenticators" \
	" = { own = { type = \"jwt\"; own = true; " keys " }; };\n"

static const struct conf_case refused[] = {
	/* roles */
	{ TOP("roles = ( { permissions = \"a\"; },\n{ name = \"a\"; },\n{ name "
	      "= \"a\"; }, { name = \"a,b\"; } );"),
	    "f:2: a role in a list needs a name\n"
	    "f:4: there is a role \"a\" already, at f:3\n"
	    "f:4: name: \"a,b\" has a comma, which separates roles\n" },
	{ TOP("roles = { a = [ \"b:c\" ];\nb = { permisions = [ ]; }; c = 3; "
	      "};"),
	    "f:3: unknown key \"permisions\" in a role; did you mean "
	    "\"permissions\"?\n"
	    "f:3: permissions: expected a string or an array of strings, got "
	    "an integer\n" },
	{ TOP("roles = { a = [ \"b::c\",\n\"*x\", \"x*:a\", \"\xc3\xa4\", \"a "
	      "b\" ]; };"),
	    "f:2: permissions: \"b::c\" has an empty word\n"
	    "f:3: permissions: \"*x\" has a \"*\" that is not a whole word\n"
	    "f:3: permissions: \"x*:a\" has a \"*\" that is not a whole "
	    "word\n"
	    "f:3: permissions: \"\xc3\xa4\" has a comma, a space or a "
	    "character outside ASCII\n"
	    "f:3: permissions: \"a b\" has a comma, a space or a character "
	    "outside ASCII\n" },
	{ TOP("roles = { viewer = [ ];\neditor = { inherits = [ \"viewr\", "
	      "\"viewer\", \"viewer\" ]; }; };"),
	    "f:3: inherits: \"viewer\" is there twice\n"
	    "f:3: inherits: there is no role \"viewr\"; did you mean "
	    "\"viewer\"?\n" },
	{ TOP("roles = { a = { inherits = \"b\"; };\nb = { inherits = \"c\"; "
	      "};\nc = { inherits = [ \"d\", \"a\" ]; };\nd = { inherits = "
	      "\"d\"; }; };"),
	    "f:4: inherits: roles inherit in a circle: a -> b -> c -> a\n"
	    "f:5: inherits: the role \"d\" inherits from itself\n" },
	/* permissions */
	{ TOP("permissions = [ \"users:read\", \"users:write\", \"a:*\",\n"
	      "\"users:read\" ];"),
	    "f:2: permissions: \"a:*\" has a \"*\", which only what is granted "
	    "may have\n"
	    "f:3: permissions: \"users:read\" is there twice\n" },
	{ TOP("permissions = \"users:read\";\nroles = { a = [ \"users:raed\", "
	      "\"users:*\", \"*\", \"*:read\", \"orgs:*\" ]; };"),
	    "f:3: permissions: \"users:raed\" is not among the permissions; "
	    "did you mean \"users:read\"?\n"
	    "f:3: permissions: \"orgs:*\" is not among the permissions\n" },
	/* authenticate */
	{ R("authenticate = [ ];"), "f:5: authenticate: it must have one\n" },
	{ R("authenticate = [ \"jwr\",\n\"anonymus\", \"jwt\", \"jwt\" ];"),
	    "f:5: authenticate: there is no authenticator \"jwr\"; did you "
	    "mean \"jwt\"?\n"
	    "f:6: authenticate: \"jwt\" is there twice\n"
	    "f:6: authenticate: there is no authenticator \"anonymus\"; did "
	    "you mean \"anonymous\"?\n" },
	{ R("authenticate = \"anonymous\";"),
	    "f:5: authenticate: \"anonymous\" alone asks nobody: leave it "
	    "out\n" },
	{ R("close_revoked = true;"),
	    "f:5: close_revoked: it needs authenticate\n" },
	{ LISTENER AUTHS
	    "routes = ( { path = \"/\"; respond = { };\nauthenticate = "
	    "\"jwt\"; close_revoked = true; } );\n",
	    "f:4: close_revoked: a route with respond sends no request on\n" },
	/* authorize */
	{ R("authorize = { any_role = \"viewer\"; };"),
	    "f:5: authorize: it needs authenticate, or nobody is known\n" },
	{ AUTHORIZE(""), "f:5: authorize: it demands nothing\n" },
	{ AUTHORIZE("any_role = [ ];\nall_roles = [ \"viewr\", \"editor\" ];"),
	    "f:5: authorize.any_role: it must have one\n"
	    "f:6: authorize.all_roles: there is no role \"viewr\"; did you "
	    "mean \"viewer\"?\n" },
	{ AUTHORIZE("permissions = [ \"users:read\", \"users:write:all\",\n"
		    "\"user:read\", \"users:*\" ];"),
	    "f:6: authorize.permissions: \"user:read\" is granted by no role, "
	    "nor among the permissions; did you mean \"users:read\"?\n"
	    "f:6: authorize.permissions: \"users:*\" has a \"*\", which only "
	    "what is granted may have\n" },
	{ LISTENER SERVICE AUTHS
	    "permissions = \"a:b\";\nroutes = ( { path = \"/\"; service = "
	    "\"be\"; authenticate = \"jwt\"; authorize = { permissions = "
	    "[ \"a:b\", \"a:c\" ]; }; } );\n",
	    "f:5: authorize.permissions: \"a:c\" is not among the "
	    "permissions; did you mean \"a:b\"?\n" },
	{ AUTHORIZE("tenant = \"{orc}\";"),
	    "f:5: tenant \"{orc}\" has the unknown name {orc}; did you mean "
	    "\"org\"?\n" },
	{ AUTHORIZE("deny = ( { },\n{ any_role = \"viewr\"; tenant = \"{x\"; } "
		    ");"),
	    "f:5: authorize.deny: a rule that asks for nothing would refuse "
	    "everybody\n"
	    "f:6: any_role: there is no role \"viewr\"; did you mean "
	    "\"viewer\"?\n" },
	/* claims */
	{ CLAIM(""),
	    "f:5: a claim rule needs a claim\n"
	    "f:5: a claim rule has exactly one of equals, not_equals, "
	    "contains, exists, at_least, at_most, more and less\n" },
	{ CLAIM("claim = \"a\"; equals = 1;\nat_least = 2;"),
	    "f:5: a claim rule has exactly one of equals, not_equals, "
	    "contains, exists, at_least, at_most, more and less\n" },
	{ CLAIM("claim = \"a\"; exists = false;"),
	    "f:5: a claim rule has exactly one of equals, not_equals, "
	    "contains, exists, at_least, at_most, more and less\n" },
	{ CLAIM("claim = \"a\";\nat_least = \"0x10\";"),
	    "f:6: at_least: \"0x10\" is not a number\n" },
	{ CLAIM("claim = \"a\";\nless = \"nan\";"),
	    "f:6: less: \"nan\" is not a number\n" },
	{ CLAIM("claim = \"a\";\nequals = [ 1 ];"),
	    "f:6: equals: expected a string, a number or a boolean, got an "
	    "array\n" },
	{ CLAIM("claim = \"a\";\nequals = \"{clain:x}\";"),
	    "f:6: claims \"{clain:x}\" has the unknown name {clain:x}\n" },
	{ R("authenticate = [ \"keys\", \"anonymous\" ]; authorize = { deny = "
	    "( { claims =\n( { claim = \"a\"; exists = true; } ); } ); };"),
	    "f:6: claims: none of the route's authenticators knows claims; "
	    "jwt and introspection do\n" },
	/* routes that hand out tokens */
	{ GRANT("issue = true; refresh = true;"),
	    "f:5: issue: a route issues, refreshes or shows keys: one of "
	    "them\n" },
	{ GRANT("issue = true; service = \"be\"; authenticate = \"keys\";"),
	    "f:5: issue: a route that answers with tokens has neither service "
	    "nor respond\n" },
	{ GRANT("refresh = true;\nrespond = { };"),
	    "f:5: refresh: a route that answers with tokens has neither "
	    "service nor respond\n" },
	{ LISTENER "routes = ( { path = \"/t\"; refresh = true; } );\n",
	    "f:2: refresh: it needs token_issuer\n" },
	{ GRANT("issue = true;"),
	    "f:5: issue: it needs authenticate, or anybody gets a token\n" },
	{ GRANT("issue = true; authenticate = [ \"jwt\", \"keys\", "
		"\"anonymous\" ];"),
	    "f:5: authenticate: \"anonymous\" would give anybody a token "
	    "(issue)\n"
	    "f:5: authenticate: a route with issue needs passwords, keys or "
	    "certificates, and \"jwt\" is of type \"jwt\"\n" },
	{ GRANT("issue = true; authenticate = \"keys\";\nmethods = [ \"GET\", "
		"\"POST\" ]; rewrite = \"/\"; upgrade = \"x\"; grpc_web = "
		"true;"),
	    "f:6: methods: a route with issue answers POST alone\n"
	    "f:6: rewrite: a route with issue sends no request on\n"
	    "f:6: upgrade: a route with issue sends no request on\n"
	    "f:6: grpc_web: a route with issue sends no request on\n" },
	{ GRANT("refresh = true;\nauthenticate = \"jwt\";\nauthorize = { "
		"any_role = \"viewer\"; };"),
	    "f:6: authenticate: on a route with refresh the refresh token says "
	    "who it is\n"
	    "f:7: authorize: it has no effect on a route with refresh\n" },
	{ LISTENER "routes = ( { path = \"/t\"; refresh = true; } );\n"
		   "token_issuer = { refresh = \"0\"; };\n",
	    "f:2: refresh: there are no refresh tokens with "
	    "token_issuer.refresh = 0\n" },
	/* header fields */
	{ TOP("identity_headers = { user = \"Host\";\nemail = \"a b\"; roles = "
	      "\"x_a\"; tenant = \"X-A\"; service = "
	      "\"X-Forwarded-For\"; };"),
	    "f:2: identity_headers.user: \"Host\" is a field with a meaning of "
	    "its own\n"
	    "f:3: identity_headers.email: \"a b\" is not the name of a header "
	    "field\n"
	    "f:3: identity_headers.tenant: \"X-A\" is that of "
	    "identity_headers.roles\n"
	    "f:3: identity_headers.service: \"X-Forwarded-For\" is a field "
	    "with a meaning of its own\n" },
	{ R("request_headers = ( { set = \"x_user_ID\"; value = \"a\"; },\n{ "
	    "add = \"X.Tenant-ID\"; value = \"a\"; }, { remove = "
	    "\"X-User-ID\"; } );"),
	    "f:5: set: \"x_user_ID\" tells endpoints who a request is from, "
	    "and "
	    "is set by the gateway alone (identity_headers)\n"
	    "f:6: add: \"X.Tenant-ID\" tells endpoints who a request is from, "
	    "and is set by the gateway alone (identity_headers)\n" },
	{ TOKEN("header = \"X_User-Email\";"),
	    "f:2: token.header: \"X_User-Email\" is that of "
	    "identity_headers.email\n" },
	{ TOKEN("header = \"Authorization\";"),
	    "f:2: token.header: \"Authorization\" is a field with a meaning of "
	    "its own\n" },
	/* tokens */
	{ TOKEN("algorithm = \"RS256\";"),
	    "f:2: token.algorithm: there is no \"RS256\" (there is \"ES256\", "
	    "\"HS256\")\n" },
	{ TOKEN("algorithm = \"HS256\";"),
	    "f:2: token.algorithm: HS256 needs secret or secret_file\n" },
	{ TOKEN("algorithm = \"HS256\";\nsecret = \"abc\";"),
	    "f:3: token.secret: it has 3 bytes; 32 are the least\n" },
	{ TOKEN("algorithm = \"HS256\";\nsecret = \"" SECRET
		"\";\nsecret_file = \"s\";"),
	    "f:4: token.secret_file: there is token.secret already, and one "
	    "will do\n" },
	{ TOKEN("\nsecret = \"" SECRET "\";"),
	    "f:3: token.secret: it has no effect with ES256, whose keys the "
	    "gateway makes itself\n" },
	{ TOP("signing = { rotate = \"1m\"; };\ntoken_issuer = { lifetime = "
	      "\"2m\"; };"),
	    "f:3: token_issuer.lifetime: 2m is longer than signing.rotate "
	    "(1m): the key would be gone before the token\n" },
	/* a default that is written nowhere */
	{ TOP("signing = { rotate = \"1m\"; };\ntoken_issuer = { };"),
	    "f: token_issuer.lifetime: 15m is longer than signing.rotate "
	    "(1m): the key would be gone before the token\n" },
	/* tokens of services must not be taken from clients */
	{ "authenticators = { own = { type = \"jwt\";\nown = true; }; };\n"
	  "token_issuer = { };\n" TOKEN(""),
	    "f:2: own: it needs audience, or tokens that the gateway signs for "
	    "others, such as services, would be taken, too\n" },
	{ OWN("audience = [ \"a\", \"be\" ];") TOKEN(""),
	    "f:2: audience: with own = true \"be\" would let in the tokens of "
	    "service \"be\"\n" },
	{ OWN("audience = \"x\";") TOKEN("audience = \"x\";"),
	    "f:2: audience: with own = true \"x\" would let in the tokens of "
	    "service \"be\"\nf:2: audience: none of token_issuer.audience is "
	    "here, so that no token of the gateway would be taken\n" },
	{ OWN("audience = \"a\"; issuer = [ \"b\", \"c\" ];") TOKEN(""),
	    "f:2: issuer: \"penstock\" is not here, which the gateway's "
	    "tokens say (token_issuer.issuer)\n" },
	{ OWN("audience = \"a\"; algorithms = \"ES256\";\njwks = { url = "
	      "\"https://id/x\"; };") TOKEN(""),
	    "f:3: jwks.url: keys of somebody else need an authenticator of "
	    "their own, without own = true\n" },
	/* nor tokens of clients be taken for those of services */
	{ TOKEN("") "token_issuer = {\naudience = [ \"a\",\n\"be\" ]; };\n",
	    "f:6: token_issuer.audience: \"be\" is that of the tokens of "
	    "service \"be\", and a client's would pass for one\n" },
	{ TOKEN("algorithm = \"HS256\";\nsecret = \"" SECRET
		"\";") "token_issuer = { algorithm = \"HS256\"; secret = "
		       "\"" SECRET "\"; };\n",
	    "f:3: token.secret: it is that of token_issuer, so that the "
	    "service could make tokens of clients\n" },
	{ TOKEN("algorithm = \"HS256\"; secret = \"" SECRET
		"\";") "authenticators = { jwt = { type = \"jwt\"; audience = "
		       "\"a\"; "
		       "algorithms = \"HS256\"; keys = ( {\nsecret = \"" SECRET
		       "\"; } ); }; };\n",
	    "f:5: keys.secret: it is that of the tokens of service \"be\", "
	    "which would be taken here\n" },
	{ TOP("token_issuer = { lifetime = \"2m\";\nrefresh = \"1m\"; };"),
	    "f:3: token_issuer.refresh: 1m is shorter than lifetime (2m)\n" },
	{ LISTENER "token_issuer = { algorithm = \"HS256\"; secret = \"" SECRET
		   "\"; };\nroutes = ( { path = \"/k\"; jwks = true; } );\n",
	    "f:3: jwks: no token is signed with ES256, and there are no keys "
	    "to show\n" },
};

START_TEST(each_refused)
{
	conf_try_expect(refused[_i].text, refused[_i].complaints);
}
END_TEST

static const char *const good[] = {
	/* whoever is not known has no role, and is refused where it needs one
	 */
	R("authenticate = [ \"jwt\", \"anonymous\" ]; authorize = { any_role = "
	  "\"viewer\"; };"),
	R("authenticate = \"jwt\"; authorize = { deny = ( { tenant = \"x\"; } "
	  "); };"),
	CLAIM("claim = \"a\"; equals = true;"),
	CLAIM("claim = \"a.b\"; at_least = -3;"),
	CLAIM("claim = \"https://a/b\"; more = 1.5;"),
	CLAIM("claim = \"a\"; contains = \"{org}\";"),
	CLAIM("claim = \"a\"; exists = true;"),
	GRANT("issue = true; authenticate = \"keys\"; methods = \"POST\";"),
	GRANT("refresh = true;"),
	OWN("audience = [ \"b\", \"c\" ]; issuer = \"penstock\";") TOKEN(""),
	GRANT("jwks = true;"),
	LISTENER "services = { be = { token = { }; endpoints = ( { address = "
		 "\"127.0.0.1:81\"; } ); }; };\nroutes = ( { path = \"/\"; "
		 "service = \"be\"; }, { path = \"/k\"; jwks = true; } );\n",
	/* of HS256 only the secret counts */
	TOKEN("algorithm = \"HS256\"; secret = \"" SECRET
	      "\";") "token_issuer = { audience = \"be\"; };\n",
	/* what holders may do counts as granted */
	LISTENER SERVICE
	"authenticators = { k = { type = \"api_key\"; holders = ( { name = "
	"\"a\"; permissions = \"x:y\"; sha256 = "
	"\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\";"
	" } ); }; };\nroutes = ( { path = \"/\"; service = \"be\"; "
	"authenticate "
	"= \"k\"; authorize = { permissions = \"x:y\"; }; } );\n",
	/* names that are told no more are free */
	LISTENER SERVICE
	"identity_headers = { user = \"\"; };\nroutes = ( { path = \"/\"; "
	"service = \"be\"; request_headers = ( { set = \"X-User-ID\"; value = "
	"\"a\"; } ); } );\n",
};

START_TEST(each_good)
{
	conf_try_expect(good[_i], "");
}
END_TEST

START_TEST(what_follows)
{
	struct conf_try t;

	conf_try_text(&t,
	    R("authenticate = [ \"anonymous\", \"keys\", \"jwt\" ]; authorize "
	      "= { permissions = [ \"users:read\", \"users:b\" ]; deny = ( { "
	      "permissions = \"users:b\"; } ); };") "signing = { issuer = "
						    "\"https://gw\"; "
						    "};\ntoken_issuer = { "
						    "};\n");
	ck_assert_str_eq(t.complaints, "");
	ck_assert(t.c.routes[0].anonymous);
	ck_assert_uint_eq(t.c.routes[0].auth_count, 2);
	ck_assert_uint_eq(t.c.routes[0].auth_indexes[0], 1);
	ck_assert_uint_eq(t.c.routes[0].auth_indexes[1], 0);
	/* each permission once, in the order of the file */
	ck_assert_uint_eq(t.c.demanded_count, 2);
	ck_assert_str_eq(t.c.demanded[0], "users:read");
	ck_assert_str_eq(t.c.demanded[1], "users:b");
	ck_assert_str_eq(t.c.token_issuer.issuer.issuer, "https://gw");
	conf_try_fini(&t);
	conf_try_text(&t, GRANT("refresh = true;"));
	ck_assert_uint_eq(t.c.routes[0].methods.count, 1);
	ck_assert_str_eq(t.c.routes[0].methods.items[0], "POST");
	conf_try_fini(&t);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(
	    tc, each_refused, 0, (int)(sizeof(refused) / sizeof(refused[0])));
	tcase_add_loop_test(
	    tc, each_good, 0, (int)(sizeof(good) / sizeof(good[0])));
	tcase_add_test(tc, what_follows);
	return conf_try_run("conf_check_access", tc);
}
