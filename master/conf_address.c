/*
 * conf_address.c - see conf_address.h.
 */
#include "master/conf_address.h"

#include <string.h>

#include "master/conf_host.h"

static bool
refuse(const char **why, const char *reason)
{
	*why = reason;
	return false;
}

static bool
is_unspecified(const struct addr *a)
{
	static const struct addr v4 = { .ip = { [10] = 0xff, [11] = 0xff } };
	static const struct addr v6 = { .is_v6 = 1 };

	return memcmp(a->ip, a->is_v6 != 0 ? v6.ip : v4.ip, sizeof(a->ip)) == 0;
}

/* What would be read as an IPv4 address somewhere, and is none. */
static bool
ends_in_number(struct slice name)
{
	size_t n = name.n;

	while (n > 0 && name.p[n - 1] >= '0' && name.p[n - 1] <= '9')
		n--;
	return n < name.n && (n == 0 || name.p[n - 1] == '.');
}

/* RFC 2782: "_service._protocol.name". */
static bool
names_service(struct slice name)
{
	const char *dot = memchr(name.p, '.', name.n);

	return name.n != 0 && name.p[0] == '_' && dot != NULL &&
	    dot + 1 < name.p + name.n && dot[1] == '_';
}

/* 1 to 65535, all digits; 0: it is none. */
static uint16_t
port_parse(const char *text)
{
	unsigned port = 0;
	size_t n = strspn(text, "0123456789");

	if (text[n] != '\0' || n == 0 || n > 5)
		return 0;
	for (size_t i = 0; i < n; i++)
		port = port * 10 + (unsigned)(text[i] - '0');
	return port <= UINT16_MAX ? (uint16_t)port : 0;
}

/* `colon` is what the port stands behind; NULL: there is none. */
static bool
name_parse(struct conf *c, struct conf_endpoint *e, struct slice name,
    const char *colon, const char **why)
{
	if (name.n > 1 && name.p[name.n - 1] == '.')
		name.n--;
	*why = conf_host_fault(name);
	if (*why != NULL)
		return false;
	e->host = conf_host_lower(c, name);
	e->kind = IMG_ENDPOINT_NAME;
	e->addr = (struct addr){ 0 };
	if (names_service(name)) {
		e->kind = IMG_ENDPOINT_SRV;
		return colon == NULL ||
		    refuse(why, "has a port: SRV records give it themselves");
	}
	if (colon == NULL)
		return refuse(why,
		    "has no port: only names of SRV records, such as "
		    "\"_http._tcp.users.example\", go without");
	e->addr.port = port_parse(colon + 1);
	return e->addr.port != 0 ||
	    refuse(why, "has no valid port (1 to 65535)");
}

bool
conf_address_parse(struct conf *c, struct conf_endpoint *e, const char **why)
{
	const char *text = e->address, *colon = strchr(text, ':');
	struct slice name = slice_make(text, strcspn(text, ":"));

	e->kind = IMG_ENDPOINT_ADDR;
	if (addr_parse(text, &e->addr, why))
		return !is_unspecified(&e->addr) ||
		    refuse(why, "is no address to connect to");
	/* What was meant as an address is no name. */
	if (text[0] == '[' || text[0] == '*' || ends_in_number(name) ||
	    (colon != NULL && strchr(colon + 1, ':') != NULL))
		return false;
	return name_parse(c, e, name, colon, why);
}

void
conf_address_print(const struct conf_endpoint *e, struct text *out)
{
	char addr[ADDR_TEXT_MAX];

	switch (e->kind) {
	case IMG_ENDPOINT_ADDR:
		text_add(out, slice_make(addr, addr_text(&e->addr, addr)));
		break;
	case IMG_ENDPOINT_NAME:
		text_printf(out, "%s:%u", e->host, e->addr.port);
		break;
	case IMG_ENDPOINT_SRV:
		text_add(out, slice_str(e->host));
		break;
	}
}
