/*
 * conf_check_overload.c - from where on the gateway sheds requests.
 */
#include "master/conf_check.h"
#include "master/conf_table.h"

void
conf_check_overload(struct conf *c, struct diag *d)
{
	struct conf_place at = conf_where(c, &conf_block_top, c, "overload");
	struct conf_overload *o = &c->overload;

	if (!conf_given(&conf_block_top, c, "overload"))
		*o = (struct conf_overload){ 0 };
	else if (o->lag_us == 0 && o->connections == 0 && o->memory == 0)
		diag_error(d, at.file, at.line,
		    "overload: it looks at nothing, since all of it is 0");
}
