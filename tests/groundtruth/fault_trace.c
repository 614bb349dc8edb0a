/*
 * fault_trace.c - runs a program as a recording with --no-aslr runs it, and
 * writes each page fault that the kernel reports, in order, as a line
 * "PID m PAGE", or M for a major one; pages are in hexadecimal.
 *
 * fault_trace OUT PROGRAM [ARGUMENT...]: ends as the program does; with 77 if
 * the kernel does not let faults be seen.
 *
 * Pages that a system call brings in without an exception are not reported.
 * Source: perf_event_open(2); Linux mm/memory.c mm_account_fault.
 */
#define _GNU_SOURCE
#include <linux/perf_event.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define CPUS_MAX 256
#define RING_BYTES (128 * 4096)
#define SKIPPED 77

/* What the kernel reports of faults of one kind on one CPU. */
struct ring {
	int fd;
	char kind;
	struct perf_event_mmap_page *head;
};

/* A record with the sample type that is asked for below. */
struct sample {
	struct perf_event_header header;
	uint32_t pid, tid;
	uint64_t time, address;
};

struct fault {
	uint64_t time, page;
	uint32_t pid;
	char kind;
};

static struct ring rings[2 * CPUS_MAX];
static size_t ring_count;
static struct fault *faults;
static size_t fault_count, fault_room;

static int open_ring(pid_t pid, int cpu, uint64_t config, char kind)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = config,
		.sample_period = 1,
		.sample_type =
			PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_ADDR,
		.disabled = 1,
		.inherit = 1,
		.enable_on_exec = 1,
		.wakeup_events = 1000,
	};
	struct ring *ring = &rings[ring_count];

	ring->kind = kind;
	ring->fd = (int)syscall(SYS_perf_event_open, &attr, pid, cpu, -1,
				PERF_FLAG_FD_CLOEXEC);
	if (ring->fd < 0)
		return -1;
	ring->head = mmap(NULL, 4096 + RING_BYTES, PROT_READ | PROT_WRITE,
			  MAP_SHARED, ring->fd, 0);
	if (ring->head == MAP_FAILED)
		return -1;
	ring_count++;
	return 0;
}

static void copy_out(const struct ring *ring, uint64_t at, void *out,
		     size_t bytes)
{
	const char *data = (const char *)ring->head + 4096;

	for (size_t i = 0; i < bytes; i++)
		((char *)out)[i] = data[(at + i) % RING_BYTES];
}

static int keep(const struct sample *sample, char kind)
{
	if (fault_count == fault_room) {
		fault_room = fault_room ? 2 * fault_room : 4096;
		faults = realloc(faults, fault_room * sizeof(*faults));
		if (!faults)
			return -1;
	}
	faults[fault_count++] = (struct fault){
		sample->time, sample->address >> 12, sample->pid, kind};
	return 0;
}

/* Take what a ring holds. */
static int drain(struct ring *ring)
{
	uint64_t end =
		__atomic_load_n(&ring->head->data_head, __ATOMIC_ACQUIRE);
	uint64_t at = ring->head->data_tail;
	int status = 0;

	while (at < end && status == 0) {
		struct sample sample;

		copy_out(ring, at, &sample.header, sizeof(sample.header));
		if (sample.header.type == PERF_RECORD_LOST)
			status = -1;
		if (sample.header.type == PERF_RECORD_SAMPLE) {
			copy_out(ring, at, &sample, sizeof(sample));
			status = keep(&sample, ring->kind);
		}
		at += sample.header.size;
	}
	__atomic_store_n(&ring->head->data_tail, at, __ATOMIC_RELEASE);
	return status;
}

/* Take all until the program has ended. */
static int watch(pid_t pid, int *status)
{
	pid_t ended = 0;

	while (ended == 0) {
		struct pollfd polled[2 * CPUS_MAX];

		for (size_t i = 0; i < ring_count; i++)
			polled[i] = (struct pollfd){rings[i].fd, POLLIN, 0};
		poll(polled, ring_count, 10);
		ended = waitpid(pid, status, WNOHANG);
		for (size_t i = 0; i < ring_count; i++)
			if (drain(&rings[i]) != 0)
				return -1;
	}
	return ended == pid ? 0 : -1;
}

static int by_time(const void *a, const void *b)
{
	const struct fault *left = a, *right = b;

	return (left->time > right->time) - (left->time < right->time);
}

static int write_out(const char *path)
{
	FILE *out = fopen(path, "we");

	if (!out)
		return -1;
	qsort(faults, fault_count, sizeof(*faults), by_time);
	for (size_t i = 0; i < fault_count; i++)
		fprintf(out, "%u %c %llx\n", faults[i].pid, faults[i].kind,
			(unsigned long long)faults[i].page);
	return fclose(out);
}

/* Start the program, which waits until what is written here can be read. */
static pid_t start(char **words, int *go)
{
	int ends[2];
	pid_t pid;

	if (pipe(ends) != 0 || personality(ADDR_NO_RANDOMIZE) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		char byte;

		close(ends[1]);
		if (read(ends[0], &byte, 1) != 1)
			_exit(127);
		close(ends[0]);
		execv(words[0], words);
		_exit(127);
	}
	close(ends[0]);
	*go = ends[1];
	return pid;
}

int main(int count, char **words)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	int status = 0, go;
	pid_t pid;

	if (count < 3)
		return 64;
	pid = start(words + 2, &go);
	for (int i = 0; pid > 0 && i < cpus && i < CPUS_MAX; i++)
		if (open_ring(pid, i, PERF_COUNT_SW_PAGE_FAULTS_MIN, 'm') ||
		    open_ring(pid, i, PERF_COUNT_SW_PAGE_FAULTS_MAJ, 'M')) {
			perror("perf_event_open");
			return SKIPPED;
		}
	if (pid <= 0 || write(go, "", 1) != 1 || close(go) != 0 ||
	    watch(pid, &status) != 0 || write_out(words[1]) != 0) {
		fprintf(stderr, "fault_trace: faults were lost\n");
		return 74;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
