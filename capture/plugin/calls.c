/*
 * calls.c - system calls of the emulated program, as its threads make them.
 *
 * What a call means is said by capture/call.h, with memory and descriptors
 * looked at here and now, inside the process.
 */
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "capture/call_seek.h"
#include "capture/plugin/state.h"

#define PROC "/proc/thread-self"
#define LOCK_NS 1000000000L
#define ACTION_HANDLER_BYTES 8

static size_t read_memory(void *state, uint64_t address, void *buffer,
			  size_t bytes)
{
	(void)state;
	return pw_plugin_read(address, buffer, bytes);
}

static void look_at_file(void *state, int fd, struct pw_call_file *out)
{
	char link[32];
	struct stat st;
	ssize_t length;

	(void)state;
	memset(out, 0, offsetof(struct pw_call_file, path) + 1);
	if (fd < 0 || fstat(fd, &st) != 0)
		return;
	out->device = st.st_dev;
	out->inode = st.st_ino;
	out->bytes = (uint64_t)st.st_size;
	out->links = st.st_nlink;
	out->regular = S_ISREG(st.st_mode);
	out->discards = pw_call_discards(st.st_mode, st.st_rdev);
	if (!S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode))
		return; /* nobody maps it or asks for its name */
	snprintf(link, sizeof(link), PROC "/fd/%d", fd);
	length = readlink(link, out->path, sizeof(out->path) - 1);
	out->path[length > 0 ? length : 0] = '\0';
}

static uint64_t tell_offset(void *state, int fd)
{
	off_t at = lseek(fd, 0, SEEK_CUR);

	(void)state;
	return at < 0 ? UINT64_MAX : (uint64_t)at;
}

static uint64_t tell_pid(void *state, int fd)
{
	(void)state;
	return fd < 0 ? (uint64_t)pw_plugin.pid : pw_call_seek_pid(PROC, fd);
}

static void look_at_path(void *state, int dirfd, const char *path, bool follow,
			 struct pw_call_file *out)
{
	(void)state;
	pw_call_seek_path(PROC, dirfd, path, follow, out);
}

static bool is_open(void *state, uint64_t device, uint64_t inode)
{
	(void)state;
	return pw_call_seek_open(PROC, device, inode);
}

struct sought {
	uint64_t address;
	uint64_t bytes;
};

static void compare(void *state, uint64_t start, uint64_t end)
{
	struct sought *sought = state;

	if (start == sought->address)
		sought->bytes = end - start;
}

static uint64_t measure_mapping(void *state, uint64_t address)
{
	struct sought sought = {address, 0};

	(void)state;
	pw_plugin_maps(compare, &sought);
	return sought.bytes;
}

static unsigned count_args(const struct pw_event *event)
{
	unsigned count = PW_EVENT_ARGS;

	while (count > 0 && event->arg[count - 1] == 0)
		count--;
	return count;
}

static void put_event(void *state, const struct pw_event *event)
{
	struct pw_vcpu *self = state;

	pw_ring_wait(self->ring);
	pw_ring_event(self->ring, event->kind, event, count_args(event));
}

static void put_access(void *state, uint64_t address, uint64_t bytes,
		       bool store)
{
	struct pw_vcpu *self = state;

	pw_ring_wait(self->ring);
	pw_plugin_kernel(self->ring, address, bytes, store);
}

static const struct pw_call_ops ops = {
	.read = read_memory,
	.file = look_at_file,
	.offset = tell_offset,
	.pid = tell_pid,
	.path = look_at_path,
	.open = is_open,
	.mapping_bytes = measure_mapping,
	.event = put_event,
	.access = put_access,
};

/*
 * Calls that change the address space are recorded in the order in which the
 * kernel makes them. QEMU makes them one at a time as well. Who waits longer
 * than a second goes ahead: better a doubtful order than a deadlock.
 */
static void lock_space(struct pw_vcpu *self)
{
	const struct timespec limit = {0, LOCK_NS - 1};
	uint32_t unlocked = 0;

	while (!atomic_compare_exchange_strong(&pw_plugin.space_lock, &unlocked,
					       1)) {
		if (syscall(SYS_futex, &pw_plugin.space_lock, FUTEX_WAIT, 1,
			    &limit, NULL, 0) != 0 &&
		    atomic_load(&pw_plugin.space_lock))
			return;
		unlocked = 0;
	}
	self->locked = true;
}

static void unlock_space(struct pw_vcpu *self)
{
	if (!self->locked)
		return;
	self->locked = false;
	atomic_store(&pw_plugin.space_lock, 0);
	syscall(SYS_futex, &pw_plugin.space_lock, FUTEX_WAKE, 1, NULL, NULL, 0);
}

/* The words that the kernel clears when the thread ends. */
static void enter_end(struct pw_vcpu *self)
{
	if (self->clear_tid)
		put_access(self, self->clear_tid, 4, true);
}

void pw_plugin_call_enter(unsigned vcpu, int64_t number,
			  const uint64_t arg[PW_CALL_ARGS])
{
	struct pw_vcpu *self = &pw_plugin.vcpu[vcpu];
	unsigned traits;

	if (pw_plugin_off() || (self->ring && !self->started)) {
		pw_vcpu_check(vcpu);
		return;
	}
	if (!pw_plugin.followed)
		return;
	self->call = (struct pw_call){
		.machine = pw_plugin.machine,
		.id = pw_call_id(pw_plugin.machine, (uint64_t)number),
		.number = (uint64_t)number,
	};
	memcpy(self->call.arg, arg, sizeof(self->call.arg));
	traits = pw_call_traits(&self->call);
	self->in_call = true;
	if (!self->ring) {
		if (traits & PW_CALL_EXEC)
			pw_plugin_exec(vcpu, &self->call);
		return;
	}
	if (traits & PW_CALL_SPACE)
		lock_space(self);
	pw_call_enter(&self->call, pw_ring_scratch(self->ring), &ops, self);
	if (traits & PW_CALL_ENDS)
		enter_end(self);
	if (traits & PW_CALL_SIGRETURN)
		put_event(self, &(struct pw_event){.kind = PW_EVENT_sigreturn});
	/* What came so far is whole, whatever comes next. */
	pw_vcpu_stretch(vcpu);
	atomic_store(&self->ring->open_stamp, UINT64_MAX);
	if (traits & PW_CALL_EXEC)
		pw_plugin_exec(vcpu, &self->call);
}

/*
 * The arguments of clone differ in their order.
 * Source: Linux kernel/fork.c, CLONE_BACKWARDS.
 */
void pw_plugin_thread_made(unsigned vcpu, uint32_t maker_tid)
{
	struct pw_vcpu *child = &pw_plugin.vcpu[vcpu];
	const unsigned tid_word = pw_plugin.machine == PW_CALL_X86_64 ? 3 : 4;

	child->clear_tid = 0;
	child->set_tid = 0;
	for (unsigned i = 0; i < pw_plugin.vcpu_end; i++) {
		const struct pw_vcpu *maker = &pw_plugin.vcpu[i];
		const uint64_t *arg = maker->call.arg;

		if (i == vcpu || !maker->ring || !maker->in_call ||
		    atomic_load(&maker->ring->tid) != maker_tid)
			continue;
		if (arg[0] & CLONE_CHILD_CLEARTID)
			child->clear_tid = arg[tid_word];
		if (arg[0] & CLONE_CHILD_SETTID)
			child->set_tid = arg[tid_word];
	}
}

/* The handler that rt_sigaction has set, and whether there is one. */
static void leave_handler(struct pw_vcpu *self)
{
	uint64_t handler = 0;

	if (pw_call_failed(self->call.result) || !self->call.arg[1] ||
	    pw_plugin_read(self->call.arg[1], &handler, ACTION_HANDLER_BYTES) !=
		    ACTION_HANDLER_BYTES)
		return;
	pw_plugin_handler((unsigned)self->call.arg[0], handler);
	pw_ring_note(self->ring, PW_NOTE_HANDLER, self->call.arg[0], handler,
		     NULL);
}

static void leave_mapped(struct pw_vcpu *self)
{
	const uint64_t anonymous = 0x20;

	if (!pw_call_failed(self->call.result) &&
	    !(self->call.arg[3] & anonymous))
		pw_ring_note(self->ring, PW_NOTE_MAPPED, self->call.result,
			     self->call.arg[2], NULL);
}

void pw_plugin_call_leave(unsigned vcpu, int64_t number, int64_t result)
{
	struct pw_vcpu *self = &pw_plugin.vcpu[vcpu];
	pid_t parent = pw_plugin.pid;
	unsigned traits;

	if (!self->in_call || (uint64_t)number != self->call.number)
		return;
	traits = pw_call_traits(&self->call);
	self->call.result = (uint64_t)result;
	if ((traits & PW_CALL_CHILD) && result == 0 && getpid() != parent)
		pw_plugin_forked(vcpu, parent,
				 self->ring ? atomic_load(&self->ring->tid)
					    : 0);
	self->in_call = false;
	if (!self->ring)
		return;
	pw_vcpu_check(vcpu);
	if (self->ring) {
		pw_call_leave(&self->call, pw_ring_scratch(self->ring), &ops,
			      self);
		if (traits & PW_CALL_HANDLER)
			leave_handler(self);
		if (traits & PW_CALL_EXEC)
			pw_ring_note(self->ring, PW_NOTE_STAYED, 0, 0, NULL);
		if (traits & PW_CALL_SPACE) {
			leave_mapped(self);
			pw_vcpus_bump(vcpu);
		}
	}
	unlock_space(self);
}
