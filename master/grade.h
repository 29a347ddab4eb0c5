/*
 * grade.h - the health of services and of the whole, from that of endpoints and
 * from what services say that they depend on.
 *
 *	 healthy    every endpoint that should serve can, and all that the
 *	            service depends on is healthy
 *	 unhealthy  no endpoint can serve
 *	 degraded   anything between
 *
 * The whole is healthy when all services are, unhealthy when all are unhealthy,
 * and degraded otherwise.
 */
#ifndef MASTER_GRADE_H
#define MASTER_GRADE_H

#include <stdint.h>

#include "shm/image.h"
#include "shm/region.h"

enum grade { GRADE_HEALTHY, GRADE_DEGRADED, GRADE_UNHEALTHY };
const char *grade_name(enum grade g);

struct service_grade {
	enum grade grade;
	/* Endpoints: all, and of these: can serve, sick, drained, in
	 * maintenance. */
	uint32_t total, usable, sick, drained, maint;
	/* A service (index in the image) whose state makes this one's worse
	 * than its own endpoints do; IMG_NONE: none. */
	uint32_t because;
};

/*
 * The grades of all services of img, in its order: to be freed by the caller;
 * NULL when there are none. *whole: of all together. No memory is fatal.
 */
struct service_grade *grade_services(
    const struct region *r, const struct img_head *img, enum grade *whole);

#endif
