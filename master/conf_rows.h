/*
 * conf_rows.h - what the files of rows, and nobody else, need: short forms of
 * what most rows say.
 */
#ifndef MASTER_CONF_ROWS_H
#define MASTER_CONF_ROWS_H

#include "master/conf_table.h"
#include "shm/layout.h"

#define MS UINT64_C(1000)
#define SECOND (1000 * MS)
#define DAY (86400 * SECOND)
#define YEAR (365 * DAY)
#define KIB UINT64_C(1024)

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define AT(owner, member) .offset = offsetof(struct owner, member)
#define MANY(owner, member, counter) \
	AT(owner, member), .count_offset = offsetof(struct owner, counter)
#define TIMEOUT(owner, key, value, text)                                \
	{                                                               \
		.path = "timeouts." #key, .type = CONF_DURATION,        \
		.flags = CONF_ZERO, AT(owner, timeouts.key), .min = MS, \
		.max = YEAR, .def = (value), .help = (text)             \
	}
/* What `authorize` of a route, or a denial, may ask of an identity. */
#define DEMAND(group, owner, member)                                     \
	{ .path = group "any_role",                                      \
		.type = CONF_NAMES,                                      \
		AT(owner, member.any_role),                              \
		.min = 1,                                                \
		.max = 255,                                              \
		.help = "It has one of these roles." },                  \
	    { .path = group "all_roles",                                 \
		    .type = CONF_NAMES,                                  \
		    AT(owner, member.all_roles),                         \
		    .min = 1,                                            \
		    .max = 255,                                          \
		    .help = "It has all of these roles." },              \
	    { .path = group "permissions",                               \
		    .type = CONF_NAMES,                                  \
		    AT(owner, member.permissions),                       \
		    .min = 1,                                            \
		    .max = 255,                                          \
		    .help = "It has all of these permissions." },        \
	    { .path = group "tenant",                                    \
		    .type = CONF_STRING,                                 \
		    AT(owner, member.tenant),                            \
		    .min = 1,                                            \
		    .max = 255,                                          \
		    .help = "It is of this tenant: a template, such as " \
			    "\"{org}\"." },                              \
	{                                                                \
		.path = group "claims", .type = CONF_LIST,               \
		MANY(owner, member.claims, member.claim_count),          \
		.block = &conf_block_claim_rule,                         \
		.help = "What the claims of its token must be."          \
	}

/*
 * How tokens are signed, and for how long: they count whole seconds, of which
 * the first may be nearly over.
 */
#define ISSUER(group, owner, member, life)                                    \
	{ .path = group "algorithm",                                          \
		.type = CONF_WORD,                                            \
		AT(owner, member.algorithm),                                  \
		.def = "ES256",                                               \
		.words = "ES256 HS256",                                       \
		.help =                                                       \
		    "ES256 signs with keys that the gateway makes itself, "   \
		    "HS256 with a secret." },                                 \
	    { .path = group "secret",                                         \
		    .type = CONF_STRING,                                      \
		    .flags = CONF_SECRET,                                     \
		    AT(owner, member.secret),                                 \
		    .min = 1,                                                 \
		    .max = 4 * KIB,                                           \
		    .help = "The secret of HS256." },                         \
	    { .path = group "secret_file",                                    \
		    .type = CONF_STRING,                                      \
		    AT(owner, member.secret_file),                            \
		    .min = 1,                                                 \
		    .max = 4095,                                              \
		    .help = "A file with it; one line end behind it is left " \
			    "out." },                                         \
	{                                                                     \
		.path = group "lifetime", .type = CONF_DURATION,              \
		AT(owner, member.lifetime_us), .min = 2 * SECOND,             \
		.max = 30 * DAY, .def = (life),                               \
		.help = "For how long a token holds."                         \
	}

/* Who is let in, of all clients or by a route. */
#define ACL(owner)                                                             \
	{ .path = "acl",                                                       \
		.type = CONF_GROUP,                                            \
		.help = "Which addresses are let in." },                       \
	    { .path = "acl.allow",                                             \
		    .type = CONF_NAMES,                                        \
		    AT(owner, acl.allow),                                      \
		    .min = 1,                                                  \
		    .max = 63,                                                 \
		    .help = "Addresses and networks, such as \"10.0.0.0/8\": " \
			    "with one of these, or of allow_files, all "       \
			    "others are refused." },                           \
	    { .path = "acl.deny",                                              \
		    .type = CONF_NAMES,                                        \
		    AT(owner, acl.deny),                                       \
		    .min = 1,                                                  \
		    .max = 63,                                                 \
		    .help = "Those that are refused, whatever else holds." },  \
	    { .path = "acl.allow_files",                                       \
		    .type = CONF_NAMES,                                        \
		    AT(owner, acl.allow_files),                                \
		    .min = 1,                                                  \
		    .max = 4095,                                               \
		    .help = "Files with more for allow, one a line; what "     \
			    "follows a \"#\" is passed over." },               \
	{                                                                      \
		.path = "acl.deny_files", .type = CONF_NAMES,                  \
		AT(owner, acl.deny_files), .min = 1, .max = 4095,              \
		.help = "The same for deny."                                   \
	}

#define BLOCK(label, list, owner)                              \
	.noun = (label), .rows = (list), .count = COUNT(list), \
	.size = sizeof(struct owner),                          \
	.origins_offset = offsetof(struct owner, origins)

#endif
