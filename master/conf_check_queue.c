/*
 * conf_check_queue.c - whether requests of a service wait for connections.
 */
#include "master/conf_check.h"
#include "master/conf_table.h"

void
conf_check_queue(struct conf *c, struct conf_service *s, struct diag *d)
{
	struct conf_place at = conf_where(c, &conf_block_service, s, "queue");

	if (!conf_given(&conf_block_service, s, "queue"))
		s->queue = (struct conf_queue){ 0 };
	else if (s->pool.max_connections == 0)
		diag_error(d, at.file, at.line,
		    "queue: nobody would wait, since pool.max_connections "
		    "sets no bound");
}
