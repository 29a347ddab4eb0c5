/*
 * ctl_can.h - may somebody do something? The gateway's configuration image is
 * fetched, and penstock itself decides by it, offline.
 */
#ifndef TOOLS_CTL_CAN_H
#define TOOLS_CTL_CAN_H

#include "tools/ctl_call.h"

ctl_run_fn ctl_can;

#endif
