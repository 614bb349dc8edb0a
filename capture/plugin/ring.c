/*
 * ring.c - the thread's side of the shared rings.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "capture/plugin/state.h"

#define WAIT_NS 100000000L
#define CLAIM_PAUSE_NS 1000000L
#define PAGE_BYTES 4096u
#define MAPS_BYTES 4096

struct pw_plugin pw_plugin;
struct pw_ring *pw_vcpu_ring[PW_VCPUS];

/* A ring that nobody reads, for threads that are not recorded. */
static union {
	struct pw_ring ring;
	uint8_t bytes[PW_RING_BYTES];
} sink __attribute__((aligned(4096)));

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void futex_wait(_Atomic uint32_t *word, uint32_t value)
{
	const struct timespec limit = {0, WAIT_NS};

	syscall(SYS_futex, word, FUTEX_WAIT, value, &limit, NULL, 0);
}

static void ring_bell(void)
{
	struct pw_region *region = pw_plugin.region;

	atomic_fetch_add(&region->bell, 1);
	syscall(SYS_futex, &region->bell, FUTEX_WAKE, 1, NULL, NULL, 0);
}

bool pw_plugin_off(void)
{
	struct pw_region *region = pw_plugin.region;

	return atomic_load_explicit(&region->off, memory_order_relaxed);
}

void pw_plugin_end_orphan(void)
{
	struct pw_region *region = pw_plugin.region;

	if (atomic_load(&region->off) == PW_REGION_KILLED)
		kill(getpid(), SIGKILL);
}

/* Whether the recorder's pid means the recorder here, and ours us there. */
static bool is_in_sight(void)
{
	const struct pw_region *region = pw_plugin.region;
	struct stat st;

	return stat("/proc/self/ns/pid", &st) == 0 &&
	       st.st_ino == region->pid_namespace;
}

/*
 * A recorder that has been killed makes no room any more. Its guard says so,
 * unless it has been killed, too.
 */
static void look_for_recorder(void)
{
	struct pw_region *region = pw_plugin.region;
	uint32_t on = PW_REGION_ON;

	if (!region)
		return;
	if (kill((pid_t)region->recorder_pid, 0) != 0 && errno == ESRCH &&
	    is_in_sight())
		atomic_compare_exchange_strong(&region->off, &on,
					       PW_REGION_KILLED);
	pw_plugin_end_orphan();
}

void pw_plugin_missed(bool process)
{
	struct pw_region *region = pw_plugin.region;

	if (pw_plugin_off())
		return;
	atomic_fetch_add(process ? &region->processes_missed
				 : &region->threads_missed,
			 1);
	atomic_fetch_add(&region->claims, 1); /* so that it is looked at */
}

struct pw_call_scratch *pw_ring_scratch(const struct pw_ring *ring)
{
	/* A ring has one owner in all processes: no two share an entry. */
	static struct pw_call_scratch scratch[PW_RINGS];
	const uint8_t *first =
		(const void *)pw_region_ring(pw_plugin.region, 0);

	return &scratch[(size_t)((const uint8_t *)ring - first) /
			PW_RING_BYTES];
}

void pw_ring_publish(struct pw_ring *ring, enum pw_ring_state state)
{
	struct pw_region *region = pw_plugin.region;

	atomic_store(&ring->state, state);
	atomic_fetch_add(&region->claims, 1);
}

void pw_plugin_new_image(void)
{
	pw_plugin.pid = getpid();
	pw_plugin.image = now_ns();
	pw_plugin.code = NULL;
}

static struct pw_ring *try_claim(unsigned end)
{
	for (unsigned i = 0; i < end; i++) {
		struct pw_ring *ring = pw_region_ring(pw_plugin.region, i);
		uint32_t unused = PW_RING_FREE;

		if (atomic_load(&ring->state) != PW_RING_FREE ||
		    !atomic_compare_exchange_strong(&ring->state, &unused,
						    PW_RING_CLAIMED))
			continue;
		atomic_store(&ring->head, 0);
		atomic_store(&ring->tail, 0);
		atomic_store(&ring->limit, 0);
		atomic_store(&ring->waiting, 0);
		atomic_store(&ring->answer, 0);
		atomic_store(&ring->tid, 0);
		atomic_store(&ring->open_stamp, now_ns());
		atomic_store(&ring->image, pw_plugin.image);
		atomic_store(&ring->pid, (uint32_t)getpid());
		return ring;
	}
	return NULL;
}

/* Whether the recorder will free a ring soon. */
static bool is_any_done(void)
{
	for (unsigned i = 0; i < PW_RINGS; i++)
		if (atomic_load(&pw_region_ring(pw_plugin.region, i)->state) ==
		    PW_RING_DONE)
			return true;
	return false;
}

struct pw_ring *pw_ring_claim(bool vital)
{
	const struct timespec pause = {0, CLAIM_PAUSE_NS};
	const unsigned end = vital ? PW_RINGS : PW_RINGS - PW_RINGS_VITAL;
	struct pw_ring *ring = try_claim(end);

	while (!ring && is_any_done() && !pw_plugin_off()) {
		ring_bell();
		nanosleep(&pause, NULL);
		look_for_recorder();
		ring = try_claim(end);
	}
	return ring;
}

void pw_vcpu_open(unsigned vcpu)
{
	struct pw_vcpu *self = &pw_plugin.vcpu[vcpu];

	pw_plugin_end_orphan();
	self->ring = NULL;
	if (pw_plugin.followed && !pw_plugin_off()) {
		self->ring = pw_ring_claim(!pw_plugin.started);
		if (!self->ring)
			pw_plugin_missed(!pw_plugin.started);
		if (!self->ring && !pw_plugin.started)
			pw_plugin.followed = false;
	}
	self->started = false;
	self->in_call = false;
	self->locked = false;
	if (vcpu >= pw_plugin.vcpu_end)
		pw_plugin.vcpu_end = vcpu + 1;
	if (!self->ring) {
		atomic_store(&sink.ring.limit, UINT64_MAX);
		pw_vcpu_ring[vcpu] = &sink.ring;
		return;
	}
	pw_ring_scratch(self->ring)->rseq = 0; /* of an earlier thread */
	pw_ring_publish(self->ring, PW_RING_THREAD);
	pw_vcpu_ring[vcpu] = self->ring;
}

void pw_vcpu_close(unsigned vcpu)
{
	struct pw_vcpu *self = &pw_plugin.vcpu[vcpu];

	if (self->ring) {
		atomic_store(&self->ring->open_stamp, UINT64_MAX);
		atomic_store(&self->ring->state, PW_RING_DONE);
	}
	self->ring = NULL;
	pw_vcpu_ring[vcpu] = &sink.ring;
}

static uint64_t room(struct pw_ring *ring)
{
	return PW_RING_WORDS -
	       (atomic_load(&ring->head) - atomic_load(&ring->tail));
}

void pw_ring_wait(struct pw_ring *ring)
{
	while (room(ring) < PW_RESERVE_WORDS + PW_STRETCH_WORDS &&
	       !pw_plugin_off()) {
		uint32_t seen = atomic_load(&ring->space);

		atomic_store(&ring->waiting, 1);
		atomic_thread_fence(memory_order_seq_cst);
		if (room(ring) >= PW_RESERVE_WORDS + PW_STRETCH_WORDS)
			break;
		ring_bell();
		futex_wait(&ring->space, seen);
		look_for_recorder();
	}
	atomic_store(&ring->waiting, 0);
}

void pw_ring_await_answer(struct pw_ring *ring)
{
	ring_bell();
	while (!atomic_load(&ring->answer) && !pw_plugin_off()) {
		futex_wait(&ring->answer, 0);
		look_for_recorder();
	}
	atomic_store(&ring->answer, 0);
}

/* The limit is set before the stamp is taken: a bump in between is not lost. */
void pw_vcpu_stretch(unsigned vcpu)
{
	struct pw_vcpu *self = &pw_plugin.vcpu[vcpu];
	struct pw_ring *ring = self->ring;
	uint64_t stamp;
	unsigned cpu = 0;

	if (!ring)
		return;
	atomic_store(&ring->limit, atomic_load(&ring->head) + PW_STRETCH_WORDS);
	atomic_thread_fence(memory_order_seq_cst);
	stamp = now_ns() & PW_WORD_OPERAND;
	atomic_store(&ring->open_stamp, stamp);
	pw_ring_put(ring, pw_word(PW_WORD_STAMP, stamp));
	if (getcpu(&cpu, NULL) == 0 && cpu + 1 != self->cpu) {
		self->cpu = cpu + 1;
		pw_ring_note(ring, PW_NOTE_CPU, cpu, stamp, NULL);
	}
}

/* The thread runs for the first time: it says who it is. */
static void announce(unsigned vcpu)
{
	struct pw_vcpu *self = &pw_plugin.vcpu[vcpu];
	struct pw_ring *ring = self->ring;

	self->started = true;
	atomic_store(&ring->tid, (uint32_t)gettid());
	if (pw_plugin.started) {
		pw_vcpu_stretch(vcpu);
		pw_ring_note(ring, PW_NOTE_THREAD, self->parent_tid, 0, NULL);
		if (self->set_tid)
			pw_plugin_kernel(ring, self->set_tid, 4, true);
		self->cpu = 0; /* told again, now that it is known whose */
		return;
	}
	pw_plugin.started = true;
	pw_vcpu_stretch(vcpu);
	pw_ring_note(ring, PW_NOTE_START, pw_plugin.machine, pw_plugin.floor,
		     NULL);
	pw_ring_await_answer(ring);
	self->cpu = 0;
}

/* Write on where nobody reads. */
static void switch_off(unsigned vcpu)
{
	pw_plugin.vcpu[vcpu].ring = NULL;
	atomic_store(&sink.ring.limit, UINT64_MAX);
	pw_vcpu_ring[vcpu] = &sink.ring;
}

void pw_vcpu_check(unsigned vcpu)
{
	struct pw_vcpu *self = &pw_plugin.vcpu[vcpu];

	if (!self->ring)
		return;
	if (!self->started && !pw_plugin_off())
		announce(vcpu);
	pw_ring_wait(self->ring);
	pw_plugin_end_orphan();
	if (pw_plugin_off())
		switch_off(vcpu);
	else
		pw_vcpu_stretch(vcpu);
}

void pw_vcpus_bump(unsigned vcpu)
{
	for (unsigned i = 0; i < pw_plugin.vcpu_end; i++) {
		/* Its thread may be giving it back: look once. */
		struct pw_ring *ring = __atomic_load_n(&pw_plugin.vcpu[i].ring,
						       __ATOMIC_RELAXED);

		if (i != vcpu && ring)
			atomic_store(&ring->limit, 0);
	}
}

void pw_ring_event(struct pw_ring *ring, unsigned kind,
		   const struct pw_event *event, unsigned args)
{
	const char *text = event->text ? event->text : "";
	size_t length = strlen(text);
	uint64_t words;

	if (length > PW_CALL_TEXT_BYTES - 1)
		length = PW_CALL_TEXT_BYTES - 1;
	words = 1 + args + (length ? length / 8 + 1 : 0);
	pw_ring_put(ring, pw_word(PW_WORD_EVENT,
				  kind | words << 16 | (uint64_t)args << 32));
	pw_ring_put(ring, event->result);
	for (unsigned i = 0; i < args; i++)
		pw_ring_put(ring, event->arg[i]);
	for (size_t at = 0; length && at <= length; at += 8) {
		uint64_t word = 0;

		memcpy(&word, text + at, length - at < 8 ? length - at : 8);
		pw_ring_put(ring, word);
	}
}

void pw_ring_note(struct pw_ring *ring, enum pw_note note, uint64_t first,
		  uint64_t second, const char *text)
{
	const struct pw_event event = {.arg = {first, second}, .text = text};

	pw_ring_event(ring, note, &event, 2);
}

void pw_plugin_kernel(struct pw_ring *ring, uint64_t address, uint64_t bytes,
		      bool store)
{
	pw_ring_put(ring, pw_word(PW_WORD_KERNEL, store));
	pw_ring_put(ring, address);
	pw_ring_put(ring, bytes);
}

/* Of the threads of the parent only the one that forked is here. */
void pw_plugin_forked(unsigned vcpu, pid_t parent, uint32_t parent_tid)
{
	struct pw_region *region = pw_plugin.region;
	struct pw_vcpu *self = &pw_plugin.vcpu[vcpu];
	const struct pw_event forked = {
		.arg = {(uint64_t)parent, parent_tid, pw_plugin.blocks,
			pw_plugin.image},
	};
	const struct pw_call_scratch *creator =
		self->ring ? pw_ring_scratch(self->ring) : NULL;
	bool in_call = self->in_call;

	pw_plugin_new_image();
	pw_plugin.followed &= region->follow_children != 0;
	atomic_store(&pw_plugin.space_lock, 0);
	for (unsigned i = 0; i < pw_plugin.vcpu_end; i++) {
		pw_plugin.vcpu[i].ring = NULL;
		pw_vcpu_ring[i] = &sink.ring;
	}
	atomic_store(&sink.ring.limit, UINT64_MAX);
	if (pw_plugin.followed && !is_in_sight()) {
		pw_plugin.followed = false;
		atomic_fetch_add(&region->processes_hidden, 1);
		atomic_fetch_add(&region->claims, 1);
	}
	if (!pw_plugin.followed)
		return;
	pw_plugin.started = false; /* its ring is a vital one */
	pw_vcpu_open(vcpu);
	pw_plugin.started = true;
	self->in_call = in_call;
	if (!self->ring)
		return;
	if (creator)
		pw_call_inherit(pw_ring_scratch(self->ring), creator, 0);
	self->started = true;
	self->cpu = 0;
	atomic_store(&self->ring->tid, (uint32_t)gettid());
	pw_vcpu_stretch(vcpu);
	pw_ring_event(self->ring, PW_NOTE_FORKED, &forked, 4);
	pw_ring_await_answer(self->ring);
	self->cpu = 0;
}

/*
 * In pieces of a page: the kernel stops in front of one it cannot read. By this
 * thread, since the first one of the process may have ended.
 */
size_t pw_plugin_read(uint64_t address, void *buffer, size_t bytes)
{
	union {
		uint64_t number;
		void *pointer;
	} remote = {address};
	size_t done = 0;

	while (done < bytes) {
		size_t piece = PAGE_BYTES - (address + done) % PAGE_BYTES;
		struct iovec local, from;

		piece = piece < bytes - done ? piece : bytes - done;
		local = (struct iovec){(uint8_t *)buffer + done, piece};
		remote.number = address + done;
		from = (struct iovec){remote.pointer, piece};
		if (process_vm_readv(gettid(), &local, 1, &from, 1, 0) !=
		    (ssize_t)piece)
			break;
		done += piece;
	}
	return done;
}

static uint64_t parse_hex(const char **at)
{
	uint64_t value = 0;

	for (;; (*at)++) {
		char c = **at;

		if (c >= '0' && c <= '9')
			value = value << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			value = value << 4 | (uint64_t)(c - 'a' + 10);
		else
			return value;
	}
}

/* The file is read in pieces; a line is looked at once it is whole. */
void pw_plugin_maps(void (*each)(void *state, uint64_t start, uint64_t end),
		    void *state)
{
	char line[MAPS_BYTES + 1], buffer[MAPS_BYTES];
	int fd = open("/proc/thread-self/maps", O_RDONLY | O_CLOEXEC);
	size_t length = 0;
	ssize_t got;

	while (fd >= 0 && (got = read(fd, buffer, sizeof(buffer))) > 0)
		for (ssize_t i = 0; i < got; i++) {
			const char *at = line;
			uint64_t start, end;

			if (buffer[i] != '\n') {
				if (length < MAPS_BYTES)
					line[length++] = buffer[i];
				continue;
			}
			line[length] = '\0';
			length = 0;
			start = parse_hex(&at);
			at += *at == '-';
			end = parse_hex(&at);
			each(state, start, end);
		}
	if (fd >= 0)
		close(fd);
}
