/*
 * ctl_endpoints.h - the commands that show endpoints.
 */
#ifndef TOOLS_CTL_ENDPOINTS_H
#define TOOLS_CTL_ENDPOINTS_H

#include "tools/ctl_call.h"

/* [SERVICE] */
ctl_run_fn ctl_endpoints;

/* SERVICE: the newest changes of all of its endpoints. */
ctl_run_fn ctl_service_history;
/* SERVICE/ENDPOINT: all that is kept. */
ctl_run_fn ctl_endpoint_history;

/* The rows of a document with "endpoints". */
void ctl_endpoints_show(const json_t *doc);

/*
 * The path of the endpoint that "SERVICE/ENDPOINT" names. False with a sentence
 * on stderr.
 */
bool ctl_endpoint_path(struct text *path, const char *arg);

#endif
