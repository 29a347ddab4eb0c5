/*
 * conf_rows_auth.c - the rows of authenticators, their keys and holders.
 */
#include "master/conf_rows.h"

/* clang-format off */

#define CLAIM(key, id, value, text)                                         \
	{ .path = "claims." key, .type = CONF_STRING,                       \
	  .only = "jwt introspection", AT(conf_auth, claims[id]),           \
	  .max = 255, .def = (value), .help = (text) }
#define ANSWER(key, id, value, text)                                        \
	{ .path = "answer." key, .type = CONF_STRING, .only = "forward",    \
	  AT(conf_auth, answer[id]), .max = 255, .def = (value),            \
	  .help = (text) }

static const struct conf_row key_rows[] = {
	{ .path = "id", .type = CONF_STRING, AT(conf_key, id),
	  .min = 1, .max = 255,
	  .help = "What tokens call it (kid). Keys without one are for tokens "
	      "that name no other." },
	{ .path = "file", .type = CONF_STRING, AT(conf_key, file),
	  .min = 1, .max = 4095,
	  .help = "A file with a public key or a certificate, in PEM or "
	      "DER." },
	{ .path = "secret", .type = CONF_STRING, .flags = CONF_SECRET,
	  AT(conf_key, secret), .min = 1, .max = 4 * KIB,
	  .help = "A secret, for HS256, HS384 and HS512." },
	{ .path = "secret_file", .type = CONF_STRING,
	  AT(conf_key, secret_file), .min = 1, .max = 4095,
	  .help = "A file with the secret; one line end behind it is left "
	      "out." },
	{ .path = "algorithms", .type = CONF_NAMES, AT(conf_key, algorithms),
	  .min = 1, .max = 16,
	  .help = "What it may be used for; without, all of the "
	      "authenticator's that fit it." },
};

static const struct conf_row holder_rows[] = {
	{ .path = "name", .type = CONF_STRING, AT(conf_holder, name),
	  .min = 1, .max = 1024,
	  .help = "Of a key: what it is called. Of a user: the name in the "
	      "htpasswd file. Of a certificate: what subject takes of it, such "
	      "as \"CN=a,O=b\", or \"DNS:a.example\"." },
	{ .path = "sha256", .type = CONF_STRING, AT(conf_holder, sha256),
	  .min = 1, .max = 64,
	  .help = "Of a key: its SHA-256 as hexadecimal digits. Two keys may "
	      "stand for one user, so that one can take the place of the "
	      "other." },
	{ .path = "user", .type = CONF_STRING, AT(conf_holder, user),
	  .min = 1, .max = 255,
	  .help = "Who it is; without it, the name of the key or user, or "
	      "what subject takes from the certificate." },
	{ .path = "email", .type = CONF_STRING, AT(conf_holder, email),
	  .min = 1, .max = 255, .help = "Its mail address." },
	{ .path = "tenant", .type = CONF_STRING, AT(conf_holder, tenant),
	  .min = 1, .max = 255, .help = "Its tenant." },
	{ .path = "service", .type = CONF_STRING, AT(conf_holder, service),
	  .min = 1, .max = 255, .help = "The service that it is." },
	{ .path = "roles", .type = CONF_NAMES, AT(conf_holder, roles),
	  .min = 1, .max = 255, .help = "Its roles." },
	{ .path = "permissions", .type = CONF_NAMES,
	  AT(conf_holder, permissions), .min = 1, .max = 255,
	  .help = "Permissions that it has besides those of its roles." },
	{ .path = "expires", .type = CONF_STRING, AT(conf_holder, expires),
	  .min = 1, .max = 63,
	  .help = "From then on it is refused: a date (UTC) such as "
	      "\"2027-01-01\", or with a time such as "
	      "\"2027-01-01T12:00:00+02:00\"." },
};

static const struct conf_row auth_rows[] = {
	{ .path = "name", .type = CONF_STRING, AT(conf_auth, name),
	  .min = 1, .max = 63,
	  .help = "Its name, where authenticators are written as a list." },
	{ .path = "type", .type = CONF_WORD, AT(conf_auth, type),
	  .words = "jwt api_key basic mtls introspection forward",
	  .help = "What it goes by: a signed token, a key, a user's password, "
	      "the client's certificate, the word of a service about a token "
	      "(RFC 7662), or about the request." },
	{ .path = "algorithms", .type = CONF_NAMES, .only = "jwt",
	  AT(conf_auth, algorithms), .min = 1, .max = 16,
	  .help = "Those that a token may be signed with: HS256, RS256, "
	      "PS256, ES256 and those with 384 and 512, and EdDSA." },
	{ .path = "issuer", .type = CONF_NAMES, .only = "jwt",
	  AT(conf_auth, issuer), .min = 1, .max = 1024,
	  .help = "Who may have issued it (iss); without, anybody." },
	{ .path = "audience", .type = CONF_NAMES, .only = "jwt",
	  AT(conf_auth, audience), .min = 1, .max = 1024,
	  .help = "Whom it may be for (aud): one of these; without, "
	      "anybody." },
	{ .path = "keys", .type = CONF_LIST, .only = "jwt",
	  MANY(conf_auth, keys, key_count), .block = &conf_block_key,
	  .help = "The keys of its issuer." },
	{ .path = "jwks", .type = CONF_GROUP, .flags = CONF_OPTIONAL,
	  .only = "jwt",
	  .help = "Further keys, as a JWK Set (RFC 7517)." },
	{ .path = "jwks.url", .type = CONF_STRING, .only = "jwt",
	  AT(conf_auth, jwks.url), .min = 1, .max = 2048,
	  .help = "Where it is fetched from; secrets in it are not taken." },
	{ .path = "jwks.file", .type = CONF_STRING, .only = "jwt",
	  AT(conf_auth, jwks.file), .min = 1, .max = 4095,
	  .help = "The file that it stands in." },
	{ .path = "jwks.refresh", .type = CONF_DURATION, .only = "jwt",
	  AT(conf_auth, jwks.refresh_us), .min = SECOND, .max = DAY,
	  .def = "5m",
	  .help = "How often it is fetched." },
	{ .path = "jwks.cooldown", .type = CONF_DURATION, .only = "jwt",
	  AT(conf_auth, jwks.cooldown_us), .min = 100 * MS, .max = DAY,
	  .def = "10s",
	  .help = "A token with an unknown kid has it fetched at once, but no "
	      "sooner than this after the last time." },
	{ .path = "jwks.timeout", .type = CONF_DURATION, .only = "jwt",
	  AT(conf_auth, jwks.timeout_us), .min = 10 * MS,
	  .max = 60 * SECOND, .def = "5s",
	  .help = "For the whole answer." },
	{ .path = "jwks.ca", .type = CONF_STRING, .only = "jwt",
	  AT(conf_auth, jwks.ca), .min = 1, .max = 4095,
	  .help = "A PEM file: the authorities that are believed about an "
	      "https url; without it, the system's." },
	{ .path = "own", .type = CONF_BOOL, .only = "jwt",
	  AT(conf_auth, own), .def = "false",
	  .help = "Takes tokens that the gateway has issued "
	      "(token_issuer)." },
	{ .path = "header", .type = CONF_STRING,
	  .only = "jwt api_key introspection", AT(conf_auth, header),
	  .min = 1, .max = 255,
	  .help = "The header field that has the token or key, and nothing "
	      "else. Without header and cookie a token stands in "
	      "Authorization, behind Bearer; without header and query a key "
	      "stands in X-API-Key." },
	{ .path = "cookie", .type = CONF_STRING,
	  .only = "jwt introspection", AT(conf_auth, cookie),
	  .min = 1, .max = 255,
	  .help = "The cookie that has the token. Requests with it that "
	      "change something must come from the same site." },
	{ .path = "query", .type = CONF_STRING, .only = "api_key",
	  AT(conf_auth, query), .min = 1, .max = 255,
	  .help = "The parameter of the query that has the key." },
	{ .path = "types", .type = CONF_NAMES, .only = "jwt",
	  AT(conf_auth, types), .min = 1, .max = 63, .def = "JWT at+jwt",
	  .help = "What a token may call itself (typ), in any case; one that "
	      "does not is a JWT." },
	{ .path = "leeway", .type = CONF_DURATION, .only = "jwt",
	  AT(conf_auth, leeway_us), .max = 3600 * SECOND, .def = "30s",
	  .help = "By how much clocks may differ." },
	{ .path = "require", .type = CONF_NAMES, .only = "jwt",
	  AT(conf_auth, require), .min = 1, .max = 255, .def = "exp",
	  .help = "Claims that a token must have." },
	{ .path = "cache", .type = CONF_BOOL, .only = "jwt",
	  AT(conf_auth, cache), .def = "true",
	  .help = "Remembers tokens that were verified." },
	{ .path = "strip", .type = CONF_BOOL,
	  .only = "jwt api_key basic introspection",
	  AT(conf_auth, strip), .def = "false",
	  .help = "The endpoint does not get the token, key or password." },
	{ .path = "realm", .type = CONF_STRING,
	  .only = "jwt api_key basic introspection", AT(conf_auth, realm),
	  .min = 1, .max = 255,
	  .help = "What clients are told that they lack credentials for; "
	      "without it, its name." },
	{ .path = "claims", .type = CONF_GROUP, .only = "jwt introspection",
	  .help = "The claims that say who it is; \"a.b\" is b within a, and "
	      "\"\" is none." },
	CLAIM("user", IMG_CLAIM_USER, "sub", "The user."),
	CLAIM("email", IMG_CLAIM_EMAIL, "email", "Its mail address."),
	CLAIM("roles", IMG_CLAIM_ROLES, "roles", "Its roles: a list."),
	CLAIM("permissions", IMG_CLAIM_PERMISSIONS, "permissions",
	    "Its permissions: a list."),
	CLAIM("tenant", IMG_CLAIM_TENANT, "tenant_id", "Its tenant."),
	CLAIM("service", IMG_CLAIM_SERVICE, "service",
	    "The service that it is."),
	{ .path = "holders", .type = CONF_NAMED,
	  .only = "api_key basic mtls",
	  MANY(conf_auth, holders, holder_count), .block = &conf_block_holder,
	  .help = "The keys; or who users and certificates are, and what they "
	      "may do." },
	{ .path = "open", .type = CONF_BOOL, .only = "basic mtls",
	  AT(conf_auth, open), .def = "true",
	  .help = "Users with the right password, and certificates that hold, "
	      "are let in even if they are no holder; they have no roles." },
	{ .path = "htpasswd", .type = CONF_STRING, .only = "basic",
	  AT(conf_auth, htpasswd), .min = 1, .max = 4095,
	  .help = "A file with a line \"USER:HASH\" for each user; the hash "
	      "is bcrypt, SHA-256-crypt, SHA-512-crypt or yescrypt." },
	{ .path = "subject", .type = CONF_WORD, .only = "mtls",
	  AT(conf_auth, subject), .def = "subject",
	  .words = "subject cn san email",
	  .help = "What of the certificate is the user: the whole subject, "
	      "its common name, a name such as \"DNS:a.example\", or a mail "
	      "address in it." },
	{ .path = "service", .type = CONF_STRING,
	  .only = "introspection forward", AT(conf_auth, service),
	  .min = 1, .max = SERVICE_NAME_MAX,
	  .help = "The service that is asked." },
	{ .path = "path", .type = CONF_STRING,
	  .only = "introspection forward", AT(conf_auth, path),
	  .min = 1, .max = 4 * KIB,
	  .help = "The path, and query, that is asked." },
	{ .path = "client_id", .type = CONF_STRING, .only = "introspection",
	  AT(conf_auth, client_id), .min = 1, .max = 255,
	  .help = "What the service calls the gateway." },
	{ .path = "client_secret", .type = CONF_STRING,
	  .flags = CONF_SECRET, .only = "introspection",
	  AT(conf_auth, client_secret), .min = 1, .max = 1024,
	  .help = "The gateway's password there." },
	{ .path = "client_secret_file", .type = CONF_STRING,
	  .only = "introspection", AT(conf_auth, client_secret_file),
	  .min = 1, .max = 4095,
	  .help = "A file with it." },
	{ .path = "forward_headers", .type = CONF_NAMES, .only = "forward",
	  AT(conf_auth, forward_headers), .min = 1, .max = 255,
	  .def = "Authorization Cookie",
	  .help = "Header fields of the request that the service gets; a "
	      "request with none of them has no credentials." },
	{ .path = "always", .type = CONF_BOOL, .only = "forward",
	  AT(conf_auth, always), .def = "false",
	  .help = "The service is asked about a request with none of them, "
	      "too." },
	{ .path = "answer", .type = CONF_GROUP, .only = "forward",
	  .help = "Header fields of the service's answer that say who it is; "
	      "\"\" is none." },
	ANSWER("user", IMG_CLAIM_USER, "X-Auth-User", "The user."),
	ANSWER("email", IMG_CLAIM_EMAIL, "X-Auth-Email",
	    "Its mail address."),
	ANSWER("roles", IMG_CLAIM_ROLES, "X-Auth-Roles",
	    "Its roles, separated by commas."),
	ANSWER("permissions", IMG_CLAIM_PERMISSIONS, "X-Auth-Permissions",
	    "Its permissions, likewise."),
	ANSWER("tenant", IMG_CLAIM_TENANT, "X-Auth-Tenant", "Its tenant."),
	ANSWER("service", IMG_CLAIM_SERVICE, "X-Auth-Service",
	    "The service that it is."),
	{ .path = "ttl", .type = CONF_DURATION,
	  .only = "basic introspection forward", AT(conf_auth, ttl_us),
	  .max = DAY,
	  .help = "For how long at most a good answer is remembered; 0: not "
	      "at all. Without it, 5m for basic, 1m for introspection, 0 for "
	      "forward." },
	{ .path = "timeout", .type = CONF_DURATION,
	  .only = "introspection forward", AT(conf_auth, timeout_us),
	  .min = 10 * MS, .max = 60 * SECOND, .def = "2s",
	  .help = "For the service's answer; then the request is answered "
	      "503." },
};

const struct conf_block conf_block_key = {
	BLOCK("key", key_rows, conf_key) };
const struct conf_block conf_block_holder = {
	BLOCK("holder", holder_rows, conf_holder), .name_required = true };
const struct conf_block conf_block_auth = {
	BLOCK("authenticator", auth_rows, conf_auth), .name_required = true };

/* clang-format on */
