/*
 * measure.h - how the programs of this folder measure themselves.
 *
 * A program includes this once and has one main. It asks the kernel what
 * happened in a window (WINDOW) and what is there now (smaps_kb, status_kb,
 * resident_pages), and gives each number to report; finish prints them as
 * "NAME,VALUE". Nothing of the kit faults in a window: what it takes there has
 * been touched by start, and by settle in each child.
 *
 * Data is at fixed addresses, PLACE(1), PLACE(2), ..., 64 GiB apart, so that
 * the page tables of the data are its own, wherever the program is loaded.
 * Files are in the folder GT_DIR (default: the temporary one).
 */
#ifndef PW_GROUNDTRUTH_MEASURE_H
#define PW_GROUNDTRUTH_MEASURE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096UL
#define MIB (1UL << 20)
#define GIB (1UL << 30)
#define PLACE(n) ((char *)((n) * (64 * GIB)))
#define TABLE 4UL /* KiB of a page table */

#define REPORTS 240
#define TEXT_BYTES (256 * 1024)
#define STACK_BYTES (64 * 1024)

/* Shared with children, which report as well. */
struct board {
	volatile int reports;
	volatile int step;
	struct {
		char name[56];
		long value;
	} report[REPORTS];
};

static struct board *board;
static char text[TEXT_BYTES];
static char signal_stack[STACK_BYTES];
static struct rusage usage_before, usage_after;
static volatile long sink;
static sigjmp_buf after_fault;
static volatile int fault_seen;

static void report(const char *window, const char *metric, long value)
{
	int i = board->reports;

	if (i == REPORTS)
		_exit(2);
	strcpy(board->report[i].name, window);
	strcat(board->report[i].name, ".");
	strcat(board->report[i].name, metric);
	board->report[i].value = value;
	board->reports = i + 1;
}

static void mark(char sign, const char *window)
{
	char name[16] = {'g', 't', sign};

	for (int i = 3; *window && i < 15; i++)
		name[i] = *window++;
	prctl(PR_SET_NAME, name);
}

static __attribute__((unused)) void open_window(const char *window)
{
	mark('+', window);
	getrusage(RUSAGE_SELF, &usage_before);
}

static __attribute__((unused)) void close_window(const char *window)
{
	getrusage(RUSAGE_SELF, &usage_after);
	mark('-', window);
	report(window, "minflt",
	       usage_after.ru_minflt - usage_before.ru_minflt);
	report(window, "majflt",
	       usage_after.ru_majflt - usage_before.ru_majflt);
}

#define WINDOW(window, ...)           \
	do {                          \
		open_window(window);  \
		__VA_ARGS__;          \
		close_window(window); \
	} while (0)

static void fail(const char *what)
{
	perror(what);
	_exit(2);
}

/* The whole of a file of /proc in text. */
static void slurp(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = 0, got;

	if (fd < 0)
		fail(path);
	while ((got = read(fd, text + length,
			   sizeof(text) - 1 - (size_t)length)) > 0)
		length += got;
	close(fd);
	text[length] = 0;
}

/* The next line of text after @at, or NULL at its end. */
static char *next_line(char *at)
{
	at = strchr(at, '\n');
	return at && at[1] ? at + 1 : NULL;
}

/* The number of the field @key in text from @line on; -1: not there. */
static long field(const char *key)
{
	size_t length = strlen(key);

	for (char *line = text; line; line = next_line(line))
		if (!strncmp(line, key, length) && strchr(": ", line[length]))
			return strtol(line + length + 1, NULL, 10);
	return -1;
}

static __attribute__((unused)) long status_kb(const char *key)
{
	slurp("/proc/self/status");
	return field(key);
}

static __attribute__((unused)) long meminfo_kb(const char *key)
{
	slurp("/proc/meminfo");
	return field(key);
}

/* The sum of a field over the mappings that begin in the range, KiB. */
static __attribute__((unused)) long
smaps_kb(const char *at, unsigned long bytes, const char *key)
{
	size_t length = strlen(key);
	int inside = 0;
	long sum = 0;

	slurp("/proc/self/smaps");
	for (char *line = text; line; line = next_line(line)) {
		char *end;
		unsigned long start = strtoul(line, &end, 16);

		if (end > line && *end == '-')
			inside = start - (unsigned long)at < bytes;
		else if (inside && !strncmp(line, key, length) &&
			 line[length] == ':')
			sum += strtol(line + length + 1, NULL, 10);
	}
	return sum;
}

/* What is there of @pages at @at, by class. */
static __attribute__((unused)) void
report_classes(const char *window, const char *at, unsigned long pages)
{
	report(window, "rss_kb", smaps_kb(at, pages * PAGE, "Rss"));
	report(window, "anon_kb", smaps_kb(at, pages * PAGE, "Anonymous"));
	report(window, "dirty_kb", smaps_kb(at, pages * PAGE, "Private_Dirty"));
	report(window, "clean_kb", smaps_kb(at, pages * PAGE, "Private_Clean"));
}

/* Pages of the mapping that the page cache holds. */
static __attribute__((unused)) long resident_pages(char *at,
						   unsigned long pages)
{
	long count = 0;

	if (pages > TEXT_BYTES ||
	    mincore(at, pages * PAGE, (unsigned char *)text))
		fail("mincore");
	for (unsigned long i = 0; i < pages; i++)
		count += text[i] & 1;
	return count;
}

static void on_fatal(int signal, siginfo_t *info, void *context)
{
	(void)context;
	fault_seen = signal * 1000 + info->si_code;
	siglongjmp(after_fault, 1);
}

static __attribute__((unused)) void catch_faults(void)
{
	stack_t stack = {.ss_sp = signal_stack, .ss_size = STACK_BYTES};
	struct sigaction action = {.sa_sigaction = on_fatal,
				   .sa_flags = SA_SIGINFO | SA_ONSTACK};

	memset(signal_stack, 1, sizeof(signal_stack));
	sigaltstack(&stack, NULL);
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
}

/* Signal * 1000 + code that the statement ends in; 0: it did not fault. */
#define FAULT_OF(...)                             \
	({                                        \
		fault_seen = 0;                   \
		if (!sigsetjmp(after_fault, 1)) { \
			__VA_ARGS__;              \
		}                                 \
		fault_seen;                       \
	})

static char *map(char *at, unsigned long bytes, int prot, int flags, int fd,
		 long offset)
{
	char *got =
		mmap(at, bytes, prot, flags | (at ? MAP_FIXED : 0), fd, offset);

	if (got == MAP_FAILED)
		fail("mmap");
	return got;
}

/* Private anonymous memory, never of large pages. */
static __attribute__((unused)) char *anonymous(char *at, unsigned long pages)
{
	at = map(at, pages * PAGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	(void)madvise(at, pages * PAGE, MADV_NOHUGEPAGE);
	return at;
}

static void store(char *at, unsigned long pages, unsigned long step)
{
	for (unsigned long i = 0; i < pages; i += step)
		((volatile char *)at)[i * PAGE] = (char)(i + 1);
}

static void load(const char *at, unsigned long pages, unsigned long step)
{
	for (unsigned long i = 0; i < pages; i += step)
		sink += ((const volatile char *)at)[i * PAGE];
}

/* A new file, written page by page and clean, open for both; no name stays. */
static __attribute__((unused)) int file_of(unsigned long pages)
{
	const char *folder = getenv("GT_DIR");
	char path[300];
	int fd;

	snprintf(path, sizeof(path), "%s/measureXXXXXX",
		 folder ? folder : "/tmp");
	fd = mkstemp(path);
	if (fd < 0)
		fail(path);
	unlink(path);
	memset(text, 'f', PAGE);
	for (unsigned long i = 0; i < pages; i++)
		if (write(fd, text, PAGE) != (ssize_t)PAGE)
			fail("write");
	fsync(fd);
	return fd;
}

/* Touch what the kit takes in windows; in a child, make it its own. */
static __attribute__((noinline)) void settle(void)
{
	volatile char stack[64 * 1024];

	for (unsigned long i = 0; i < sizeof(stack); i += PAGE)
		stack[i] = 1;
	store(text, TEXT_BYTES / PAGE, 1);
	for (unsigned long i = 0; i < sizeof(*board); i += PAGE)
		sink += ((volatile char *)board)[i];
	memset(&usage_before, 0, sizeof(usage_before));
	memset(&usage_after, 0, sizeof(usage_after));
	fault_seen = 0;
	/* Thread-local memory, to which the kernel writes when it likes. */
	errno = 0;
	open_window("settle");
	load(text, 2, 1);
	store(text, 2, 1);
	getrusage(RUSAGE_SELF, &usage_after);
	mark('-', "settle");
}

static void start(void)
{
	cpu_set_t cpus;
	size_t last = CPU_SETSIZE;

	/* One CPU: what the kernel batches for each CPU stays together. */
	CPU_ZERO(&cpus);
	(void)sched_getaffinity(0, sizeof(cpus), &cpus);
	while (--last > 0 && !CPU_ISSET(last, &cpus))
		;
	CPU_ZERO(&cpus);
	CPU_SET(last, &cpus);
	(void)sched_setaffinity(0, sizeof(cpus), &cpus);
	board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (board == MAP_FAILED)
		fail("mmap");
	settle();
	report("settle", "minflt", 0);
	board->reports = 0;
}

/* Let another process go on at step @n, and wait for it. */
static __attribute__((unused)) void reach(int n)
{
	board->step = n;
}

static __attribute__((unused)) void await(int n)
{
	while (board->step < n)
		sched_yield();
}

static __attribute__((unused)) void reap(pid_t child)
{
	int status;

	if (waitpid(child, &status, 0) != child || status)
		fail("a child failed");
}

static char *put_number(char *at, long value)
{
	char digits[24];
	int count = 0;

	if (value < 0)
		*at++ = '-';
	do
		digits[count++] = (char)('0' + labs(value % 10));
	while (value /= 10);
	while (count)
		*at++ = digits[--count];
	return at;
}

/* Print the reports, in few steps. */
static int finish(void)
{
	char *at = text;

	for (int i = 0; i < board->reports; i++) {
		for (const char *name = board->report[i].name; *name; name++)
			*at++ = *name;
		*at++ = ',';
		at = put_number(at, board->report[i].value);
		*at++ = '\n';
	}
	return write(STDOUT_FILENO, text, (size_t)(at - text)) != at - text;
}

#endif
