/*
 * conf_check_admin.c - where the admin API is served over TCP, and the token
 * that it takes.
 */
#include "master/conf_check.h"
#include "master/conf_secret.h"
#include "master/conf_source.h"
#include "master/conf_table.h"

#define TOKEN_MIN 16 /* characters: no shorter one is hard to guess */
#define TOKEN_MAX 512

/* Of the machine itself, or of networks that are somebody's own. */
static bool
is_private(const struct addr *a)
{
	static const char *const nets[] = { "127.0.0.0/8", "10.0.0.0/8",
		"172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16",
		"100.64.0.0/10", "::1/128", "fc00::/7", "fe80::/10" };
	struct addr_net net;
	const char *why;

	for (size_t i = 0; i < sizeof(nets) / sizeof(nets[0]); i++)
		if (addr_net_parse(nets[i], &net, &why) &&
		    addr_net_has(&net, a))
			return true;
	return false;
}

static void
check_address(struct conf *c, struct diag *d)
{
	struct conf_place at =
	    conf_where(c, &conf_block_top, c, "admin.address");
	const char *why = "";

	if (!addr_parse(c->admin_address, &c->admin_addr, &why)) {
		diag_error(d, at.file, at.line,
		    "admin.address: \"%s\" %s; it must be one such as "
		    "\"127.0.0.1:9180\"",
		    c->admin_address, why);
		return;
	}
	for (size_t i = 0; i < c->listener_count; i++)
		if (addr_eq(&c->listeners[i].addr, &c->admin_addr))
			diag_error(d, at.file, at.line,
			    "admin.address: there is a listener on %s, at "
			    "%s:%d",
			    c->admin_address, c->listeners[i].place.file,
			    c->listeners[i].place.line);
	if (!is_private(&c->admin_addr))
		diag_warn(d, at.file, at.line,
		    "admin.address: %s is neither of this machine nor of a "
		    "private network: all the world may read the metrics, and "
		    "the token is sent unencrypted",
		    c->admin_address);
}

/* What a client can send in a field (RFC 6750, 2.1). */
static bool
is_token(const struct conf_secret *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->p[i] <= ' ' || s->p[i] > '~')
			return false;
	return true;
}

static void
check_token(struct conf *c, struct diag *d)
{
	struct conf_place at =
	    conf_where(c, &conf_block_top, c, "admin.token_file");
	struct conf_source source =
	    conf_source_make(c, d, at, "admin.token_file", c->admin_token_file);
	struct conf_secret *token = &c->admin_token;

	conf_secret_read(&source, token);
	if (token->p != NULL && !is_token(token))
		conf_source_error(&source,
		    "is no token: it has a space, or a character outside "
		    "ASCII");
	else if (token->p != NULL &&
	    (token->n < TOKEN_MIN || token->n > TOKEN_MAX))
		conf_source_error(&source,
		    "has %zu characters: a token needs %d to %d", token->n,
		    TOKEN_MIN, TOKEN_MAX);
	if (c->admin_address == NULL)
		diag_warn(d, at.file, at.line,
		    "admin.token_file: nobody needs it, since there is no "
		    "admin.address");
}

void
conf_check_admin(struct conf *c, struct diag *d)
{
	if (c->admin_address != NULL)
		check_address(c, d);
	if (c->admin_token_file != NULL)
		check_token(c, d);
}
