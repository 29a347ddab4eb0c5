/*
 * conf_check_holders.c - whom api_key, basic and mtls authenticators know.
 */
#include <string.h>

#include "common/base/clock.h"
#include "common/base/hex.h"
#include "common/base/must.h"
#include "master/conf_check.h"
#include "master/conf_check_access.h"
#include "master/conf_htpasswd.h"
#include "master/conf_suggest.h"
#include "master/conf_time.h"

#define SUGGESTIONS_MAX 100

#define COMPLAIN(hc, thing, block, path, ...) \
	ACCESS_COMPLAIN((hc)->ac, (block), (thing), (path), __VA_ARGS__)

struct holders_check {
	struct access_check *ac;
	struct conf_auth *a;
	struct map names, hashes, users;
};

static void
check_key(struct holders_check *hc, size_t i)
{
	struct conf_holder *h = &hc->a->holders[i];
	const struct conf_holder *first;
	struct map_entry *e;
	bool added;

	if (h->sha256 == NULL) {
		if (!conf_given(&conf_block_holder, h, "sha256"))
			COMPLAIN(hc, h, &conf_block_holder, "name",
			    "a key needs its sha256");
		return;
	}
	if (!hex_read(slice_str(h->sha256), h->hash, sizeof(h->hash))) {
		COMPLAIN(hc, h, &conf_block_holder, "sha256",
		    "sha256: it is not 64 hexadecimal digits");
		return;
	}
	e = map_put(&hc->hashes,
	    slice_make((const char *)h->hash, sizeof(h->hash)), &added);
	if (added) {
		e->value.num = i;
		return;
	}
	first = &hc->a->holders[e->value.num];
	COMPLAIN(hc, h, &conf_block_holder, "sha256",
	    "sha256: it is that of the key \"%s\" at %s:%d", first->name,
	    first->place.file, first->place.line);
}

static void
check_user(struct holders_check *hc, const struct conf_holder *h)
{
	struct conf_suggest near;
	char buf[96];

	if (hc->a->password_count == 0 ||
	    map_get(&hc->users, slice_str(h->name)) != NULL)
		return;
	conf_suggest_init(&near, h->name);
	if (hc->ac->suggestions++ < SUGGESTIONS_MAX)
		for (size_t i = 0; i < hc->a->password_count; i++)
			conf_suggest_offer(&near, hc->a->passwords[i].user);
	COMPLAIN(hc, h, &conf_block_holder, "name",
	    "holders: there is no user \"%s\" in \"%s\"%s", h->name,
	    hc->a->htpasswd, conf_suggest_text(&near, buf, sizeof(buf)));
}

/* A name in a certificate, as tls_peer writes it. */
static bool
is_san(const char *name)
{
	static const char *const kinds[] = { "DNS:", "URI:", "email:", "IP:" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strncmp(name, kinds[i], strlen(kinds[i])) == 0)
			return true;
	return false;
}

/* It is compared with what `subject` takes of a certificate. */
static void
check_certificate(struct holders_check *hc, const struct conf_holder *h)
{
	const char *fault = NULL;

	switch ((enum img_mtls)hc->a->subject_kind) {
	case IMG_MTLS_SUBJECT:
		if (strchr(h->name, '=') == NULL)
			fault = "is no subject, such as \"CN=a,O=b\"";
		break;
	case IMG_MTLS_CN:
		break;
	case IMG_MTLS_SAN:
		if (!is_san(h->name))
			fault = "does not begin with DNS:, URI:, email: or "
				"IP:";
		break;
	case IMG_MTLS_EMAIL:
		if (strchr(h->name, '@') == NULL || is_san(h->name))
			fault = "is no mail address";
		break;
	}
	if (fault != NULL)
		COMPLAIN(hc, h, &conf_block_holder, "name",
		    "holders: \"%s\" %s, and subject is \"%s\"", h->name, fault,
		    hc->a->subject);
}

static void
check_expiry(struct holders_check *hc, struct conf_holder *h)
{
	struct conf_place at =
	    conf_where(hc->ac->c, &conf_block_holder, h, "expires");

	h->expires_s = INT64_MAX;
	if (h->expires == NULL)
		return;
	if (!conf_time_parse(h->expires, &h->expires_s))
		diag_error(hc->ac->d, at.file, at.line,
		    "expires: \"%s\" is neither a date such as \"2027-01-01\" "
		    "nor a time such as \"2027-01-01T12:00:00Z\"",
		    h->expires);
	else if (h->expires_s <= clock_wall().us / 1000000)
		diag_warn(hc->ac->d, at.file, at.line,
		    "expires: \"%s\" has expired already", h->name);
}

static void
check_holder(struct holders_check *hc, size_t i)
{
	struct conf_holder *h = &hc->a->holders[i];
	const struct conf_holder *other;
	size_t first;

	if (h->name == NULL) {
		h->name = "";
	} else if (!conf_name_claim(&hc->names, h->name, i, &first)) {
		other = &hc->a->holders[first];
		COMPLAIN(hc, h, &conf_block_holder, "name",
		    "there is a holder \"%s\" already, at %s:%d", h->name,
		    other->place.file, other->place.line);
	} else if (hc->a->kind == IMG_AUTH_BASIC) {
		check_user(hc, h);
	} else if (hc->a->kind == IMG_AUTH_MTLS) {
		check_certificate(hc, h);
	}
	if (hc->a->kind == IMG_AUTH_API_KEY)
		check_key(hc, i);
	else if (conf_given(&conf_block_holder, h, "sha256"))
		COMPLAIN(hc, h, &conf_block_holder, "sha256",
		    "sha256: only a key has one");
	check_expiry(hc, h);
	conf_check_role_names(hc->ac, &h->roles, "roles");
	conf_check_grants(hc->ac, &h->permissions, "permissions");
}

static void
check_htpasswd(struct holders_check *hc)
{
	struct conf_auth *a = hc->a;
	struct conf_source s;
	bool added;

	if (a->htpasswd == NULL) {
		if (!conf_given(&conf_block_auth, a, "htpasswd"))
			COMPLAIN(hc, a, &conf_block_auth, "htpasswd",
			    "a basic authenticator needs htpasswd");
		return;
	}
	if (hc->ac->c->helpers == 0)
		COMPLAIN(hc, a, &conf_block_auth, "htpasswd",
		    "htpasswd: nobody can check passwords, since helpers is 0");
	s = conf_source_make(hc->ac->c, hc->ac->d,
	    conf_where(hc->ac->c, &conf_block_auth, a, "htpasswd"), "htpasswd",
	    a->htpasswd);
	conf_htpasswd_read(&s, a);
	for (size_t i = 0; i < a->password_count; i++)
		(void)map_put(
		    &hc->users, slice_str(a->passwords[i].user), &added);
}

/* Nobody's certificate is there to be looked at. */
static void
check_listeners(struct holders_check *hc)
{
	const struct conf *c = hc->ac->c;
	struct conf_place at = conf_where(c, &conf_block_auth, hc->a, "type");

	for (size_t i = 0; i < c->listener_count; i++)
		if (c->listeners[i].has_tls &&
		    c->listeners[i].tls.verify != IMG_VERIFY_NONE)
			return;
	diag_warn(hc->ac->d, at.file, at.line,
	    "mtls: it lets nobody in, since no listener asks clients for a "
	    "certificate");
}

void
conf_check_holders(struct access_check *ac, struct conf_auth *a)
{
	struct holders_check hc = { .ac = ac, .a = a };

	map_init(&hc.names);
	map_init(&hc.hashes);
	map_init(&hc.users);
	if (a->kind == IMG_AUTH_BASIC)
		check_htpasswd(&hc);
	if (a->kind == IMG_AUTH_MTLS) {
		a->subject_kind =
		    conf_word_index(&conf_block_auth, "subject", a->subject);
		check_listeners(&hc);
	}
	for (size_t i = 0; i < a->holder_count; i++)
		check_holder(&hc, i);
	if (!a->open && a->kind != IMG_AUTH_API_KEY && a->holder_count == 0)
		COMPLAIN(&hc, a, &conf_block_auth, "open",
		    "open: without it and without holders nobody is let in");
	if (a->holder_count > CONF_HOLDERS_MAX)
		COMPLAIN(&hc, a, &conf_block_auth, "holders",
		    "holders: %zu are more than the %d that there is room for",
		    a->holder_count, CONF_HOLDERS_MAX);
	map_fini(&hc.names);
	map_fini(&hc.hashes);
	map_fini(&hc.users);
}
