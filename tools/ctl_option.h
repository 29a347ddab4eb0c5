/*
 * ctl_option.h - the options that only some commands take, each with a value
 * unless the table says otherwise.
 */
#ifndef TOOLS_CTL_OPTION_H
#define TOOLS_CTL_OPTION_H

#include <stdbool.h>
#include <stddef.h>

enum ctl_option {
	CTL_ADDRESS,
	CTL_ALL, /* without a value */
	CTL_AUTHENTICATOR,
	CTL_BEFORE,
	CTL_BODY_SIZE,
	CTL_CLAIMS,
	CTL_COUNT,
	CTL_EMAIL,
	CTL_EXPIRES,
	CTL_FOR,
	CTL_HEADER,
	CTL_HISTORY, /* without a value */
	CTL_INTERVAL,
	CTL_LIST, /* without a value */
	CTL_ONCE, /* without a value */
	CTL_PERMISSION,
	CTL_RESET, /* without a value */
	CTL_ROLE,
	CTL_SERVICE,
	CTL_TENANT,
	CTL_TLS, /* without a value */
	CTL_UNTIL,
	CTL_USER,
	CTL_WORKER,
	CTL_OPTIONS
};

#define CTL_BIT(option) (1u << (option))
#define CTL_OF_KEYS                                                     \
	(CTL_BIT(CTL_EMAIL) | CTL_BIT(CTL_EXPIRES) | CTL_BIT(CTL_FOR) | \
	    CTL_BIT(CTL_PERMISSION) | CTL_BIT(CTL_ROLE) |               \
	    CTL_BIT(CTL_SERVICE) | CTL_BIT(CTL_TENANT) | CTL_BIT(CTL_USER))
#define CTL_OF_REVOKE                                                          \
	(CTL_BIT(CTL_AUTHENTICATOR) | CTL_BIT(CTL_BEFORE) | CTL_BIT(CTL_FOR) | \
	    CTL_BIT(CTL_LIST) | CTL_BIT(CTL_UNTIL))
#define CTL_OF_UNREVOKE CTL_BIT(CTL_AUTHENTICATOR)
#define CTL_OF_BREAKERS (CTL_BIT(CTL_HISTORY) | CTL_BIT(CTL_RESET))
#define CTL_OF_BAN CTL_BIT(CTL_FOR)
#define CTL_OF_UNBAN CTL_BIT(CTL_ALL)
#define CTL_OF_DEBUG CTL_BIT(CTL_FOR)
#define CTL_OF_EXPLAIN                                                         \
	(CTL_BIT(CTL_ADDRESS) | CTL_BIT(CTL_BODY_SIZE) | CTL_BIT(CTL_CLAIMS) | \
	    CTL_BIT(CTL_HEADER) | CTL_BIT(CTL_TLS))
#define CTL_OF_LIMITS CTL_BIT(CTL_RESET)
#define CTL_OF_TOP (CTL_BIT(CTL_INTERVAL) | CTL_BIT(CTL_ONCE))
#define CTL_OF_RECORDER (CTL_BIT(CTL_COUNT) | CTL_BIT(CTL_WORKER))

#define CTL_GIVEN_MAX 64

/* In the order of the command line; some may be given several times. */
struct ctl_given {
	enum ctl_option option;
	const char *value; /* NULL: it takes none */
};

const char *ctl_option_name(enum ctl_option o);
/* What its value is called; NULL: it takes none. */
const char *ctl_option_value(enum ctl_option o);
/* May be given several times. */
bool ctl_option_is_many(enum ctl_option o);
const char *ctl_option_help(enum ctl_option o);

#endif
