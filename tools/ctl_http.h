/*
 * ctl_http.h - one request over a unix socket, waited for: the admin API as
 * penstockctl needs it.
 */
#ifndef TOOLS_CTL_HTTP_H
#define TOOLS_CTL_HTTP_H

#include <stdbool.h>

#include "common/base/text.h"

struct ctl_answer {
	int status;
	struct text body;
};

/*
 * Sends `method` `path` to the socket and reads the whole answer; body is to
 * be freed by text_fini in any case. False with a sentence on stderr.
 */
bool ctl_request(const char *socket_path, const char *method, const char *path,
    struct ctl_answer *answer);

#endif
