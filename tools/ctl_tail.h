/*
 * ctl_tail.h - `penstockctl tail`: penstocklog by hand, whose own options stand
 * behind the word.
 */
#ifndef TOOLS_CTL_TAIL_H
#define TOOLS_CTL_TAIL_H

#include "tools/ctl_call.h"

#define CTL_TAIL "tail"

/*
 * How many words of the command line are penstockctl's: up to CTL_TAIL, if that
 * is the command, else all of them.
 */
int ctl_tail_words(int argc, char *const *argv);

enum ctl_exit ctl_tail(const struct ctl_call *c);

#endif
