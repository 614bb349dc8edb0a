/*
 * qemu_region.c - make, read and free the rings.
 *
 * The guard is a child process that waits for the recorder's end. When the
 * recorder is killed, so are the processes that own rings, as a tracer's
 * targets are: else they would wait for room in vain.
 */
#include "capture/qemu_region.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/assert.h"

#define WORDS_BYTES (PW_RING_WORDS * sizeof(uint64_t))
#define KILL_ROUNDS 50
#define KILL_PAUSE_NS 20000000L

struct pw_ring *pw_qemu_region_at(const struct pw_qemu_region *region,
				  unsigned number)
{
	PW_ASSERT(number < PW_RINGS);
	return pw_region_ring(region->control, number);
}

static void futex_wake(_Atomic uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

void pw_qemu_ring_answer(struct pw_ring *ring)
{
	atomic_store(&ring->answer, 1);
	futex_wake(&ring->answer);
}

static void wake_owners(const struct pw_qemu_region *region)
{
	for (unsigned i = 0; i < PW_RINGS; i++) {
		struct pw_ring *ring = pw_qemu_region_at(region, i);

		if (atomic_load(&ring->state) == PW_RING_FREE)
			continue;
		atomic_store(&ring->limit, 0);
		atomic_fetch_add(&ring->space, 1);
		futex_wake(&ring->space);
		pw_qemu_ring_answer(ring);
	}
}

/*
 * Rounds, since a process may be making another one meanwhile. One that comes
 * too late for all of them finds the word in the region, and ends itself.
 */
static void kill_owners(const struct pw_qemu_region *region)
{
	const struct timespec pause = {0, KILL_PAUSE_NS};

	wake_owners(region);
	for (int round = 0; round < KILL_ROUNDS; round++) {
		bool found = false;

		for (unsigned i = 0; i < PW_RINGS; i++) {
			struct pw_ring *ring = pw_qemu_region_at(region, i);
			uint32_t pid = atomic_load(&ring->pid);

			if (atomic_load(&ring->state) == PW_RING_FREE || !pid)
				continue;
			kill((pid_t)pid, SIGKILL);
			atomic_store(&ring->pid, 0);
			found = true;
		}
		if (!found && round > 1)
			return;
		nanosleep(&pause, NULL);
	}
}

static _Noreturn void guard(const struct pw_qemu_region *region, int pipe)
{
	uint32_t on = PW_REGION_ON;
	char byte;
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	prctl(PR_SET_NAME, "pagewalk-guard");
	while (read(pipe, &byte, 1) < 0 && errno == EINTR)
		;
	if (atomic_compare_exchange_strong(&region->control->off, &on,
					   PW_REGION_KILLED))
		kill_owners(region);
	_exit(0);
}

static enum pw_status start_guard(struct pw_qemu_region *region,
				  struct pw_error *err)
{
	int pair[2];

	if (pipe2(pair, O_CLOEXEC) != 0)
		return pw_fail_errno(err, PW_ERR_SYSTEM, errno, "a pipe");
	region->guard = fork();
	if (region->guard == 0) {
		close(pair[1]);
		guard(region, pair[0]);
	}
	close(pair[0]);
	region->guard_pipe = pair[1];
	if (region->guard < 0)
		return pw_fail_errno(err, PW_ERR_SYSTEM, errno, "fork");
	return PW_OK;
}

enum pw_status pw_qemu_region_make(struct pw_qemu_region *region,
				   bool follow_children, struct pw_error *err)
{
	struct stat st;
	void *memory;

	*region = (struct pw_qemu_region){.guard_pipe = -1};
	region->fd = memfd_create("pagewalk-rings", MFD_CLOEXEC);
	if (region->fd < 0 ||
	    ftruncate(region->fd, (off_t)PW_REGION_BYTES) != 0)
		return pw_fail_errno(err, PW_ERR_SYSTEM, errno,
				     "memory shared with the emulator");
	memory = mmap(NULL, PW_REGION_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED,
		      region->fd, 0);
	if (memory == MAP_FAILED)
		return pw_fail_errno(err, PW_ERR_SYSTEM, errno,
				     "memory shared with the emulator");
	region->control = memory;
	region->control->recorder_pid = (uint32_t)getpid();
	region->control->pid_namespace =
		stat("/proc/self/ns/pid", &st) == 0 ? st.st_ino : 0;
	region->control->follow_children = follow_children;
	region->control->magic = PW_REGION_MAGIC;
	return start_guard(region, err);
}

void pw_qemu_region_free(struct pw_qemu_region *region)
{
	if (region->control) {
		pw_qemu_region_off(region);
		for (unsigned i = 0; i < PW_RINGS; i++)
			if (region->words[i])
				munmap(region->words[i], 2 * WORDS_BYTES);
		munmap(region->control, PW_REGION_BYTES);
	}
	if (region->guard_pipe >= 0)
		close(region->guard_pipe);
	if (region->guard > 0)
		waitpid(region->guard, NULL, 0);
	if (region->fd >= 0)
		close(region->fd);
	*region = (struct pw_qemu_region){.fd = -1, .guard_pipe = -1};
}

enum pw_status pw_qemu_region_words(struct pw_qemu_region *region,
				    unsigned number, const uint64_t **out,
				    struct pw_error *err)
{
	const off_t offset =
		(off_t)(PW_RING_HEAD_BYTES + number * PW_RING_BYTES +
			PW_RING_HEAD_BYTES);
	uint8_t *twice;

	PW_ASSERT(number < PW_RINGS);
	*out = region->words[number];
	if (*out)
		return PW_OK;
	twice = mmap(NULL, 2 * WORDS_BYTES, PROT_NONE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (twice == MAP_FAILED ||
	    mmap(twice, WORDS_BYTES, PROT_READ, MAP_SHARED | MAP_FIXED,
		 region->fd, offset) == MAP_FAILED ||
	    mmap(twice + WORDS_BYTES, WORDS_BYTES, PROT_READ,
		 MAP_SHARED | MAP_FIXED, region->fd, offset) == MAP_FAILED)
		return pw_fail_errno(err, PW_ERR_SYSTEM, errno,
				     "memory shared with the emulator");
	region->words[number] = (uint64_t *)(void *)twice;
	*out = region->words[number];
	return PW_OK;
}

void pw_qemu_ring_release(struct pw_ring *ring, uint64_t position)
{
	PW_DEBUG_ASSERT(position >= atomic_load(&ring->tail));
	atomic_store_explicit(&ring->tail, position, memory_order_release);
	atomic_thread_fence(memory_order_seq_cst);
	if (!atomic_load_explicit(&ring->waiting, memory_order_relaxed))
		return;
	/* Let it fill half of the ring before it waits again. */
	if (atomic_load(&ring->head) - position > PW_RING_WORDS / 2)
		return;
	atomic_store(&ring->waiting, 0);
	atomic_fetch_add(&ring->space, 1);
	futex_wake(&ring->space);
}

void pw_qemu_ring_free(struct pw_qemu_region *region, unsigned number)
{
	struct pw_ring *ring = pw_qemu_region_at(region, number);

	fallocate(region->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		  (off_t)(PW_RING_HEAD_BYTES + number * PW_RING_BYTES +
			  PW_RING_HEAD_BYTES),
		  (off_t)WORDS_BYTES);
	atomic_store(&ring->pid, 0);
	atomic_store(&ring->state, PW_RING_FREE);
}

void pw_qemu_region_off(struct pw_qemu_region *region)
{
	atomic_store(&region->control->off, PW_REGION_ENDED);
	wake_owners(region);
}

void pw_qemu_region_sleep(struct pw_qemu_region *region, unsigned milliseconds)
{
	const struct timespec limit = {
		.tv_sec = milliseconds / 1000,
		.tv_nsec = (long)(milliseconds % 1000) * 1000000L,
	};

	syscall(SYS_futex, &region->control->bell, FUTEX_WAIT, region->bell,
		&limit, NULL, 0);
	region->bell = atomic_load(&region->control->bell);
}
