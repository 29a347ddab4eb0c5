/*
 * conf_address.h - where an endpoint is, as it is written: an address and a
 * port, a name and a port, or the name of SRV records.
 */
#ifndef MASTER_CONF_ADDRESS_H
#define MASTER_CONF_ADDRESS_H

#include <stdbool.h>

#include "common/base/text.h"
#include "master/conf.h"

/*
 * Makes e's kind, addr and host of its address. False with *why, a static half
 * sentence.
 */
bool
conf_address_parse(struct conf *c, struct conf_endpoint *e, const char **why);

/* Adds the one spelling of what e was parsed to. */
void conf_address_print(const struct conf_endpoint *e, struct text *out);

#endif
