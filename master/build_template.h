/*
 * build_template.h - compiles texts with {names} into operations that a worker
 * fills in (worker/flow/template.h).
 */
#ifndef MASTER_BUILD_TEMPLATE_H
#define MASTER_BUILD_TEMPLATE_H

#include <stdbool.h>

#include "common/base/diag.h"
#include "master/build_image.h"
#include "master/build_pattern.h"
#include "master/conf.h"

enum template_place {
	TEMPLATE_IN_HEADER,
	TEMPLATE_IN_TARGET,
	TEMPLATE_IN_BODY
};

struct template_source {
	const char *text;
	const char *what; /* for complaints: "rewrite", "value", "body" */
	struct conf_place place;
	enum template_place use;
	const struct pattern *pattern; /* of the route */
};

/*
 * The operations, in the image; an empty span and complaints when it is wrong
 * (an empty text gives an empty span too). A target without a "?" gets the
 * request's query appended behind "?", one with a query behind "&"; nothing is
 * appended when it ends with "?" or names {query}.
 */
struct img_span template_compile(
    struct image *im, const struct template_source *source, struct diag *d);

#endif
