/*
 * ctl_services.h - the commands about services and their health.
 */
#ifndef TOOLS_CTL_SERVICES_H
#define TOOLS_CTL_SERVICES_H

#include "tools/ctl_call.h"

ctl_run_fn ctl_services;
/* [SERVICE[/ENDPOINT]]. Refused when the whole is unhealthy. */
ctl_run_fn ctl_health;

#endif
