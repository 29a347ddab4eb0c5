/*
 * step.h - names the stores of the protocols, so that a test can kill a process
 * before each of them. Nothing in a normal build.
 */
#ifndef SHM_STEP_H
#define SHM_STEP_H

#ifdef SHM_STEPPING
#include <stddef.h>

extern void (*shm_step_hook)(const char *name);

#define SHM_STEP(name) (shm_step_hook != NULL ? shm_step_hook(name) : (void)0)
#else
#define SHM_STEP(name) ((void)0)
#endif

#endif
