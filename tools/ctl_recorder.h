/*
 * ctl_recorder.h - the last requests of each worker, as they were recorded:
 * read from the shared memory, so also of a worker that is dead, or hangs.
 */
#ifndef TOOLS_CTL_RECORDER_H
#define TOOLS_CTL_RECORDER_H

#include "tools/ctl_call.h"

ctl_run_fn ctl_recorder;

#endif
