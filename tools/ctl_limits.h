/*
 * ctl_limits.h - rate_limits: limits.
 */
#ifndef TOOLS_CTL_LIMITS_H
#define TOOLS_CTL_LIMITS_H

#include "tools/ctl_call.h"

ctl_run_fn ctl_limits;

#endif
