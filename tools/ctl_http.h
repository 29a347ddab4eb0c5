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

/* JSON, or nothing: body "". */
struct ctl_request {
	const char *method;
	struct slice path;
	const char *body;
};

/*
 * Sends a request to the socket and reads the whole answer; its body is to be
 * freed by text_fini in any case. False with a sentence on stderr.
 */
bool ctl_http(const char *socket_path, const struct ctl_request *q,
    struct ctl_answer *answer);

#endif
