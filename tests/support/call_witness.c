/*
 * call_witness.c - play system calls and watch the memory.
 */
#include "tests/support/call_witness.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/support/pw_test.h"

static size_t read_own(void *state, uint64_t address, void *buffer,
		       size_t bytes)
{
	struct iovec to = {buffer, bytes};
	struct iovec from = {(void *)(uintptr_t)address, bytes};
	ssize_t got = process_vm_readv(getpid(), &to, 1, &from, 1, 0);

	(void)state;
	return got < 0 ? 0 : (size_t)got;
}

static void file_own(void *state, int fd, struct pw_call_file *out)
{
	struct stat st;

	(void)state;
	if (fstat(fd, &st) != 0)
		return;
	out->device = st.st_dev;
	out->inode = st.st_ino;
	out->bytes = (uint64_t)st.st_size;
	out->regular = S_ISREG(st.st_mode);
}

static uint64_t offset_own(void *state, int fd)
{
	off_t offset = lseek(fd, 0, SEEK_CUR);

	(void)state;
	return offset < 0 ? UINT64_MAX : (uint64_t)offset;
}

static uint64_t no_mapping(void *state, uint64_t address)
{
	(void)state;
	(void)address;
	return 0;
}

static void note_event(void *state, const struct pw_event *event)
{
	struct witness *witness = state;

	witness->events++;
	witness->unseen += event->kind == PW_EVENT_unrecorded;
}

static void note_access(void *state, uint64_t address, uint64_t bytes,
			bool store)
{
	struct witness *witness = state;
	uint64_t start = address - (uintptr_t)witness->area;

	if (start >= WITNESS_AREA_BYTES || bytes > WITNESS_AREA_BYTES - start)
		witness->outside++;
	else
		memset((store ? witness->stored : witness->loaded) + start, 1,
		       bytes);
}

static const struct pw_call_ops ops = {
	.read = read_own,
	.file = file_own,
	.offset = offset_own,
	.mapping_bytes = no_mapping,
	.event = note_event,
	.access = note_access,
};

static struct witness *open_area(void)
{
	struct witness *witness = calloc(1, sizeof(*witness));
	uint8_t *area =
		mmap(NULL, WITNESS_AREA_BYTES + 4096, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_non_null(witness);
	assert_true(area != MAP_FAILED);
	assert_int_equal(mprotect(area + WITNESS_AREA_BYTES, 4096, PROT_NONE),
			 0);
	witness->area = area;
	return witness;
}

static void close_area(struct witness *witness)
{
	munmap(witness->area, WITNESS_AREA_BYTES + 4096);
	syscall(SYS_close_range, 3, UINT_MAX, 0);
	free(witness);
}

void witness_call(struct witness *witness, long number, const uint64_t *arg)
{
	witness->number = (uint64_t)number;
	memcpy(witness->arg, arg, sizeof(witness->arg));
}

void witness_put(struct witness *witness, uint64_t at, const void *from,
		 size_t bytes)
{
	uint64_t end = (uintptr_t)witness->area + WITNESS_AREA_BYTES;

	assert_true(at >= (uintptr_t)witness->area && at <= end);
	memcpy((void *)(uintptr_t)at, from,
	       bytes < end - at ? bytes : (size_t)(end - at));
}

/* Make the call once over an area full of @filling. */
static void play(struct witness *witness, witness_scene scene, uint64_t at,
		 int filling)
{
	static uint8_t before[WITNESS_AREA_BYTES];
	struct pw_call call = {.machine = PW_CALL_X86_64};
	pid_t self = getpid();
	long result;

	memset(witness->area, filling, WITNESS_AREA_BYTES);
	witness->undo = NULL;
	scene(witness, at);
	memcpy(before, witness->area, sizeof(before));
	call.number = witness->number;
	call.id = pw_call_id(call.machine, call.number);
	memcpy(call.arg, witness->arg, sizeof(call.arg));
	pw_call_enter(&call, &witness->scratch, &ops, witness);
	result = syscall((long)call.number, call.arg[0], call.arg[1],
			 call.arg[2], call.arg[3], call.arg[4], call.arg[5]);
	if (getpid() != self)
		_exit(0); /* a child that the scene has made */
	call.result = result < 0 ? 0 - (uint64_t)errno : (uint64_t)result;
	pw_call_leave(&call, &witness->scratch, &ops, witness);
	witness->result = call.result;
	if (witness->undo)
		witness->undo(witness->undo_id);
	for (size_t i = 0; i < sizeof(before); i++)
		witness->changed[i] |= witness->area[i] != before[i];
}

/* What a kernel or container without the call says. */
static bool absent(uint64_t result)
{
	return result == 0 - (uint64_t)ENOSYS ||
	       result == 0 - (uint64_t)EPERM ||
	       result == 0 - (uint64_t)EOPNOTSUPP;
}

void witness_stores(const struct witness_case *test)
{
	const char *name = test->name;
	struct witness *witness = open_area();
	uint64_t at = (uintptr_t)witness->area;
	size_t changed = 0, unseen = 0;

	for (int i = 0; i < 2; i++)
		play(witness, test->scene, at, i == 0 ? 0xa5 : 0x3c);
	if (absent(witness->result)) {
		print_message("%s: this kernel has none\n", name);
		close_area(witness);
		return;
	}
	for (size_t i = 0; i < WITNESS_AREA_BYTES; i++) {
		changed += witness->changed[i];
		if (witness->changed[i] && !witness->stored[i])
			fail_msg("%s: a store at %zu is not told", name, i);
		unseen += witness->stored[i] && !witness->changed[i];
	}
	if (unseen > test->slack)
		fail_msg("%s: %zu stores told were not seen", name, unseen);
	if (changed == 0 || witness->outside != 0 || witness->unseen != 0)
		fail_msg("%s: result %lld, %zu changed, %u outside, %u unseen",
			 name, (long long)witness->result, changed,
			 witness->outside, witness->unseen);
	close_area(witness);
}

/* Of the area's last page, the last @bytes are loaded and no others. */
static void check_loaded(const char *name, const struct witness *witness,
			 size_t bytes)
{
	size_t first = WITNESS_AREA_BYTES - 4096;

	for (size_t i = first; i < WITNESS_AREA_BYTES; i++) {
		bool wanted = i >= WITNESS_AREA_BYTES - bytes;

		if (witness->loaded[i] != wanted)
			fail_msg("%s: %zu before the end: loaded %d, not %d",
				 name, WITNESS_AREA_BYTES - i,
				 witness->loaded[i], wanted);
	}
}

void witness_loads(const struct witness_case *test)
{
	const char *name = test->name;
	struct witness *witness = open_area();
	uint64_t end = (uintptr_t)witness->area + WITNESS_AREA_BYTES;
	uint64_t fault = 0 - (uint64_t)EFAULT;
	uint64_t good;

	play(witness, test->scene, end - test->bytes, 0xa5);
	good = witness->result;
	if (absent(good)) {
		print_message("%s: this kernel has none\n", name);
		close_area(witness);
		return;
	}
	if (good == fault || witness->outside != 0 || witness->unseen != 0)
		fail_msg("%s: result %lld, %u outside, %u unseen", name,
			 (long long)good, witness->outside, witness->unseen);
	check_loaded(name, witness, test->bytes);
	play(witness, test->scene, end - test->bytes + 1, 0xa5);
	if (witness->result != fault &&
	    (pw_call_failed(good) || witness->result >= good))
		fail_msg("%s: the kernel did not miss the last byte: %lld",
			 name, (long long)witness->result);
	close_area(witness);
}
