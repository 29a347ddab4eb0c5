/*
 * fetch_url.h - an url as libcurl reads it, and the name in it that is to be
 * resolved before libcurl sees it.
 */
#ifndef MASTER_FETCH_URL_H
#define MASTER_FETCH_URL_H

#include <stdbool.h>

#include "common/base/slice.h"
#include "master/resolve_round.h"

struct fetch_url {
	void *curl; /* CURLU *; NULL: none */
	char *host; /* a name; NULL: it is an address */
};

/*
 * http or https, without a user. NULL, or what is wrong with it. For
 * fetch_url_fini in any case.
 */
const char *fetch_url_read(struct fetch_url *u, struct slice url);
void fetch_url_fini(struct fetch_url *u);

/*
 * What its name stands for, as CURLOPT_RESOLVE takes it: a curl_slist. NULL:
 * for nothing.
 */
void *fetch_url_addresses(const struct fetch_url *u,
    const struct resolve_question ask[RESOLVE_FAMILIES]);

#endif
