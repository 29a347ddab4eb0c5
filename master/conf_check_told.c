/*
 * conf_check_told.c - header fields that the gateway alone sets: what endpoints
 * are told of an identity, and tokens of services.
 */
#include <string.h>

#include "common/http/http.h"
#include "master/conf_check.h"
#include "master/conf_check_access.h"

static const char *const told_paths[IMG_CLAIMS] = { "identity_headers.user",
	"identity_headers.email", "identity_headers.roles",
	"identity_headers.permissions", "identity_headers.tenant",
	"identity_headers.service" };

/* As workers fold names: see worker/flow/told.h. */
static char
fold(char c)
{
	c = ascii_lower(c);
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '-';
}

/* The same field, for servers that read "_" and the like as "-". */
static bool
same_field(const char *a, const char *b)
{
	while (*a != '\0' && *b != '\0' && fold(*a) == fold(*b)) {
		a++;
		b++;
	}
	return *a == *b;
}

/* The identity header that has this name, or IMG_CLAIMS. */
static unsigned
told_find(const struct conf *c, const char *name, unsigned before)
{
	unsigned i = 0;

	while (i < before &&
	    (c->identity_headers[i] == NULL ||
		c->identity_headers[i][0] == '\0' ||
		!same_field(c->identity_headers[i], name)))
		i++;
	return i < before ? i : IMG_CLAIMS;
}

bool
conf_told(const struct conf *c, const char *name)
{
	if (told_find(c, name, IMG_CLAIMS) != IMG_CLAIMS)
		return true;
	for (size_t i = 0; i < c->service_count; i++)
		if (c->services[i].has_token &&
		    c->services[i].token.header != NULL &&
		    same_field(c->services[i].token.header, name))
			return true;
	return false;
}

static void
check_identity_header(struct access_check *ac, unsigned i)
{
	const char *name = ac->c->identity_headers[i], *fault;
	unsigned other;

	if (name == NULL || name[0] == '\0')
		return;
	fault = conf_credential_fault(name);
	other = told_find(ac->c, name, i);
	if (fault != NULL)
		ACCESS_COMPLAIN(ac, &conf_block_top, ac->c, told_paths[i],
		    "%s: \"%s\" %s", told_paths[i], name, fault);
	else if (other != IMG_CLAIMS)
		ACCESS_COMPLAIN(ac, &conf_block_top, ac->c, told_paths[i],
		    "%s: \"%s\" is that of %s", told_paths[i], name,
		    told_paths[other]);
}

static void
check_token_header(struct access_check *ac, const struct conf_service *s)
{
	const char *name = s->token.header, *fault;
	unsigned other;

	if (name == NULL)
		return;
	fault = conf_credential_fault(name);
	other = told_find(ac->c, name, IMG_CLAIMS);
	if (fault != NULL)
		ACCESS_COMPLAIN(ac, &conf_block_service, s, "token.header",
		    "token.header: \"%s\" %s", name, fault);
	else if (other != IMG_CLAIMS)
		ACCESS_COMPLAIN(ac, &conf_block_service, s, "token.header",
		    "token.header: \"%s\" is that of %s", name,
		    told_paths[other]);
}

void
conf_check_told(struct access_check *ac)
{
	for (unsigned i = 0; i < IMG_CLAIMS; i++)
		check_identity_header(ac, i);
	for (size_t i = 0; i < ac->c->service_count; i++) {
		struct conf_service *s = &ac->c->services[i];

		s->has_token = conf_given(&conf_block_service, s, "token");
		if (s->has_token)
			check_token_header(ac, s);
	}
}
