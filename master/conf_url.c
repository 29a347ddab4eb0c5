/*
 * conf_url.c - see conf_url.h.
 */
#include "master/conf_url.h"

#include <string.h>

#include "common/base/slice.h"
#include "common/http/authority.h"
#include "common/net/addr.h"

/* Printable ASCII, as RFC 3986 2 has it, and no way to hide the rest. */
static bool
characters_fit(const char *url)
{
	for (const char *p = url; *p != '\0'; p++)
		if (*p <= ' ' || *p >= 0x7f || strchr("\"<>\\^`{|}", *p))
			return false;
	return true;
}

/* What is between the scheme and the path. */
static struct slice
host_part(const char *url)
{
	const char *at = strstr(url, "//");
	struct slice host = slice_str(at != NULL ? at + 2 : "");

	host.n = strcspn(host.p, "/?#");
	return host;
}

const char *
conf_url_fault(const char *url, bool *secure)
{
	struct slice s = slice_str(url), start = s, host;
	struct authority authority;

	*secure = false;
	if (!characters_fit(url))
		return "has a character that no url has";
	start.n = s.n < 8 ? s.n : 8;
	*secure = slice_eq_nocase(start, SLICE_LIT("https://"));
	start.n = s.n < 7 ? s.n : 7;
	if (!*secure && !slice_eq_nocase(start, SLICE_LIT("http://")))
		return "is neither an http nor an https url";
	host = host_part(url);
	if (memchr(host.p, '@', host.n) != NULL)
		return "has a user in it";
	if (!authority_parse(host, &authority))
		return "has no host, or none that could be one";
	if (strchr(url, '#') != NULL)
		return "has a fragment, which nobody is sent";
	return NULL;
}

bool
conf_url_is_near(const char *url)
{
	static const char *const nets[] = { "127.0.0.0/8", "::1" };
	struct authority authority;
	struct addr_net net;
	struct addr a;
	const char *why;

	if (!authority_parse(host_part(url), &authority))
		return false;
	if (slice_eq_nocase(authority.host, SLICE_LIT("localhost")))
		return true;
	for (size_t i = 0; i < 2; i++)
		if (addr_parse_ip(authority.host, &a) &&
		    addr_net_parse(nets[i], &net, &why) &&
		    addr_net_has(&net, &a))
			return true;
	return false;
}
