/*
 * measure_events.c - what calls and forks cost on the machine that runs this.
 */
#include "replay/machine/measure_events.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/bits.h"
#include "replay/machine/measure_time.h"

#define CALLS 2000
#define PAGES ((size_t)4096)
#define BYTES (PAGES * PW_PAGE_BYTES)

/* Private memory of small pages; NULL without memory. */
static char *map_memory(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		return NULL;
	(void)madvise(memory, bytes, MADV_NOHUGEPAGE);
	return memory;
}

static void write_pages(volatile char *memory, size_t pages)
{
	for (size_t i = 0; i < pages; i++)
		memory[i * PW_PAGE_BYTES] = 1;
}

static enum pw_status measure_call(double *ns, struct pw_error *err)
{
	for (int round = 0; round < PW_MEASURE_ROUNDS; round++) {
		double start = pw_measure_now();

		for (int i = 0; i < CALLS; i++) {
			void *memory = mmap(NULL, PW_PAGE_BYTES, PROT_READ,
					    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

			if (memory == MAP_FAILED)
				return pw_fail_memory(err, "a mapping");
			munmap(memory, PW_PAGE_BYTES);
		}
		pw_measure_least(ns, (pw_measure_now() - start) / (2 * CALLS));
	}
	return PW_OK;
}

static enum pw_status measure_unmap(double *ns, struct pw_error *err)
{
	for (int round = 0; round < PW_MEASURE_ROUNDS; round++) {
		char *memory = map_memory(BYTES);
		double start;

		if (!memory)
			return pw_fail_memory(err, "pages to unmap");
		write_pages(memory, PAGES);
		start = pw_measure_now();
		munmap(memory, BYTES);
		pw_measure_least(ns, (pw_measure_now() - start) / PAGES);
	}
	return PW_OK;
}

/* The least time of a fork whose child does nothing; 0: none was made. */
static double fork_once(void)
{
	double least = 0;

	for (int round = 0; round < PW_MEASURE_ROUNDS; round++) {
		double start = pw_measure_now();
		pid_t child = fork();

		if (child == 0)
			_exit(0);
		if (child < 0)
			continue;
		pw_measure_least(&least, pw_measure_now() - start);
		(void)waitpid(child, NULL, 0);
	}
	return least;
}

static enum pw_status measure_fork(double *ns, struct pw_error *err)
{
	double less = fork_once();
	char *memory = map_memory(BYTES);
	double more;

	if (!memory)
		return pw_fail_memory(err, "pages to copy");
	write_pages(memory, PAGES);
	more = fork_once();
	if (less > 0 && more > less)
		*ns = (more - less) / PAGES;
	munmap(memory, BYTES);
	return PW_OK;
}

static long count_faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_minflt;
}

/* A touch of each page of a mapping of @fd; what a fault of them takes. */
static void touch_file(int fd, bool write, double *ns)
{
	char *memory = mmap(NULL, BYTES, PROT_READ | PROT_WRITE,
			    write ? MAP_PRIVATE : MAP_SHARED, fd, 0);
	volatile char *page = memory;
	double start = pw_measure_now();
	long faults = count_faults();

	if (memory == MAP_FAILED)
		return;
	for (size_t i = 0; i < PAGES; i++, page += PW_PAGE_BYTES) {
		if (write)
			*page = 1;
		else
			(void)*page;
	}
	faults = count_faults() - faults;
	if (faults > 0)
		pw_measure_least(ns,
				 (pw_measure_now() - start) / (double)faults);
	munmap(memory, BYTES);
}

/* A file in memory, page by page, as write(2) of small pieces leaves one. */
static bool fill_file(int fd)
{
	static const char page[PW_PAGE_BYTES] = {1};

	for (size_t i = 0; i < PAGES; i++)
		if (write(fd, page, sizeof(page)) != sizeof(page))
			return false;
	return true;
}

static void measure_file(struct pw_measured_events *out)
{
	int fd = memfd_create("pagewalk", MFD_CLOEXEC);

	if (fd < 0)
		return;
	for (int round = 0; round < PW_MEASURE_ROUNDS && fill_file(fd);
	     round++) {
		touch_file(fd, false, &out->file_fault);
		touch_file(fd, true, &out->cow_fault);
		if (lseek(fd, 0, SEEK_SET) != 0)
			break;
	}
	close(fd);
}

/* ---- another CPU ---- */

struct helper {
	atomic_bool runs;
	atomic_bool stop;
	int cpu;
};

static bool pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set) == 0;
}

static void *spin(void *argument)
{
	struct helper *helper = argument;

	(void)pin(helper->cpu);
	atomic_store(&helper->runs, true);
	while (!atomic_load_explicit(&helper->stop, memory_order_relaxed))
		continue;
	return NULL;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/*
 * The time of taking the right to write a page and giving it back: the median,
 * since the other CPU may have been busy in the shortest round.
 */
static double protect_pages(char *page)
{
	double times[PW_MEASURE_ROUNDS];

	for (int round = 0; round < PW_MEASURE_ROUNDS; round++) {
		double start = pw_measure_now();

		for (int i = 0; i < CALLS; i++) {
			*(volatile char *)page = 1;
			(void)mprotect(page, PW_PAGE_BYTES, PROT_READ);
			(void)mprotect(page, PW_PAGE_BYTES,
				       PROT_READ | PROT_WRITE);
		}
		times[round] = (pw_measure_now() - start) / CALLS;
	}
	qsort(times, PW_COUNT(times), sizeof(*times), compare);
	return times[PW_COUNT(times) / 2];
}

/* Two CPUs of @all, and whether there are so many. */
static bool choose_cpus(const cpu_set_t *all, int *here, int *there)
{
	*here = -1;
	*there = -1;
	for (int i = 0; i < CPU_SETSIZE && *there < 0; i++) {
		if (!CPU_ISSET((size_t)i, all))
			continue;
		*there = *here < 0 ? -1 : i;
		*here = *here < 0 ? i : *here;
	}
	return *there >= 0;
}

static void measure_with_helper(char *page, int there, double *ns)
{
	struct helper helper = {.cpu = there};
	double alone = protect_pages(page);
	pthread_t thread;
	double together;

	if (pthread_create(&thread, NULL, spin, &helper) != 0)
		return;
	while (!atomic_load(&helper.runs))
		sched_yield();
	together = protect_pages(page);
	atomic_store(&helper.stop, true);
	pthread_join(thread, NULL);
	if (together > alone)
		*ns = together - alone;
}

static enum pw_status measure_shootdown(double *ns, struct pw_error *err)
{
	char *page = map_memory(PW_PAGE_BYTES);
	cpu_set_t before;
	int here, there;

	if (!page)
		return pw_fail_memory(err, "a page");
	if (sched_getaffinity(0, sizeof(before), &before) == 0 &&
	    choose_cpus(&before, &here, &there) && pin(here)) {
		measure_with_helper(page, there, ns);
		(void)sched_setaffinity(0, sizeof(before), &before);
	}
	munmap(page, PW_PAGE_BYTES);
	return PW_OK;
}

enum pw_status pw_measure_events(struct pw_measured_events *out,
				 struct pw_error *err)
{
	enum pw_status st;

	*out = (struct pw_measured_events){0};
	st = measure_call(&out->call, err);
	if (st == PW_OK)
		st = measure_unmap(&out->unmap_page, err);
	if (st == PW_OK)
		st = measure_fork(&out->fork_page, err);
	if (st == PW_OK)
		st = measure_shootdown(&out->shootdown_ipi, err);
	if (st == PW_OK)
		measure_file(out);
	return st;
}
