/*
 * measure.c - what translations and faults cost on the machine that runs this.
 */
#include "replay/machine/measure.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/bits.h"
#include "base/random.h"
#include "replay/machine/measure_time.h"

#define LINE_BYTES 64
#define LINES_A_PAGE (PW_PAGE_BYTES / LINE_BYTES)
#define LOADS (UINT64_C(1) << 19) /* of a round, at least */
#define ADDS (UINT64_C(1) << 24)
#define FAULT_PAGES 4096

double pw_measure_clock(void)
{
	double least = 0;

	for (int round = 0; round < PW_MEASURE_ROUNDS; round++) {
		uint64_t sum = 1;
		double start = pw_measure_now();

		for (uint64_t i = 0; i < ADDS; i += 8) {
			/* The compiler may not see through the additions. */
			for (int j = 0; j < 8; j++) {
				sum += i;
				__asm__ volatile("" : "+r"(sum));
			}
		}
		pw_measure_least(&least, pw_measure_now() - start);
	}
	PW_ASSERT(least > 0);
	return (double)ADDS / least * 1e9;
}

/* ---- chains of loads ---- */

/* Pages that are not merged to larger ones; NULL without memory. */
static void *map_pages(uint64_t pages)
{
	void *memory = mmap(NULL, pages * PW_PAGE_BYTES, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		return NULL;
	(void)madvise(memory, pages * PW_PAGE_BYTES, MADV_NOHUGEPAGE);
	return memory;
}

/* Where line @i is. Lines of different pages are in different cache sets. */
static size_t place(uint64_t i, bool dense)
{
	return dense ? (size_t)(i * LINE_BYTES)
		     : (size_t)(i * PW_PAGE_BYTES +
				i % LINES_A_PAGE * LINE_BYTES);
}

/* Make the chain: one cycle through all lines, in random order. */
static bool make_chain(char *memory, uint64_t lines, bool dense)
{
	uint64_t *order = calloc(lines, sizeof(*order));
	struct pw_random random;

	if (!order)
		return false;
	pw_random_seed(&random, lines);
	for (uint64_t i = 0; i < lines; i++)
		order[i] = i;
	for (uint64_t i = lines - 1; i > 0; i--) {
		uint64_t j = pw_random_below(&random, i + 1);
		uint64_t other = order[j];

		order[j] = order[i];
		order[i] = other;
	}
	for (uint64_t i = 0; i < lines; i++) {
		void *next = memory + place(order[(i + 1) % lines], dense);

		memcpy(memory + place(order[i], dense), &next, sizeof(next));
	}
	free(order);
	return true;
}

static double follow(void *first, uint64_t loads)
{
	void *volatile *at = first;
	double start = pw_measure_now();

	for (uint64_t i = 0; i < loads; i += 8) {
		for (int j = 0; j < 8; j++)
			at = (void *volatile *)*at;
	}
	/* The chain never ends: at is no null pointer. */
	return at ? (pw_measure_now() - start) / (double)loads : 0;
}

enum pw_status pw_measure_chase(uint64_t lines, bool dense, double *ns,
				struct pw_error *err)
{
	uint64_t pages = dense ? lines / LINES_A_PAGE + 1 : lines;
	uint64_t loads = (LOADS / lines + 1) * lines;
	char *memory = map_pages(pages);

	PW_ASSERT(lines > 1);
	*ns = 0;
	if (!memory)
		return pw_fail_memory(err, "a chain of loads");
	if (!make_chain(memory, lines, dense)) {
		munmap(memory, pages * PW_PAGE_BYTES);
		return pw_fail_memory(err, "a chain of loads");
	}
	(void)follow(memory + place(0, dense), lines);
	for (int round = 0; round < PW_MEASURE_ROUNDS; round++)
		pw_measure_least(ns, follow(memory + place(0, dense), loads));
	munmap(memory, pages * PW_PAGE_BYTES);
	return PW_OK;
}

/* ---- faults ---- */

/* The time of a reference in each of FAULT_PAGES pages, in ns a page. */
static double touch(volatile char *memory, bool write)
{
	double start = pw_measure_now();

	for (size_t i = 0; i < FAULT_PAGES; i++) {
		if (write)
			memory[i * PW_PAGE_BYTES] = 1;
		else
			(void)memory[i * PW_PAGE_BYTES];
	}
	return (pw_measure_now() - start) / FAULT_PAGES;
}

static enum pw_status anonymous(bool write, double *ns, struct pw_error *err)
{
	for (int round = 0; round < PW_MEASURE_ROUNDS; round++) {
		char *memory = map_pages(FAULT_PAGES);

		if (!memory)
			return pw_fail_memory(err, "pages to touch");
		pw_measure_least(ns, touch(memory, write));
		munmap(memory, FAULT_PAGES * PW_PAGE_BYTES);
	}
	return PW_OK;
}

/* A write to each page of @memory by a child, which tells what it took. */
static double write_in_child(char *memory)
{
	double ns = 0;
	int ends[2];
	pid_t child;

	if (pipe(ends) != 0)
		return 0;
	child = fork();
	if (child == 0) {
		ns = touch(memory, true);
		_exit(write(ends[1], &ns, sizeof(ns)) != sizeof(ns));
	}
	close(ends[1]);
	if (child < 0 || read(ends[0], &ns, sizeof(ns)) != sizeof(ns))
		ns = 0;
	close(ends[0]);
	if (child > 0)
		(void)waitpid(child, NULL, 0);
	return ns;
}

static enum pw_status copied(double *ns, struct pw_error *err)
{
	char *memory = map_pages(FAULT_PAGES);

	if (!memory)
		return pw_fail_memory(err, "pages to touch");
	(void)touch(memory, true);
	for (int round = 0; round < PW_MEASURE_ROUNDS; round++) {
		double once = write_in_child(memory);

		if (once > 0)
			pw_measure_least(ns, once);
	}
	munmap(memory, FAULT_PAGES * PW_PAGE_BYTES);
	return PW_OK;
}

enum pw_status pw_measure_faults(struct pw_measured_faults *out,
				 struct pw_error *err)
{
	enum pw_status st;

	*out = (struct pw_measured_faults){0};
	st = anonymous(true, &out->write, err);
	if (st == PW_OK)
		st = anonymous(false, &out->zero_page, err);
	if (st == PW_OK)
		st = copied(&out->fork, err);
	return st;
}
