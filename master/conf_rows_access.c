/*
 * conf_rows_access.c - the rows of roles, claim rules and denials.
 */
#include "master/conf_rows.h"

/* clang-format off */

static const struct conf_row role_rows[] = {
	{ .path = "name", .type = CONF_STRING, AT(conf_role, name),
	  .min = 1, .max = 255,
	  .help = "Its name, where roles are written as a list." },
	{ .path = "permissions", .type = CONF_NAMES,
	  AT(conf_role, permissions), .min = 1, .max = 255,
	  .help = "What it grants: words separated by \":\", where \"*\" is "
	      "any word, and at the end any rest. An array in place of the "
	      "group is this." },
	{ .path = "inherits", .type = CONF_NAMES, AT(conf_role, inherits),
	  .min = 1, .max = 255,
	  .help = "Roles that it stands for as well, with all that they "
	      "grant." },
};

#define RULE(key, text)                                                     \
	{ .path = #key, .type = CONF_SCALAR, AT(conf_claim_rule, key),      \
	  .max = 1024, .help = (text) }

static const struct conf_row claim_rule_rows[] = {
	{ .path = "claim", .type = CONF_STRING, AT(conf_claim_rule, claim),
	  .min = 1, .max = 255,
	  .help = "The claim; \"a.b\" is b within a." },
	RULE(equals, "It is this: a template, a number or a boolean."),
	RULE(not_equals, "It is there, and not this."),
	RULE(contains, "It is a list that has this, or a string of words "
	    "separated by spaces that has it."),
	{ .path = "exists", .type = CONF_BOOL, AT(conf_claim_rule, exists),
	  .def = "false", .help = "It is there." },
	RULE(at_least, "It is this number or a larger one."),
	RULE(at_most, "It is this number or a smaller one."),
	RULE(more, "It is a larger number."),
	RULE(less, "It is a smaller number."),
};

static const struct conf_row deny_rows[] = {
	DEMAND("", conf_deny, demand)
};

const struct conf_block conf_block_role = {
	BLOCK("role", role_rows, conf_role), .name_required = true,
	.bare = "permissions" };
const struct conf_block conf_block_claim_rule = {
	BLOCK("claim rule", claim_rule_rows, conf_claim_rule) };
const struct conf_block conf_block_deny = {
	BLOCK("deny rule", deny_rows, conf_deny) };

/* clang-format on */
