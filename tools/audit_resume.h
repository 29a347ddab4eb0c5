/*
 * audit_resume.h - where an audit log stands, when it is opened: what its state
 * says, and what was written after that.
 */
#ifndef TOOLS_AUDIT_RESUME_H
#define TOOLS_AUDIT_RESUME_H

#include "tools/audit_file.h"

/*
 * f->fd and f->state_fd are open: brings f->known in step with the file, cuts a
 * torn line off, and says in f->begin whether the file needs a line that ties
 * it to what was before. What does not hold together is logged, and left as it
 * is: whoever verifies the log finds it. False with errno.
 */
bool audit_resume(struct audit_file *f);

#endif
