/*
 * conf_check_rule.c - header rules and match conditions.
 */
#include <string.h>

#include "common/http/http.h"
#include "master/conf_check.h"
#include "master/conf_check_access.h"
#include "master/conf_table.h"

struct rule_check {
	const struct conf *c;
	struct diag *d;
	const struct conf_block *block;
};

#define COMPLAIN(rc, thing, path, ...)                                 \
	do {                                                           \
		struct conf_place at_ =                                \
		    conf_where((rc)->c, (rc)->block, (thing), (path)); \
		diag_error((rc)->d, at_.file, at_.line, __VA_ARGS__);  \
	} while (0)

/* How many of some options are given; *key is the last of them. */
static unsigned
given_of(const struct rule_check *rc, const void *thing,
    const char *const *keys, size_t count, const char **key)
{
	unsigned n = 0;

	for (size_t i = 0; i < count; i++) {
		if (!conf_given(rc->block, thing, keys[i]))
			continue;
		*key = keys[i];
		n++;
	}
	return n;
}

const char *
conf_field_fault(struct slice name)
{
	enum field_id id = http_field_find(name);
	unsigned flags = http_field_flags(id);

	if (id == FIELD_HOST)
		return "is replaced by \"host\" of a service";
	if ((flags & FIELD_FRAMING) != 0)
		return "frames the message and cannot be changed";
	if ((flags & FIELD_HOP) != 0 || id == FIELD_TRAILER ||
	    id == FIELD_EXPECT)
		return "belongs to the connection and cannot be changed";
	return NULL;
}

static void
check_field(const struct rule_check *rc, const void *thing, const char *key,
    const char *name, bool changed)
{
	const char *fault = NULL;

	if (name == NULL)
		return;
	if (!http_is_token(slice_str(name)))
		fault = "is not the name of a header field";
	else if (changed)
		fault = conf_field_fault(slice_str(name));
	if (fault != NULL)
		COMPLAIN(rc, thing, key, "%s: \"%s\" %s", key, name, fault);
}

/* Endpoints believe these: nobody but the gateway itself sets them. */
static void
check_told(const struct rule_check *rc, const struct conf_header_rule *rule)
{
	const char *key = rule->set != NULL ? "set" : "add";
	const char *name = rule->set != NULL ? rule->set : rule->add;

	if (name != NULL && conf_told(rc->c, name))
		COMPLAIN(rc, rule, key,
		    "%s: \"%s\" tells endpoints who a request is from, and is "
		    "set by the gateway alone (identity_headers)",
		    key, name);
}

static void
check_header_rule(
    const struct rule_check *rc, const struct conf_header_rule *rule)
{
	static const char *const keys[] = { "set", "add", "remove" };
	bool has_value = conf_given(rc->block, rule, "value");
	const char *key = "set";

	if (given_of(rc, rule, keys, 3, &key) != 1) {
		COMPLAIN(rc, rule, key,
		    "a header rule has exactly one of set, add and remove");
		return;
	}
	check_field(rc, rule, "set", rule->set, true);
	check_field(rc, rule, "add", rule->add, true);
	check_field(rc, rule, "remove", rule->remove, true);
	if (strcmp(key, "remove") != 0 && !has_value)
		COMPLAIN(rc, rule, key, "%s: a value is missing", key);
	else if (strcmp(key, "remove") == 0 && has_value)
		COMPLAIN(rc, rule, "value",
		    "value: a field that is removed has none");
}

/* A name of a kind that certificates are told by, see tls_peer. */
static void
check_client_san(const struct rule_check *rc, const struct conf_condition *cond)
{
	static const char *const kinds[] = { "DNS:", "URI:", "email:", "IP:" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strncmp(cond->client_san, kinds[i], strlen(kinds[i])) == 0)
			return;
	COMPLAIN(rc, cond, "client_san",
	    "client_san: \"%s\" does not begin with DNS:, URI:, email: or IP:",
	    cond->client_san);
}

static void
check_client_fingerprint(
    const struct rule_check *rc, const struct conf_condition *cond)
{
	const char *hex = cond->client_fingerprint;

	if (strlen(hex) != 64 || strspn(hex, "0123456789abcdef") != 64)
		COMPLAIN(rc, cond, "client_fingerprint",
		    "client_fingerprint: \"%s\" is not 64 hexadecimal digits "
		    "in lower case",
		    hex);
}

/* The condition is about a client's certificate, by the option `key`. */
static void
check_client(const struct rule_check *rc, const struct conf_condition *cond,
    const char *key)
{
	struct conf_place at = conf_where(rc->c, rc->block, cond, key);
	bool asked = false;

	if (cond->client_san != NULL)
		check_client_san(rc, cond);
	if (cond->client_fingerprint != NULL)
		check_client_fingerprint(rc, cond);
	if (conf_given(rc->block, cond, "value"))
		COMPLAIN(rc, cond, "value",
		    "value: %s says what it must be already", key);
	for (size_t i = 0; i < rc->c->listener_count; i++)
		asked |= rc->c->listeners[i].tls.verify != IMG_VERIFY_NONE;
	if (!asked)
		diag_warn(rc->d, at.file, at.line,
		    "%s: it never holds, since no listener asks clients for a "
		    "certificate",
		    key);
}

static void
check_condition(const struct rule_check *rc, const struct conf_condition *cond)
{
	static const char *const keys[] = { "header", "query", "cookie",
		"client_subject", "client_san", "client_fingerprint" };
	const char *key = "header";

	if (given_of(rc, cond, keys, 6, &key) != 1) {
		COMPLAIN(rc, cond, key,
		    "a condition has exactly one of header, query, cookie, "
		    "client_subject, client_san and client_fingerprint");
		return;
	}
	if (strncmp(key, "client_", 7) == 0)
		check_client(rc, cond, key);
	check_field(rc, cond, "header", cond->header, false);
	if (cond->cookie != NULL && !http_is_token(slice_str(cond->cookie)))
		COMPLAIN(rc, cond, "cookie",
		    "cookie: \"%s\" is not the name of a cookie", cond->cookie);
}

void
conf_check_rules(
    const struct conf *c, const struct conf_route *r, struct diag *d)
{
	struct rule_check rc = { c, d, &conf_block_header_rule };

	for (size_t i = 0; i < r->request_header_count; i++) {
		check_header_rule(&rc, &r->request_headers[i]);
		check_told(&rc, &r->request_headers[i]);
	}
	for (size_t i = 0; i < r->response_header_count; i++)
		check_header_rule(&rc, &r->response_headers[i]);
	rc.block = &conf_block_condition;
	for (size_t i = 0; i < r->condition_count; i++)
		check_condition(&rc, &r->conditions[i]);
}
