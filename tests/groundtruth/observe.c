/*
 * observe.c - lets a program look at itself through the model.
 *
 * tests/groundtruth/run links this into every program, with the linker's
 * --wrap, in front of the calls by which a program observes its own memory:
 * getrusage, mincore, opening files of /proc, and the siginfo of a fault. The
 * program needs no change, and whatever it computes from what it saw is
 * computed again from what the model says. PW_OBSERVE chooses:
 *
 *   (none)  the kernel answers.
 *   mark    each observation sets a mark "ob<who>.<n>": a recording so tells
 *           when it was. <who> is "0" for the first process, and one letter
 *           more for each fork or exec since. Long files are empty then, since
 *           nobody asks what comes out and recorded steps are slow.
 *   answer  observations are answered by the files PW_ANSWERS/<who>.<n>.<what>,
 *           faults by the lines "SIGNAL CODE" of PW_ANSWERS/<who>.signals.
 *
 * PW_WANTED is a file to which the names of the views that could answer are
 * appended then.
 *
 * What has no such file is answered by the kernel; with PW_POISON by the
 * kernel's numbers made wrong, differently each time, so that comparing the
 * two outputs tells what does not come from the model.
 *
 * A wrapper counts before it makes the real call, so that the pages which this
 * takes are there when a window begins.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define SIGNALS 65
#define NAME_BYTES 16
#define WHO_BYTES 10
#define PATH_BYTES 512
#define TEXT_BYTES (1 << 20)

typedef void handler(int, siginfo_t *, void *);

int __real_getrusage(int who, struct rusage *usage);
int __real_mincore(void *at, size_t length, unsigned char *out);
int __real_open(const char *path, int flags, ...);
int __real_sigaction(int signal, const struct sigaction *new_action,
		     struct sigaction *old_action);
pid_t __real_fork(void);
int __real_execv(const char *path, char *const argv[]);
int __wrap_getrusage(int who, struct rusage *usage);
int __wrap_mincore(void *at, size_t length, unsigned char *out);
int __wrap_open(const char *path, int flags, ...);
int __wrap_sigaction(int signal, const struct sigaction *new_action,
		     struct sigaction *old_action);
pid_t __wrap_fork(void);
int __wrap_execv(const char *path, char *const argv[]);

enum mode { KERNEL, MARK, ANSWER };

static struct {
	enum mode mode;
	int poison;
	const char *answers, *wanted;
	char who[WHO_BYTES + 2];
	char who_text[32]; /* "PW_OBSERVE_WHO=" and who, for exec */
	unsigned count, forks, faults;
	handler *handlers[SIGNALS];
} observer = {.who = "0"};

static void append(char *to, const char *text)
{
	strcpy(to + strlen(to), text);
}

static void append_number(char *to, unsigned long number)
{
	char digits[24] = {0};
	int at = sizeof(digits) - 1;

	do
		digits[--at] = (char)('0' + number % 10);
	while (number /= 10);
	append(to, digits + at);
}

__attribute__((constructor)) static void begin(void)
{
	const char *mode = getenv("PW_OBSERVE");
	const char *who = getenv("PW_OBSERVE_WHO");

	if (mode && !strcmp(mode, "mark"))
		observer.mode = MARK;
	else if (mode && !strcmp(mode, "answer"))
		observer.mode = ANSWER;
	observer.poison = getenv("PW_POISON") != NULL;
	observer.answers = getenv("PW_ANSWERS");
	observer.wanted = getenv("PW_WANTED");
	if (who && strlen(who) <= WHO_BYTES)
		strcpy(observer.who, who);
}

static void want(const char *view)
{
	int fd = __real_open(observer.wanted,
			     O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	(void)!write(fd, view, strlen(view));
	(void)!write(fd, "\n", 1);
	close(fd);
}

/*
 * Count an observation, of what @view shows. Returns "<who>.<n>", valid until
 * the next one.
 */
static const char *observation(const char *view)
{
	static char name[32];

	observer.count++;
	memset(name, 0, sizeof(name));
	append(name, "ob");
	append(name, observer.who);
	append(name, ".");
	append_number(name, observer.count);
	if (observer.mode == MARK)
		prctl(PR_SET_NAME, name);
	if (observer.mode == ANSWER && observer.wanted)
		want(view);
	return name + 2;
}

/* Open the answer <name>.<what>. -1 if there is none. */
static int answer(const char *name, const char *what)
{
	char path[PATH_BYTES] = {0};

	if (observer.mode != ANSWER || !observer.answers ||
	    strlen(observer.answers) + strlen(what) + 40 > sizeof(path))
		return -1;
	append(path, observer.answers);
	append(path, "/");
	append(path, name);
	append(path, ".");
	append(path, what);
	return __real_open(path, O_RDONLY | O_CLOEXEC);
}

static size_t read_all(int fd, char *text, size_t bytes)
{
	size_t length = 0;
	ssize_t got;

	while ((got = read(fd, text + length, bytes - 1 - length)) > 0)
		length += (size_t)got;
	text[length] = 0;
	return length;
}

/* The numbers of the answer <name>.<what>, or -1 for each that it lacks. */
static int answered_numbers(const char *name, const char *what, long *out,
			    int count)
{
	char text[256];
	char *at = text;
	int fd = answer(name, what);

	if (fd < 0)
		return 0;
	read_all(fd, text, sizeof(text));
	close(fd);
	for (int i = 0; i < count; i++) {
		char *end;

		out[i] = strtol(at, &end, 10);
		if (end == at)
			out[i] = -1;
		at = end;
	}
	return 1;
}

int __wrap_getrusage(int who, struct rusage *usage)
{
	const char *name = observation("stat");
	int failed = __real_getrusage(who, usage);
	long numbers[3];

	if (failed || who != RUSAGE_SELF || observer.mode != ANSWER)
		return failed;
	if (answered_numbers(name, "rusage", numbers, 3)) {
		usage->ru_minflt = numbers[0];
		usage->ru_majflt = numbers[1];
		usage->ru_maxrss = numbers[2];
	} else if (observer.poison) {
		usage->ru_minflt += 7919L * observer.count * observer.count;
		usage->ru_majflt += 7907L * observer.count * observer.count;
		usage->ru_maxrss += 7901L * observer.count * observer.count;
	}
	return 0;
}

/* ---- pages ---- */

/* A line "START-END FRAME WORD..." of the view pagemap. */
struct row {
	unsigned long start, end, frame;
	const char *words;
};

/* Read the line at @at. Returns the next one, or NULL at the end. */
static const char *read_row(const char *at, struct row *row)
{
	char *end;

	row->start = strtoul(at, &end, 16);
	if (end == at)
		return NULL;
	row->end = strtoul(end + 1, &end, 16);
	row->frame = end[1] == '-' ? 0 : strtoul(end + 1, NULL, 16);
	row->words = end + 2;
	at = strchr(at, '\n');
	return at ? at + 1 : row->words + strlen(row->words);
}

static int row_says(const struct row *row, const char *word)
{
	const char *found = strstr(row->words, word);
	const char *end = strchr(row->words, '\n');

	return found && (!end || found < end);
}

/* The text of the answer <name>.pagemap, never freed; NULL: there is none. */
static const char *pagemap_text(const char *name)
{
	int fd = answer(name, "pagemap");
	off_t length = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	char *text = length > 0 ? calloc(1, (size_t)length + 1) : NULL;

	if (text && pread(fd, text, (size_t)length, 0) != length)
		text = NULL;
	if (fd >= 0)
		close(fd);
	return text;
}

static void put_word(int fd, unsigned long place, unsigned long word)
{
	(void)!pwrite(fd, &word, sizeof(word), (off_t)(place * sizeof(word)));
}

/* What the file of this name, one of words for pages, says of @row. */
static void put_row(int fd, const char *what, const struct row *row)
{
	unsigned long pages = (row->end - row->start) / 4096;
	unsigned long word = 1UL << 63;

	if (row_says(row, "file"))
		word |= 1UL << 61;
	if (row_says(row, "exclusive"))
		word |= 1UL << 56;
	for (unsigned long i = 0; i < pages && row_says(row, "present"); i++)
		if (!strcmp(what, "pagemap"))
			put_word(fd, row->start / 4096 + i,
				 word | (row->frame ? row->frame + i : 0));
		else
			put_word(fd, row->frame + i,
				 (unsigned long)row_says(row, "head") << 15 |
					 (unsigned long)row_says(row, "tail")
						 << 16);
}

/* A file of /proc with a word a page, made of the answer. -1: there is none. */
static int words_of_pages(const char *name, const char *what)
{
	const char *at = pagemap_text(name);
	int fd = at ? memfd_create(what, MFD_CLOEXEC) : -1;
	struct row row;

	while (fd >= 0 && (at = read_row(at, &row)))
		put_row(fd, what, &row);
	return fd;
}

int __wrap_mincore(void *at, size_t length, unsigned char *out)
{
	const char *name = observation("pagemap");
	int failed = __real_mincore(at, length, out);
	unsigned long first = (unsigned long)at;
	unsigned long pages = (length + 4095) / 4096;
	const char *text = failed ? NULL : pagemap_text(name);
	struct row row;

	if (failed || observer.mode != ANSWER)
		return failed;
	if (text || observer.poison)
		memset(out, text ? 0 : (int)observer.count & 1, pages);
	while (text && (text = read_row(text, &row)))
		for (unsigned long p = row.start; p < row.end; p += 4096)
			if (p >= first && p < first + pages * 4096)
				out[(p - first) / 4096] = 1;
	return 0;
}

/* ---- files ---- */

/*
 * The lines of @fd's text with other starts of mappings: somewhat lower ones,
 * that depend on when.
 */
static int moved(int fd)
{
	static char text[TEXT_BYTES];
	int out = memfd_create("moved", MFD_CLOEXEC);
	char *at = text;

	read_all(fd, text, sizeof(text));
	close(fd);
	while (out >= 0 && *at) {
		unsigned long start = strtoul(at, &at, 16);
		char *end = strchr(at, '\n');

		end = end ? end + 1 : at + strlen(at);
		dprintf(out, "%lx",
			start - 7 * 4096UL * observer.count * observer.count);
		(void)!write(out, at, (size_t)(end - at));
		at = end;
	}
	lseek(out, 0, SEEK_SET);
	return out;
}

/* Every number after a blank of @fd's text, plus one that depends on when. */
static int poisoned(int fd)
{
	static char text[TEXT_BYTES];
	int out = memfd_create("poisoned", MFD_CLOEXEC);
	char *at = text;

	read_all(fd, text, sizeof(text));
	close(fd);
	while (out >= 0 && *at) {
		char *blank = strpbrk(at, " \t");
		char number[32] = {0};
		char *end;

		if (!blank)
			blank = at + strlen(at) - 1;
		(void)!write(out, at, (size_t)(blank + 1 - at));
		at = blank + 1;
		if (*at < '0' || *at > '9')
			continue;
		append_number(number,
			      strtoul(at, &end, 10) +
				      7919UL * observer.count * observer.count);
		(void)!write(out, number, strlen(number));
		at = end;
	}
	lseek(out, 0, SEEK_SET);
	return out;
}

/* What file of /proc this is, or NULL. */
static const char *observed_file(const char *path)
{
	static const char *const files[] = {
		"/proc/self/smaps",   "/proc/self/smaps_rollup",
		"/proc/self/status",  "/proc/self/maps",
		"/proc/self/pagemap", "/proc/self/numa_maps",
		"/proc/meminfo",      "/proc/vmstat",
		"/proc/kpageflags",   "/proc/kpagecount"};

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		if (!strcmp(path, files[i]))
			return strrchr(files[i], '/') + 1;
	return NULL;
}

static int open_observed(const char *what, const char *path, int flags)
{
	int of_words = !strncmp(what, "kpage", 5) || !strcmp(what, "pagemap");
	const char *name = observation(of_words ? "pagemap" : what);
	int fd = of_words ? words_of_pages(name, what) : answer(name, what);

	if (fd >= 0)
		return fd;
	if (observer.mode == MARK &&
	    (!strncmp(what, "smaps", 5) || !strcmp(what, "status") ||
	     !strcmp(what, "numa_maps") || !strcmp(what, "meminfo") ||
	     !strcmp(what, "vmstat")))
		return __real_open("/dev/null", flags);
	if (observer.mode == ANSWER && observer.poison) {
		if (of_words)
			return __real_open("/dev/urandom", flags);
		fd = __real_open(path, flags);
		if (fd < 0)
			return fd;
		/* Policies are words, which only their places tell apart. */
		if (!strcmp(what, "numa_maps"))
			fd = moved(fd);
		return strcmp(what, "maps") ? poisoned(fd) : moved(fd);
	}
	return __real_open(path, flags);
}

int __wrap_open(const char *path, int flags, ...)
{
	const char *what = observed_file(path);
	mode_t mode = 0;

	if (what)
		return open_observed(what, path, flags);
	if (flags & (O_CREAT | O_TMPFILE)) {
		va_list rest;

		va_start(rest, flags);
		mode = va_arg(rest, mode_t);
		va_end(rest);
	}
	return __real_open(path, flags, mode);
}

/* A fault comes with the signal and code that the model gave its like. */
static void on_fault(int signal, siginfo_t *info, void *context)
{
	static char text[64 * 1024];
	const char *at = text;
	char *end;
	int fd = answer(observer.who, "signals");
	handler *handle = observer.handlers[signal];

	if (fd >= 0) {
		text[0] = 0;
		read_all(fd, text, sizeof(text));
		close(fd);
		for (unsigned i = 0; i < observer.faults && at; i++)
			at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL;
		signal = at ? (int)strtol(at, &end, 10) : 0;
		info->si_code = at ? (int)strtol(end, NULL, 10) : 0;
	} else if (observer.poison) {
		info->si_code += 100 + (int)observer.faults;
	}
	observer.faults++;
	info->si_signo = signal;
	handle(signal, info, context);
}

int __wrap_sigaction(int signal, const struct sigaction *new_action,
		     struct sigaction *old_action)
{
	struct sigaction ours;

	if ((signal != SIGSEGV && signal != SIGBUS) || !new_action ||
	    !(new_action->sa_flags & SA_SIGINFO) || observer.mode != ANSWER)
		return __real_sigaction(signal, new_action, old_action);
	ours = *new_action;
	observer.handlers[signal] = new_action->sa_sigaction;
	ours.sa_sigaction = on_fault;
	return __real_sigaction(signal, &ours, old_action);
}

static void extend_who(char letter)
{
	size_t length = strlen(observer.who);

	if (length < WHO_BYTES) {
		observer.who[length] = letter;
		observer.who[length + 1] = 0;
	}
}

pid_t __wrap_fork(void)
{
	pid_t child;

	observer.forks++;
	child = __real_fork();
	if (child == 0) {
		extend_who((char)('a' + (observer.forks - 1) % 26));
		observer.count = observer.forks = observer.faults = 0;
	}
	return child;
}

int __wrap_execv(const char *path, char *const argv[])
{
	memset(observer.who_text, 0, sizeof(observer.who_text));
	append(observer.who_text, "PW_OBSERVE_WHO=");
	extend_who('z');
	append(observer.who_text, observer.who);
	putenv(observer.who_text);
	return __real_execv(path, argv);
}
