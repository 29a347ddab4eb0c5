/*
 * marks.c - stands before _mark_point() of libcheck, by --wrap of the linker:
 * each assertion that holds is a message, by which the parent knows after which
 * line a test died. Under a sanitizer they take longer than what loops assert:
 * of many, one for each line has to do.
 */
#define MANY 1000
#define LINES 1024

void __real__mark_point(const char *file, int line);
void __wrap__mark_point(const char *file, int line);

void
__wrap__mark_point(const char *file, int line)
{
	static int marks, last[LINES];
	int *l = &last[line % LINES];

	if (marks < MANY)
		marks++;
	else if (*l == line)
		return;
	*l = line;
	__real__mark_point(file, line);
}
