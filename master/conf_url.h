/*
 * conf_url.h - urls that the master itself fetches.
 */
#ifndef MASTER_CONF_URL_H
#define MASTER_CONF_URL_H

#include <stdbool.h>

/*
 * NULL, or what is wrong with it, as half a sentence: it must be http or https,
 * with a host and without a user. *secure: it is https.
 */
const char *conf_url_fault(const char *url, bool *secure);

/* A good url leads to this machine: nobody is in between. */
bool conf_url_is_near(const char *url);

#endif
