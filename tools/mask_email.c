/*
 * mask_email.c - addresses of e-mail: "joe.doe@example.com" becomes
 * "j***@example.com".
 */
#include "tools/mask_inside.h"

/* What local parts are made of outside of quotes and riddles, UTF-8 too. */
static bool
local_char(uint8_t c)
{
	return mask_alnum(c) || c >= 0x80 ||
	    (c != 0 && strchr("._+-'~!#$^{}|`", c) != NULL);
}

static bool
domain_char(uint8_t c)
{
	return mask_alnum(c) || c >= 0x80 || c == '-' || c == '.';
}

/*
 * Behind the "@" stand labels, of which a later one begins with a letter: what
 * follows names of packages (x@1.2.3) does not.
 */
static bool
domain_follows(const struct mask_units *u, uint32_t at)
{
	for (uint32_t i = at + 1; domain_char(u->c[i]); i++) {
		uint8_t first = u->c[i + 1], second;

		if (u->c[i] != '.' || i == at + 1 ||
		    (!mask_letter(first) && first < 0x80))
			continue;
		second = u->c[i + 2];
		if (domain_char(second) && second != '.')
			return true;
	}
	return false;
}

static void
email_hide(struct mask_units *u, uint32_t at)
{
	uint32_t from = at;

	while (from != 0 && local_char(u->c[from - 1]))
		from--;
	if (from == at)
		return;
	/* One character is all there is; behind a colon, a password may be. */
	if (at - from > 1 && (from == 0 || u->c[from - 1] != ':'))
		from++;
	while (from != at)
		mask_set(u, from++, MASK_DROP);
	mask_set(u, at, MASK_BEFORE);
}

void
mask_emails(struct mask_units *u)
{
	for (uint32_t i = 1; i < u->n; i++)
		if (u->c[i] == '@' && domain_follows(u, i))
			email_hide(u, i);
}
