/*
 * build_names.c - the table of template names.
 */
#include "master/build_names.h"
#include "shm/image.h"

static const struct template_name template_names[] = {
	{ "client", TMPL_CLIENT, false },
	{ "host", TMPL_HOST, false },
	{ "path", TMPL_PATH, false },
	{ "query", TMPL_QUERY, false },
	{ "request_id", TMPL_REQUEST_ID, false },
	{ "route", TMPL_ROUTE, false },
	{ "service", TMPL_SERVICE, false },
	{ "endpoint", TMPL_ENDPOINT, false },
	{ "header", TMPL_HEADER, true },
	{ "cookie", TMPL_COOKIE, true },
	{ "client_subject", TMPL_CLIENT_SUBJECT, false },
	{ "client_san", TMPL_CLIENT_SAN, false },
	{ "client_issuer", TMPL_CLIENT_ISSUER, false },
	{ "client_serial", TMPL_CLIENT_SERIAL, false },
	{ "client_fingerprint", TMPL_CLIENT_FINGERPRINT, false },
	{ "tls_version", TMPL_TLS_VERSION, false },
	{ "sni", TMPL_SNI, false },
	{ "user", TMPL_USER, false },
	{ "tenant", TMPL_TENANT, false },
	{ "roles", TMPL_ROLES, false },
	{ "claim", TMPL_CLAIM, true },
};

#define NAME_COUNT (sizeof(template_names) / sizeof(*template_names))

const struct template_name *
template_name_find(struct slice name)
{
	for (size_t i = 0; i < NAME_COUNT; i++)
		if (slice_eq(name, slice_str(template_names[i].name)))
			return &template_names[i];
	return NULL;
}

void
template_names_offer(struct conf_suggest *suggest)
{
	for (size_t i = 0; i < NAME_COUNT; i++)
		conf_suggest_offer(suggest, template_names[i].name);
}

bool
template_name_reserved(struct slice name)
{
	return template_name_find(name) != NULL;
}

bool
template_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '_' || c == '-';
}
