/*
 * ctl_operate.h - the commands that change endpoints.
 */
#ifndef TOOLS_CTL_OPERATE_H
#define TOOLS_CTL_OPERATE_H

#include "tools/ctl_call.h"

/* SERVICE/ENDPOINT; the command's name is the state. */
ctl_run_fn ctl_state;
/* SERVICE/ENDPOINT and 1..1000 or "configured" */
ctl_run_fn ctl_weight;
ctl_run_fn ctl_export;

#endif
