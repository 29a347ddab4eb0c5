/*
 * ctl_option.c - see ctl_option.h.
 */
#include "tools/ctl_option.h"

static const struct {
	const char *name, *value, *help;
	bool many;
} options[CTL_OPTIONS] = {
	[CTL_ADDRESS] = { "address", "ADDRESS",
	    "of the client; without it, 127.0.0.1", false },
	[CTL_ALL] = { "all", NULL, "all of them", false },
	[CTL_AUTHENTICATOR] = { "authenticator", "NAME",
	    "of this one only; without it, of any", false },
	[CTL_BEFORE] = { "before", "TIME",
	    "what was issued up to then; without it, up to now", false },
	[CTL_BODY_SIZE] = { "body-size", "N", "so many bytes follow", false },
	[CTL_CLAIMS] = { "claims", "JSON",
	    "whom it is from: no authenticator is asked", false },
	[CTL_COUNT] = { "count", "N", "so many; without it, 20", false },
	[CTL_EMAIL] = { "email", "TEXT", "the mail address of the user",
	    false },
	[CTL_EXPIRES] = { "expires", "TIME",
	    "when it ends, such as 2027-01-01; without it, never", false },
	[CTL_FOR] = { "for", "DURATION", "how long it lasts, such as 30d",
	    false },
	[CTL_HEADER] = { "header", "TEXT",
	    "\"Name: value\"; also -H; may be repeated", true },
	[CTL_HISTORY] = { "history", NULL,
	    "the last changes, and what led to them", false },
	[CTL_INTERVAL] = { "interval", "DURATION",
	    "between two readings; without it, 1s", false },
	[CTL_LIST] = { "list", NULL, "what is revoked", false },
	[CTL_ONCE] = { "once", NULL, "one interval, and no more", false },
	[CTL_PERMISSION] = { "permission", "NAME",
	    "a permission; may be repeated", true },
	[CTL_RESET] = { "reset", NULL,
	    "forgets what was counted; a breaker closes", false },
	[CTL_ROLE] = { "role", "NAME", "a role; may be repeated", true },
	[CTL_SERVICE] = { "service", "NAME", "the service that it is", false },
	[CTL_TENANT] = { "tenant", "NAME", "the tenant", false },
	[CTL_TLS] = { "tls", NULL, "by TLS, without a certificate", false },
	[CTL_UNTIL] = { "until", "TIME",
	    "when the entry is forgotten; without it, never", false },
	[CTL_USER] = { "user", "NAME", "who it is; without it, its name",
	    false },
	[CTL_WORKER] = { "worker", "N", "of this one; without it, of all",
	    false },
};

const char *
ctl_option_name(enum ctl_option o)
{
	return options[o].name;
}

const char *
ctl_option_value(enum ctl_option o)
{
	return options[o].value;
}

bool
ctl_option_is_many(enum ctl_option o)
{
	return options[o].many;
}

const char *
ctl_option_help(enum ctl_option o)
{
	return options[o].help;
}
