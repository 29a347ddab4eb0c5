/*
 * ctl_breakers.h - the command that shows and closes breakers.
 */
#ifndef TOOLS_CTL_BREAKERS_H
#define TOOLS_CTL_BREAKERS_H

#include "tools/ctl_call.h"

/* [SERVICE[/ENDPOINT]], --history, --reset */
ctl_run_fn ctl_breakers;

#endif
