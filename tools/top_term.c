/*
 * top_term.c - see top_term.h.
 */
#include "tools/top_term.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#define COLUMNS_USUAL 80
#define ROWS_USUAL 24

/* Another screen, without a cursor, whose lines are cut; and back. */
static const char term_take[] = "\033[?1049h\033[?25l\033[?7l\033[2J";
static const char term_give[] = "\033[?7h\033[?25h\033[?1049l";

/* Of the one terminal of the process: for who dies. */
static struct termios term_before;

static void
term_write(const char *p, size_t n)
{
	while (n != 0) {
		ssize_t done = write(STDOUT_FILENO, p, n);

		if (done < 0 && errno != EINTR)
			return;
		if (done > 0) {
			p += done;
			n -= (size_t)done;
		}
	}
}

/* Also from within a signal. */
static void
term_restore(void)
{
	term_write(term_give, sizeof(term_give) - 1);
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &term_before);
}

static bool
term_set(void)
{
	struct termios raw = term_before;

	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_cc[VMIN] = 0;
	raw.c_cc[VTIME] = 0;
	if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw) != 0)
		return false;
	term_write(term_take, sizeof(term_take) - 1);
	return true;
}

static void
term_crash(int number)
{
	term_restore();
	(void)signal(number, SIG_DFL);
	(void)raise(number);
}

static void
crashes_catch(void (*how)(int number))
{
	static const int numbers[] = { SIGABRT, SIGSEGV, SIGBUS, SIGFPE,
		SIGILL };

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		(void)signal(numbers[i], how);
}

static void
signals_asked(sigset_t *set)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT,
		SIGTSTP, SIGWINCH };

	(void)sigemptyset(set);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		(void)sigaddset(set, numbers[i]);
}

bool
top_term_begin(struct top_term *t)
{
	sigset_t set;

	signals_asked(&set);
	if (tcgetattr(STDIN_FILENO, &term_before) != 0)
		return false;
	t->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (t->signals < 0)
		return false;
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	crashes_catch(term_crash);
	if (term_set())
		return true;
	top_term_end(t);
	return false;
}

void
top_term_end(struct top_term *t)
{
	sigset_t set;

	term_restore();
	crashes_catch(SIG_DFL);
	signals_asked(&set);
	(void)close(t->signals);
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
}

void
top_term_size(unsigned *columns, unsigned *rows)
{
	struct winsize size;

	*columns = COLUMNS_USUAL;
	*rows = ROWS_USUAL;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
		return;
	if (size.ws_col != 0)
		*columns = size.ws_col;
	if (size.ws_row != 0)
		*rows = size.ws_row;
}

void
top_term_show(const struct text *t)
{
	static const char home[] = "\033[H", rest[] = "\033[J";

	term_write(home, sizeof(home) - 1);
	term_write(t->p, t->n);
	term_write(rest, sizeof(rest) - 1);
}

/* As a shell wants it: stopped with the terminal as it was. */
static void
term_stop(void)
{
	sigset_t set;

	term_restore();
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTSTP);
	(void)raise(SIGTSTP);
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL); /* stops here */
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	(void)term_set();
}

static int
signal_read(struct top_term *t)
{
	struct signalfd_siginfo info;

	if (read(t->signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return TOP_KEY_NONE;
	if (info.ssi_signo == SIGTSTP)
		term_stop();
	return info.ssi_signo == SIGTSTP || info.ssi_signo == SIGWINCH
	    ? TOP_KEY_DRAW
	    : TOP_KEY_END;
}

/* The rest of a key that is told by several bytes (ECMA-48 5.4). */
static void
escape_skip(void)
{
	char c = '\0';

	if (read(STDIN_FILENO, &c, 1) != 1 || (c != '[' && c != 'O'))
		return;
	while (read(STDIN_FILENO, &c, 1) == 1 && (c < '@' || c > '~'))
		;
}

static int
key_read(void)
{
	char key;
	ssize_t n = read(STDIN_FILENO, &key, 1);

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		return TOP_KEY_END;
	if (n == 1 && key == '\033')
		escape_skip();
	return n == 1 && key != '\033' ? (unsigned char)key : TOP_KEY_DRAW;
}

int
top_term_key(struct top_term *t, uint64_t wait_us)
{
	struct pollfd polled[] = { { .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = t->signals, .events = POLLIN } };
	struct timespec wait = { (time_t)(wait_us / 1000000),
		(long)(wait_us % 1000000) * 1000 };

	if (ppoll(polled, 2, &wait, NULL) <= 0)
		return TOP_KEY_NONE;
	if (polled[1].revents != 0)
		return signal_read(t);
	if ((polled[0].revents & POLLIN) != 0)
		return key_read();
	return TOP_KEY_END;
}
