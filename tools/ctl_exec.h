/*
 * ctl_exec.h - commands that another program of ours carries out, in a process
 * of its own.
 */
#ifndef TOOLS_CTL_EXEC_H
#define TOOLS_CTL_EXEC_H

/*
 * Becomes penstock, or penstocklog: the one beside this program, the one where
 * it is installed, or that of PATH. argv ends with NULL. Returns, with a
 * sentence, when there is none.
 */
void ctl_exec_penstock(const char *const *argv);
void ctl_exec_penstocklog(const char *const *argv);

#endif
