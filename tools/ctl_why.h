/*
 * ctl_why.h - what the reasons mean, and what can be done about them.
 */
#ifndef TOOLS_CTL_WHY_H
#define TOOLS_CTL_WHY_H

#include "tools/ctl_call.h"

/* Asks nobody: the list is this program's own. */
ctl_run_fn ctl_why;

#endif
