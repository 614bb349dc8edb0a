/*
 * plugin.c - QEMU's callbacks: blocks executed and memory touched.
 *
 * The two callbacks at the top run for each block and each access of the
 * program; everything else is seldom.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/plugin/api.h"
#include "capture/plugin/state.h"

#define EXPORT __attribute__((visibility("default")))
#define CODE_BYTES_MAX (PW_BLOCK_INSNS_MAX * 16)
#define INFO_ENTRIES 512

EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;
EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info,
			       int argc, char **argv);

/*
 * What QEMU says of an access, by its opaque number: saves two calls an
 * access. An entry belongs to the number that came first, for good, and its
 * bits of a piece are there before its key, the number and 1: so threads need
 * no lock. Others of the same place are asked for each time.
 */
static _Atomic uint32_t info_key[INFO_ENTRIES];
static _Atomic uint32_t info_owner[INFO_ENTRIES];
static uint64_t info_bits[INFO_ENTRIES];

static inline unsigned info_place(qemu_plugin_meminfo_t info)
{
	return (info ^ info >> 9) & (INFO_ENTRIES - 1);
}

/* The slow ways are out of line, so that the others save no registers. */
static __attribute__((noinline, cold)) void
touch_new(unsigned vcpu, qemu_plugin_meminfo_t info, uint64_t address,
	  void *userdata)
{
	unsigned place = info_place(info);
	uint64_t bits = (uint64_t)qemu_plugin_mem_size_shift(info)
				<< PW_PIECE_SIZE_SHIFT |
			(qemu_plugin_mem_is_store(info) ? PW_PIECE_STORE : 0);
	uint32_t nobody = 0;

	if (atomic_compare_exchange_strong(&info_owner[place], &nobody,
					   info + 1)) {
		info_bits[place] = bits;
		atomic_store_explicit(&info_key[place], info + 1,
				      memory_order_release);
	}
	pw_ring_put(pw_vcpu_ring[vcpu], (address & PW_PIECE_ADDRESS) | bits |
						(uint64_t)(uintptr_t)userdata);
}

static void touch(unsigned vcpu, qemu_plugin_meminfo_t info, uint64_t address,
		  void *userdata)
{
	unsigned place = info_place(info);

	if (__builtin_expect(atomic_load_explicit(&info_key[place],
						  memory_order_acquire) !=
				     info + 1,
			     0))
		touch_new(vcpu, info, address, userdata);
	else
		pw_ring_put(pw_vcpu_ring[vcpu],
			    (address & PW_PIECE_ADDRESS) | info_bits[place] |
				    (uint64_t)(uintptr_t)userdata);
}

static __attribute__((noinline, cold)) void execute_checked(unsigned vcpu,
							    void *userdata)
{
	pw_vcpu_check(vcpu);
	pw_ring_put(pw_vcpu_ring[vcpu], (uint64_t)(uintptr_t)userdata);
}

static void execute(unsigned vcpu, void *userdata)
{
	struct pw_ring *ring = pw_vcpu_ring[vcpu];

	if (__builtin_expect(
		    atomic_load_explicit(&ring->head, memory_order_relaxed) >=
			    atomic_load_explicit(&ring->limit,
						 memory_order_relaxed),
		    0))
		execute_checked(vcpu, userdata);
	else
		pw_ring_put(ring, (uint64_t)(uintptr_t)userdata);
}

/* In the middle of a long block, where no stretch may begin. */
static void make_room(unsigned vcpu, void *userdata)
{
	struct pw_vcpu *self = &pw_plugin.vcpu[vcpu];

	(void)userdata;
	if (self->ring)
		pw_ring_wait(self->ring);
}

/* Blocks follow each other in one ring, under QEMU's lock of translations. */
static bool put_code(const struct qemu_plugin_tb *tb, size_t insns)
{
	static uint8_t code[CODE_BYTES_MAX + 16];
	const struct qemu_plugin_insn *last =
		qemu_plugin_tb_get_insn(tb, insns - 1);
	uint64_t pc = qemu_plugin_tb_vaddr(tb);
	uint64_t before = qemu_plugin_insn_vaddr(last) - pc;
	size_t bytes = (size_t)before + 16;

	if (!pw_plugin.code) {
		pw_plugin.code = pw_ring_claim(true);
		if (!pw_plugin.code) {
			pw_plugin.followed = false;
			pw_plugin_missed(true);
			return false;
		}
		atomic_store(&pw_plugin.code->open_stamp, UINT64_MAX);
		pw_ring_publish(pw_plugin.code, PW_RING_CODE);
	}
	if (bytes > sizeof(code))
		bytes = sizeof(code);
	/* QEMU's copy is cut at the end of a page: look at the original. */
	bytes = pw_plugin_read(pc, code, bytes);
	memset(code + bytes, 0,
	       sizeof(code) - bytes < 8 ? sizeof(code) - bytes : 8);
	pw_ring_wait(pw_plugin.code);
	pw_ring_put(pw_plugin.code, pw_word(PW_WORD_CODE, pw_plugin.blocks));
	pw_ring_put(pw_plugin.code, pc);
	pw_ring_put(pw_plugin.code,
		    insns | before << 16 | (uint64_t)bytes << 32);
	for (size_t at = 0; at < bytes; at += 8) {
		uint64_t word;

		memcpy(&word, code + at, 8);
		pw_ring_put(pw_plugin.code, word);
	}
	return true;
}

/* What callbacks get as user data is a number. */
static void *as_userdata(uint64_t number)
{
	union {
		uint64_t number;
		void *pointer;
	} userdata = {number};

	return userdata.pointer;
}

static void translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t insns = qemu_plugin_tb_n_insns(tb);
	uint64_t word;

	(void)id;
	if (pw_plugin_off() || !pw_plugin.followed || insns == 0 ||
	    insns > PW_BLOCK_INSNS_MAX || !put_code(tb, insns))
		return;
	word = pw_word(PW_WORD_BLOCK, pw_plugin.blocks++);
	qemu_plugin_register_vcpu_tb_exec_cb(
		tb, execute, QEMU_PLUGIN_CB_NO_REGS, as_userdata(word));
	for (size_t i = 0; i < insns; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);

		if (i % PW_CHECK_INSTRUCTIONS == PW_CHECK_INSTRUCTIONS - 1)
			qemu_plugin_register_vcpu_insn_exec_cb(
				insn, make_room, QEMU_PLUGIN_CB_NO_REGS, NULL);
		qemu_plugin_register_vcpu_mem_cb(
			insn, touch, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_RW,
			as_userdata((uint64_t)i << PW_PIECE_INSN_SHIFT));
	}
}

/* Called by the thread that makes the new one. */
static void begin_vcpu(qemu_plugin_id_t id, unsigned vcpu)
{
	struct pw_vcpu *self;

	(void)id;
	if (vcpu >= PW_VCPUS)
		abort();
	self = &pw_plugin.vcpu[vcpu];
	self->parent_tid = (uint32_t)gettid();
	self->cpu = 0;
	pw_plugin_thread_made(vcpu, self->parent_tid);
	pw_vcpu_open(vcpu);
}

static void end_vcpu(qemu_plugin_id_t id, unsigned vcpu)
{
	(void)id;
	pw_vcpu_close(vcpu);
}

/* NOLINTNEXTLINE(readability-function-size): the parameters are QEMU's. */
static void enter(qemu_plugin_id_t id, unsigned vcpu, int64_t number,
		  uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
		  uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8)
{
	const uint64_t arg[PW_CALL_ARGS] = {a1, a2, a3, a4, a5, a6};

	(void)id;
	(void)a7;
	(void)a8;
	pw_plugin_call_enter(vcpu, number, arg);
}

static void leave(qemu_plugin_id_t id, unsigned vcpu, int64_t number,
		  int64_t result)
{
	(void)id;
	pw_plugin_call_leave(vcpu, number, result);
}

static void lower(void *state, uint64_t start, uint64_t end)
{
	uint64_t *floor = state;

	(void)end;
	if (start < *floor)
		*floor = start;
}

/* By the descriptor that an exec has handed over, or -1, or by its path. */
static bool map_region(int handed, const char *path)
{
	int fd = handed >= 0 ? handed : open(path, O_RDWR | O_CLOEXEC);
	const struct pw_region *region;
	struct stat st;
	bool known;

	if (fd < 0)
		return false;
	known = fstat(fd, &st) == 0;
	pw_plugin.region_device = st.st_dev;
	pw_plugin.region_inode = st.st_ino;
	pw_plugin.region = mmap(NULL, PW_REGION_BYTES, PROT_READ | PROT_WRITE,
				MAP_SHARED, fd, 0);
	close(fd);
	region = pw_plugin.region;
	return known && region != MAP_FAILED &&
	       region->magic == PW_REGION_MAGIC;
}

/* An exec made with all signals blocked hands over the mask of before. */
static void restore_mask(const char *hex)
{
	uint64_t mask = strtoull(hex, NULL, 16);
	sigset_t set;

	sigemptyset(&set);
	for (int signal = 1; signal <= 64; signal++)
		if (mask >> (signal - 1) & 1)
			sigaddset(&set, signal);
	sigprocmask(SIG_SETMASK, &set, NULL);
}

static void take(char *to, const char *value)
{
	strncpy(to, value, PW_PATH_BYTES - 1);
}

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
			char **argv)
{
	int handed = -1;

	if (info->system_emulation)
		return -1;
	for (int i = 0; i < argc; i++) {
		if (strncmp(argv[i], "region=", 7) == 0)
			take(pw_plugin.region_path, argv[i] + 7);
		else if (strncmp(argv[i], "qemu=", 5) == 0)
			take(pw_plugin.qemu, argv[i] + 5);
		else if (strncmp(argv[i], "self=", 5) == 0)
			take(pw_plugin.self, argv[i] + 5);
		else if (strncmp(argv[i], "mask=", 5) == 0)
			restore_mask(argv[i] + 5);
		else if (strncmp(argv[i], "fd=", 3) == 0)
			handed = (int)strtol(argv[i] + 3, NULL, 10);
	}
	pw_plugin_new_image();
	pw_plugin_exec_begin();
	pw_plugin.followed = true;
	pw_plugin.machine = strcmp(info->target_name, "aarch64") == 0
				    ? PW_CALL_AARCH64
				    : PW_CALL_X86_64;
	pw_plugin.floor = UINT64_MAX;
	pw_plugin_maps(lower, &pw_plugin.floor);
	if (!map_region(handed, pw_plugin.region_path))
		return -1;
	qemu_plugin_register_vcpu_init_cb(id, begin_vcpu);
	qemu_plugin_register_vcpu_exit_cb(id, end_vcpu);
	qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
	qemu_plugin_register_vcpu_syscall_cb(id, enter);
	qemu_plugin_register_vcpu_syscall_ret_cb(id, leave);
	return 0;
}
