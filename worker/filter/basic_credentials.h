/*
 * basic_credentials.h - user and password of the Basic scheme (RFC 7617).
 */
#ifndef WORKER_FILTER_BASIC_CREDENTIALS_H
#define WORKER_FILTER_BASIC_CREDENTIALS_H

#include <stdbool.h>

#include "common/base/slice.h"

#define BASIC_USER_MAX 255
#define BASIC_PASSWORD_MAX 511 /* that libcrypt takes */
/* Of both, encoded. */
#define BASIC_TEXT_MAX ((BASIC_USER_MAX + BASIC_PASSWORD_MAX + 3) / 3 * 4)

struct basic_credentials {
	struct slice user, password;
};

/*
 * Reads what stands behind the scheme into `room`, which has BASIC_TEXT_MAX
 * bytes. False: no canonical base64, too long, no colon, no user, or what is
 * no UTF-8 without control characters.
 */
bool basic_credentials_read(
    struct slice text, char *room, struct basic_credentials *c);

#endif
