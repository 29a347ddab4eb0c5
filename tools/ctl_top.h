/*
 * ctl_top.h - what happens now: once a second on the screen, or once.
 */
#ifndef TOOLS_CTL_TOP_H
#define TOOLS_CTL_TOP_H

#include "tools/ctl_call.h"

ctl_run_fn ctl_top;

#endif
