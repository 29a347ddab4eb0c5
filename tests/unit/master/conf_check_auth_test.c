/*
 * conf_check_auth_test.c - authenticators: what is refused of each type, and
 * where the complaint points.
 */
#include <fcntl.h>

#include "common/jose/keyset.h"
#include "tests/unit/master/pem_kit.h"

/* An authenticator "a" with these keys, on line 2 and those after it. */
#define AUTH(keys)                                                         \
	LISTENER                                                           \
	"authenticators = { a = { " keys " }; };\n"                        \
	"services = { be = { endpoints = ( { address = \"127.0.0.1:81\"; " \
	"} ); }; };\n" ROUTE
#define JWT(keys) AUTH("type = \"jwt\"; " keys)
#define SECRET "01234567890123456789012345678901"
#define HS256 "algorithms = \"HS256\"; "
#define KEY "keys = ( { secret = \"" SECRET "\"; } ); "
#define KEYS(keys) "keys = ( { " keys " } );"
#define HOLDER(keys) "holders = ( { name = \"h\"; " keys " } );"
#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define API(keys) AUTH("type = \"api_key\"; " keys)
#define BASIC(keys) AUTH("type = \"basic\"; htpasswd = \"users\"; " keys)
#define MTLS(keys)                                                            \
	"listeners = ( { address = \"127.0.0.1:80\"; tls = { certificates = " \
	"( { certificate = \"ec.pem\"; key = \"ec.key\"; } ); client_ca = "   \
	"\"ec.pem\"; client_verify = \"optional\"; }; } );\n"                 \
	"authenticators = { a = { type = \"mtls\"; " keys " }; };\n" PING
#define ASK "type = \"forward\"; service = \"be\"; path = \"/a\"; "
#define INTROSPECT "type = \"introspection\"; service = \"be\"; path = \"/a\"; "

static struct pem_folder folder;

static const struct conf_case refused[] = {
	/* names and types */
	{ AUTH(""), "p.conf:2: an authenticator needs a type\n" },
	{ AUTH("type = \"jwks\";"),
	    "p.conf:2: type: there is no \"jwks\" (there is \"jwt\", "
	    "\"api_key\", \"basic\", \"mtls\", \"introspection\", "
	    "\"forward\")\n" },
	{ LISTENER "authenticators = (\n{ type = \"api_key\"; },\n{ name = "
		   "\"x\"; type = \"api_key\"; },\n{ name = \"x\"; type = "
		   "\"api_key\"; }, { name = \"a/b\"; type = \"api_key\"; } "
		   ");\n" PING,
	    "p.conf:3: an authenticator in a list needs a name\n"
	    "p.conf:5: there is an authenticator \"x\" already, at p.conf:4\n"
	    "p.conf:5: name: \"a/b\" has a space, a slash, a quote or a "
	    "character outside ASCII\n" },
	{ LISTENER "authenticators = { anonymous = { type = \"api_key\"; }; "
		   "};\n" PING,
	    "p.conf:2: name: \"anonymous\" is what routes say that let "
	    "everybody in\n" },
	{ API("algorithms = \"HS256\";\njwks = { url = \"http://x\"; };\nopen "
	      "= true; claims = { user = \"x\"; };"),
	    "p.conf:2: algorithms: an authenticator of type \"api_key\" has "
	    "none\n"
	    "p.conf:3: jwks: an authenticator of type \"api_key\" has none\n"
	    "p.conf:4: claims: an authenticator of type \"api_key\" has none\n"
	    "p.conf:4: open: an authenticator of type \"api_key\" has none\n" },
	{ API("holder = ( );"),
	    "p.conf:2: unknown key \"holder\" in an authenticator; did you "
	    "mean "
	    "\"holders\"?\n" },
	/* where credentials are */
	{ API("header = \"Host\";"),
	    "p.conf:2: header: \"Host\" is a field with a meaning of its "
	    "own\n" },
	{ API("header = \"content_length\";"),
	    "p.conf:2: header: \"content_length\" is a field with a meaning of "
	    "its own\n" },
	{ API("header = \"a b\"; query = \"a&b\";"),
	    "p.conf:2: header: \"a b\" is not the name of a header field\n"
	    "p.conf:2: query: \"a&b\" has a character that no parameter's name "
	    "has\n" },
	{ API("header = \"authorization\";"),
	    "p.conf:2: header: \"authorization\" has a scheme before the "
	    "credentials\n" },
	{ API("header = \"x_user_id\";"),
	    "p.conf:2: header: \"x_user_id\" is set by the gateway alone "
	    "(identity_headers)\n" },
	{ JWT(HS256 KEY "header = \"Authorization\";"),
	    "p.conf:2: header: \"Authorization\" is where a token is when "
	    "there is no header\n" },
	{ JWT(HS256 KEY "header = \"X-T\";\ncookie = \"a b\";"),
	    "p.conf:3: cookie: \"a b\" is not the name of a cookie\n"
	    "p.conf:3: cookie: a token is in one place, and there is "
	    "header\n" },
	{ JWT(HS256 KEY "realm = \"a\\\"b\";"),
	    "p.conf:2: realm: \"a\"b\" has a quote, a backslash or a character "
	    "outside ASCII\n" },
	/* jwt: algorithms */
	{ JWT(KEY), "p.conf:2: a jwt authenticator needs algorithms\n" },
	{ JWT("algorithms = [ ]; " KEY),
	    "p.conf:2: a jwt authenticator needs algorithms\n" },
	{ JWT("algorithms = [ \"none\", \"hs256\",\n\"HS512/256\", \"HS256\", "
	      "\"HS256\" ]; " KEY),
	    "p.conf:2: algorithms: \"none\" is no signature, and is never "
	    "taken\n"
	    "p.conf:2: algorithms: there is no algorithm \"hs256\"; did you "
	    "mean \"HS256\"?\n"
	    "p.conf:3: algorithms: \"HS256\" is there twice\n"
	    "p.conf:3: algorithms: there is no algorithm \"HS512/256\"\n" },
	{ JWT("algorithms = [ \"HS256\", \"RS256\" ]; " KEY),
	    "p.conf:2: algorithms: there is no key for \"RS256\"\n" },
	{ JWT("algorithms = [ \"RS256\", \"HS256\" ];\njwks = { url = "
	      "\"https://a\"; };"),
	    "p.conf:2: algorithms: there is no key for \"HS256\"\n" },
	/* jwt: keys */
	{ JWT(HS256),
	    "p.conf:2: a jwt authenticator needs keys, jwks, or own "
	    "= true\n" },
	{ JWT(HS256 "\n" KEYS("id = \"k\";")),
	    "p.conf:3: a key has exactly one of file, secret and "
	    "secret_file\n" },
	{ JWT(HS256 "\n" KEYS("secret = \"a\";\nfile = \"ec.pem\";")),
	    "p.conf:3: a key has exactly one of file, secret and "
	    "secret_file\n" },
	{ JWT(HS256 "\n" KEYS("secret = \"short\";")),
	    "p.conf:3: keys.secret: it is a secret of 5 bytes: 32 are the "
	    "least\n" },
	{ JWT(HS256 "\n" KEYS("secret_file = \"empty\";")),
	    "p.conf:3: secret_file: \"empty\" is empty\n" },
	{ JWT(HS256 "\n" KEYS("secret_file = \"nowhere\";")),
	    "p.conf:3: secret_file: \"nowhere\" cannot be read: No such file "
	    "or directory\n" },
	{ JWT("algorithms = \"RS256\"; \n" KEYS("file = \"weak.pem\";")),
	    "p.conf:3: keys.file: \"weak.pem\" is an RSA key of 1024 bits: "
	    "2048 are the least\n" },
	{ JWT("algorithms = \"ES256\"; \n" KEYS("file = \"ec.key\";")),
	    "p.conf:3: keys.file: \"ec.key\" is a private key: what verifies "
	    "needs the public one alone\n" },
	{ JWT("algorithms = \"RS256\"; \n" KEYS("file = \"ec.pem\";")),
	    "p.conf:3: keys.file: \"ec.pem\" is a key for P-256, which none of "
	    "the algorithms goes with\n" },
	{ JWT("algorithms = \"ES256\"; \n" KEYS("file = \"users\";")),
	    "p.conf:3: keys.file: \"users\" is neither a public key nor a "
	    "certificate, in PEM or DER\n" },
	{ JWT(HS256 KEYS("secret = \"" SECRET "\";\nalgorithms = \"HS384\";")),
	    "p.conf:3: algorithms: a key has one that is none of the "
	    "authenticator's\n" },
	{ JWT(HS256 "keys = ( { id = \"k\"; secret = \"" SECRET
		    "\"; },\n{ id = \"k\"; secret = \"" SECRET "x\"; } );"),
	    "p.conf:3: keys.secret: it has the id of another key of its "
	    "kind\n" },
	/* jwt: JWK Sets */
	{ JWT("algorithms = \"RS256\";\njwks = { };"),
	    "p.conf:3: jwks: it has exactly one of url and file\n" },
	{ JWT("algorithms = \"RS256\"; jwks = { url = \"http://a\";\nfile = "
	      "\"jwks\"; };"),
	    "p.conf:3: jwks: it has exactly one of url and file\n" },
	{ JWT("algorithms = \"RS256\"; jwks = {\nurl = \"ftp://a\"; };"),
	    "p.conf:3: jwks.url: \"ftp://a\" is neither an http nor an https "
	    "url\n" },
	{ JWT("algorithms = \"RS256\"; jwks = { url = \"http://a\";\nca = "
	      "\"ec.pem\"; };"),
	    "p.conf:2: warning: jwks.url: \"http://a\" is not https: whoever "
	    "is in between can hand in keys of their own\n"
	    "p.conf:3: jwks.ca: it has no effect, since jwks.url is not "
	    "https\n" },
	{ JWT("algorithms = \"RS256\"; jwks = { url = \"https://a\";\nca = "
	      "\"users\"; };"),
	    "p.conf:3: jwks.ca: \"users\" holds no certificate in PEM\n" },
	{ JWT(HS256 "jwks = { file = \"jwks\";\nrefresh = \"1m\"; };"),
	    "p.conf:3: jwks.refresh: it has no effect with jwks.file, which "
	    "is read at each reload\n" },
	{ JWT(HS256 "jwks = {\nfile = \"users\"; };"),
	    "p.conf:3: jwks.file: \"users\" is not JSON of the strict kind\n" },
	{ JWT(HS256 KEY "types = [ ];"),
	    "p.conf:2: types: it must have one\n" },
	/* jwt: keys of the gateway itself */
	{ JWT("own = true;"),
	    "p.conf:2: own: the gateway issues no tokens without "
	    "token_issuer\n" },
	{ JWT("algorithms = \"RS256\"; own = true; audience = \"a\";\n" KEYS(
	      "file = \"rsa.pem\";")) "token_issuer = { audience = \"a\"; };\n",
	    "p.conf:2: algorithms: own = true needs \"ES256\", which "
	    "token_issuer signs with\n" },
	/* keys */
	{ API(HOLDER("")), "p.conf:2: a key needs its sha256\n" },
	{ API(HOLDER("\nsha256 = \"12\";")),
	    "p.conf:3: sha256: it is not 64 hexadecimal digits\n" },
	{ API("holders = ( { name = \"a\"; sha256 = \"" HEX
	      "\"; },\n{ name = \"b\"; sha256 = \"" HEX "\"; } );"),
	    "p.conf:3: sha256: it is that of the key \"a\" at p.conf:2\n" },
	{ API("holders = ( { name = \"a\"; sha256 = \"" HEX
	      "\"; },\n{ name = \"a\"; sha256 = \"" HEX "\"; },\n{ } );"),
	    "p.conf:3: there is a holder \"a\" already, at p.conf:2\n"
	    "p.conf:3: sha256: it is that of the key \"a\" at p.conf:2\n"
	    "p.conf:4: a holder in a list needs a name\n"
	    "p.conf:4: a key needs its sha256\n" },
	{ API(HOLDER("sha256 = \"" HEX "\"; expires = \"2027-02-30\";\nroles "
		     "= \"admn\"; permissions = [ \"a,b\", \"a*\" ];")),
	    "p.conf:2: expires: \"2027-02-30\" is neither a date such as "
	    "\"2027-01-01\" nor a time such as \"2027-01-01T12:00:00Z\"\n"
	    "p.conf:3: roles: there is no role \"admn\"\n"
	    "p.conf:3: permissions: \"a,b\" has a comma, a space or a "
	    "character outside ASCII\n"
	    "p.conf:3: permissions: \"a*\" has a \"*\" that is not a whole "
	    "word\n" },
	{ API(HOLDER("sha256 = \"" HEX "\"; expires = \"2001-01-01\";")),
	    "p.conf:2: warning: expires: \"h\" has expired already\n" },
	/* users */
	{ AUTH("type = \"basic\";"),
	    "p.conf:2: a basic authenticator needs htpasswd\n" },
	{ AUTH("type = \"basic\"; htpasswd = \"nowhere\";"),
	    "p.conf:2: htpasswd: \"nowhere\" cannot be read: No such file or "
	    "directory\n" },
	{ BASIC("holders = ( { name = \"alice\"; },\n{ name = \"alise\"; } "
		");"),
	    "p.conf:3: holders: there is no user \"alise\" in \"users\"; did "
	    "you mean \"alice\"?\n" },
	{ BASIC("holders = ( { name = \"alice\"; sha256 = \"" HEX "\"; } );"),
	    "p.conf:2: sha256: only a key has one\n" },
	{ BASIC("open = false;"),
	    "p.conf:2: open: without it and without holders nobody is let "
	    "in\n" },
	/* certificates */
	{ MTLS("subject = \"dn\";"),
	    "p.conf:2: subject: there is no \"dn\" (there is \"subject\", "
	    "\"cn\", \"san\", \"email\")\n" },
	{ MTLS("holders = ( { name = \"CN=a\"; },\n{ name = \"a\"; } );"),
	    "p.conf:3: holders: \"a\" is no subject, such as \"CN=a,O=b\", and "
	    "subject is \"subject\"\n" },
	{ MTLS("subject = \"san\"; holders = ( { name = \"DNS:a\"; },\n{ "
	       "name = \"CN=a\"; } );"),
	    "p.conf:3: holders: \"CN=a\" does not begin with DNS:, URI:, "
	    "email: or IP:, and subject is \"san\"\n" },
	{ MTLS("subject = \"email\"; holders = ( { name = \"a@b\"; },\n{ "
	       "name = \"email:a@b\"; }, { name = \"a\"; } );"),
	    "p.conf:3: holders: \"email:a@b\" is no mail address, and subject "
	    "is \"email\"\n"
	    "p.conf:3: holders: \"a\" is no mail address, and subject is "
	    "\"email\"\n" },
	{ MTLS("subject = \"cn\"; holders = ( { name = \"a\"; } );"), "" },
	{ AUTH("type = \"mtls\";"),
	    "p.conf:2: warning: mtls: it lets nobody in, since no listener "
	    "asks clients for a certificate\n" },
	/* services that are asked */
	{ AUTH("type = \"forward\";"),
	    "p.conf:2: an authenticator of type \"forward\" needs a service\n"
	    "p.conf:2: an authenticator of type \"forward\" needs a path\n" },
	{ AUTH("type = \"introspection\"; service = \"bee\"; path = \"a\";"),
	    "p.conf:2: service: there is no service \"bee\"; did you mean "
	    "\"be\"?\n"
	    "p.conf:2: path: \"a\" does not start with \"/\"\n" },
	{ AUTH("type = \"forward\"; service = \"be\"; path = \"/a b\";"),
	    "p.conf:2: path: \"/a b\" is no path to send: control\n" },
	{ AUTH(ASK "forward_headers = [ \"Host\",\n\"a b\", \"X\", \"X\" ];"),
	    "p.conf:2: forward_headers: \"Host\" is replaced by \"host\" of a "
	    "service\n"
	    "p.conf:3: forward_headers: \"a b\" is not the name of a header "
	    "field\n"
	    "p.conf:3: forward_headers: \"X\" is there twice\n" },
	{ AUTH(ASK "forward_headers = [ ];"),
	    "p.conf:2: forward_headers: it must have one\n" },
	{ AUTH(ASK "answer = { roles = \"a b\"; tenant = \"\"; };"),
	    "p.conf:2: answer.roles: \"a b\" is not the name of a header "
	    "field\n" },
	{ AUTH(INTROSPECT "client_id = \"a\";"),
	    "p.conf:2: client_id and client_secret go together\n" },
	{ AUTH(INTROSPECT "\nclient_secret = \"a\";"),
	    "p.conf:3: client_id and client_secret go together\n" },
	{ AUTH(INTROSPECT "client_id = \"a\"; client_secret = "
			  "\"a\";\nclient_secret_file = \"users\";"),
	    "p.conf:3: client_secret_file: there is client_secret already, and "
	    "one will do\n" },
	{ AUTH(INTROSPECT "ttl = \"2d\"; timeout = \"0\";"),
	    "p.conf:2: ttl: 2d is out of range (\"0\" to \"1d\")\n"
	    "p.conf:2: timeout: 0 is out of range (\"10ms\" to \"1m\")\n" },
};

#define BCRYPT "$2y$05$abcdefghijklmnopqrstuuq0qIPbHW1gJAFzzN5mSTeqSRJmvwqgS"

static void
public_put(const char *name, const char *kind)
{
	EVP_PKEY *key = pem_key(kind);
	FILE *f = pem_open(&folder, name, "w");

	ck_assert_int_eq(PEM_write_PUBKEY(f, key), 1);
	ck_assert_int_eq(fclose(f), 0);
	EVP_PKEY_free(key);
}

static void
text_put(const char *name, const char *text)
{
	pem_put_text(&folder, name, text, strlen(text));
}

static void
files_make(void)
{
	struct pem p;

	pem_folder_make(&folder);
	p = pem_put(&folder, "ec",
	    &(struct pem_want){ .cn = "a", .names = "DNS:a.example" }, NULL);
	pem_free(&p);
	public_put("rsa.pem", "RSA-2048");
	public_put("weak.pem", "RSA-1024");
	public_put("ed.pem", "Ed25519");
	text_put("empty", "\n");
	text_put("users", "alice:" BCRYPT "\n");
	text_put("secret", SECRET "\r\n");
	text_put("jwks",
	    "{\"keys\":[{\"kty\":\"oct\",\"kid\":\"o\",\"alg\":\"HS256\","
	    "\"k\":\"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE\"},"
	    "{\"kty\":\"EC\",\"use\":\"enc\",\"kid\":\"e\"}]}");
}

static void
files_drop(void)
{
	pem_folder_drop(&folder);
}

START_TEST(each_refused)
{
	pem_expect(&folder, refused[_i].text, refused[_i].complaints);
}
END_TEST

/* ---- what is taken ---- */

static void
try_good(struct conf_try *t, const char *text, const char *complaints)
{
	pem_try(&folder, t, text);
	ck_assert_str_eq(t->complaints, complaints);
	ck_assert(t->ok);
}

static uint32_t
bit(enum jose_alg alg)
{
	return UINT32_C(1) << alg;
}

START_TEST(keys_are_bound_to_what_they_fit)
{
	const struct keyset *set;
	struct conf_try t;

	try_good(&t,
	    JWT("algorithms = [ \"HS256\", \"HS384\", \"RS256\", \"PS256\", "
		"\"ES256\", \"EdDSA\" ]; keys = ( "
		"{ id = \"r\"; file = \"rsa.pem\"; algorithms = \"PS256\"; }, "
		"{ id = \"r2\"; file = \"rsa.pem\"; }, "
		"{ id = \"e\"; file = \"ec.pem\"; }, "
		"{ id = \"d\"; file = \"ed.pem\"; }, "
		"{ secret_file = \"secret\"; algorithms = \"HS256\"; }, "
		"{ secret = \"" SECRET SECRET "\"; } );"),
	    "");
	set = t.c.auths[0].set;
	ck_assert_ptr_nonnull(set);
	ck_assert_uint_eq(set->count, 6);
	ck_assert_uint_eq(set->key[0].algs, bit(JOSE_PS256));
	ck_assert_uint_eq(set->key[1].algs, bit(JOSE_RS256) | bit(JOSE_PS256));
	ck_assert_uint_eq(set->key[2].algs, bit(JOSE_ES256));
	ck_assert_uint_eq(set->key[3].algs, bit(JOSE_EDDSA));
	ck_assert_uint_eq(set->key[4].algs, bit(JOSE_HS256));
	ck_assert_uint_eq(set->key[5].algs, bit(JOSE_HS256) | bit(JOSE_HS384));
	/* The line end of the file is no part of the secret. */
	ck_assert(slice_eq(keyset_bytes(set, &set->key[4]), SLICE_LIT(SECRET)));
	ck_assert(keyset_check(set, set->bytes));
	conf_try_fini(&t);
}
END_TEST

START_TEST(files_of_keys_are_read)
{
	struct conf_try t;

	try_good(&t, JWT(HS256 "jwks = {\nfile = \"jwks\"; };"),
	    "p.conf:3: warning: jwks.file: \"jwks\" has keys that are left "
	    "out (1): they are for something else, or for other algorithms\n");
	ck_assert_uint_eq(t.c.auths[0].set->count, 1);
	ck_assert_uint_eq(t.c.auths[0].jwks.trust, IMG_NONE);
	conf_try_fini(&t);
	try_good(&t,
	    JWT("algorithms = \"RS256\"; jwks = { url = \"https://a\"; ca = "
		"\"ec.pem\"; };"),
	    "");
	ck_assert_ptr_null(t.c.auths[0].set);
	ck_assert_uint_eq(t.c.auths[0].jwks.trust, 0);
	conf_try_fini(&t);
}
END_TEST

/* Another content is another configuration, and another authenticator. */
START_TEST(content_counts)
{
	static const struct {
		const char *text, *file, *content;
	} rows[] = {
		{ JWT(HS256 KEYS("secret_file = \"changing\";")), SECRET SECRET,
		    SECRET "x" },
		{ JWT(HS256 "jwks = { file = \"changing\"; };"),
		    "{\"keys\":[{\"kty\":\"oct\",\"k\":"
		    "\"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE\"}]}",
		    "{\"keys\":[{\"kty\":\"oct\",\"k\":"
		    "\"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDA\"}]}" },
		{ AUTH("type = \"basic\"; htpasswd = \"changing\";"),
		    "bob:" BCRYPT "\n", "bab:" BCRYPT "\n" },
		{ AUTH(INTROSPECT
		      "client_id = \"a\"; client_secret_file = \"changing\";"),
		    "one", "two" },
	};
	const struct img_auth *a;
	uint8_t digest[32], hash[32];
	struct conf_try t;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (unsigned turn = 0; turn < 3; turn++) {
			const struct img_head *img;

			text_put("changing",
			    turn < 2 ? rows[i].file : rows[i].content);
			try_good(&t, rows[i].text, "");
			img = (const struct img_head *)(void *)t.c.image;
			a = img_at(img, img->access.authenticators.off);
			if (turn == 1) {
				ck_assert_mem_eq(digest, t.c.digest, 32);
				ck_assert_mem_eq(hash, a->hash, 32);
			} else if (turn == 2) {
				ck_assert_mem_ne(digest, t.c.digest, 32);
				ck_assert_mem_ne(hash, a->hash, 32);
			}
			memcpy(digest, t.c.digest, 32);
			memcpy(hash, a->hash, 32);
			conf_try_fini(&t);
		}
	}
}
END_TEST

START_TEST(own_keys)
{
	struct conf_try t;

	try_good(&t,
	    JWT("own = true; audience = \"gw\";") "token_issuer = { audience "
						  "= \"gw\"; };\n",
	    "");
	ck_assert_uint_eq(t.c.auths[0].algs, bit(JOSE_ES256));
	ck_assert_ptr_null(t.c.auths[0].set);
	conf_try_fini(&t);
	/* Of HS256 there is no key but the issuer's own. */
	try_good(&t,
	    JWT("own = true; audience = \"gw\";") "token_issuer = { audience = "
						  "\"gw\"; algorithm = "
						  "\"HS256\"; secret_file = "
						  "\"secret\"; };\n",
	    "");
	ck_assert_uint_eq(t.c.auths[0].algs, bit(JOSE_HS256));
	ck_assert_uint_eq(t.c.auths[0].set->count, 1);
	conf_try_fini(&t);
}
END_TEST

START_TEST(defaults_go_by_the_type)
{
	static const struct {
		const char *text;
		uint64_t ttl_us;
	} rows[] = {
		{ BASIC(""), 300000000 },
		{ AUTH(INTROSPECT), 60000000 },
		{ AUTH(ASK), 0 },
		{ AUTH(ASK "ttl = \"3s\";"), 3000000 },
	};
	struct conf_try t;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		try_good(&t, rows[i].text, "");
		ck_assert_uint_eq(t.c.auths[0].ttl_us, rows[i].ttl_us);
		conf_try_fini(&t);
	}
	try_good(&t, API(""), "");
	ck_assert_str_eq(t.c.auths[0].header, "X-API-Key");
	conf_try_fini(&t);
	try_good(&t, API("query = \"k\";"), "");
	ck_assert_ptr_null(t.c.auths[0].header);
	conf_try_fini(&t);
}
END_TEST

/* A form first, then base64 (RFC 6749 2.3.1, RFC 7617 2). */
START_TEST(client_is_ready_to_send)
{
	struct conf_try t;

	try_good(&t,
	    AUTH(INTROSPECT "client_id = \"a b\"; client_secret = \"c:+d\";"),
	    "");
	ck_assert_uint_eq(t.c.auths[0].client.n, 6 + 16);
	ck_assert_mem_eq(t.c.auths[0].client.p, "Basic YStiOmMlM0ElMkJk", 22);
	conf_try_fini(&t);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("all");

	tcase_add_unchecked_fixture(tc, files_make, files_drop);
	tcase_add_loop_test(
	    tc, each_refused, 0, (int)(sizeof(refused) / sizeof(refused[0])));
	tcase_add_test(tc, keys_are_bound_to_what_they_fit);
	tcase_add_test(tc, files_of_keys_are_read);
	tcase_add_test(tc, content_counts);
	tcase_add_test(tc, own_keys);
	tcase_add_test(tc, defaults_go_by_the_type);
	tcase_add_test(tc, client_is_ready_to_send);
	return conf_try_run("conf_check_auth", tc);
}
