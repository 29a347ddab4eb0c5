/*
 * grant_form.h - the refresh token in the body of a request: as a form (RFC
 * 6749 6) or as JSON.
 */
#ifndef WORKER_FILTER_GRANT_FORM_H
#define WORKER_FILTER_GRANT_FORM_H

#include <stdbool.h>

#include "common/base/slice.h"

/*
 * `type` is the Content-Type; room has body.n bytes. A form may say
 * grant_type=refresh_token and nothing else there; fields that are not known
 * are let be. False: it has no token, or two.
 */
bool grant_form_read(
    struct slice type, struct slice body, char *room, struct slice *token);

#endif
