/*
 * test_call_event.c - the events that system calls are.
 */
#include "tests/support/pw_test.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <errno.h>
#include <string.h>

#include "capture/call_table.h"
#include "tests/support/call_target.h"

#define TOLD(expected, ...) \
	assert_string_equal(TARGET_MAKE(__VA_ARGS__), expected)
#define HERE UINT64_MAX - 99 /* AT_FDCWD */
#define FAILS(error) (-(int64_t)(error))

/* MAP_PRIVATE 2, MAP_ANONYMOUS 0x20. */
static void a_mapping_says_what_file_it_maps(void **state)
{
	struct call_target t = {.regular = true};

	(void)state;
	TOLD("mmap(0,2000,5,2,3,1000,8,103,1234)=7f0000 /file3", &t, mmap,
	     0x7f0000, 0, 0x2000, 5, 2, 3, 0x1000);
	TOLD("mmap(0,2000,3,22,ffffffff)=7f0000", &t, mmap, 0x7f0000, 0, 0x2000,
	     3, 0x22, UINT32_MAX, 0);
	TOLD("mmap(0,2000,3,22,-1)=-c", &t, mmap, FAILS(ENOMEM), 0, 0x2000, 3,
	     0x22, UINT64_MAX, 0);
}

static void calls_keep_their_arguments_and_result(void **state)
{
	struct call_target t = {0};

	(void)state;
	TOLD("munmap(1000,2000)=0", &t, munmap, 0, 0x1000, 0x2000, 7);
	TOLD("munmap(1001,2000)=-16", &t, munmap, FAILS(EINVAL), 0x1001,
	     0x2000);
	TOLD("mremap(1000,2000,3000,1,9)=5000", &t, mremap, 0x5000, 0x1000,
	     0x2000, 0x3000, 1, 9, 11);
	TOLD("brk(6000)=5000", &t, brk, 0x5000, 0x6000, 1);
	TOLD("mprotect(1000,2000,5)=0", &t, mprotect, 0, 0x1000, 0x2000, 5, 6);
	TOLD("mprotect(1000,2000,5)=0", &t, pkey_mprotect, 0, 0x1000, 0x2000, 5,
	     6);
	TOLD("madvise(1000,2000,e)=0", &t, madvise, 0, 0x1000, 0x2000, 14);
	TOLD("mlock(1000,2000)=0", &t, mlock, 0, 0x1000, 0x2000, 5);
	TOLD("mlock(1000,2000,1)=0", &t, mlock2, 0, 0x1000, 0x2000, 1);
	TOLD("munlock(1000,2000)=0", &t, munlock, 0, 0x1000, 0x2000);
	TOLD("mlockall(3)=0", &t, mlockall, 0, 3);
	TOLD("munlockall()=0", &t, munlockall, 0, 3);
	TOLD("msync(1000,2000,4)=0", &t, msync, 0, 0x1000, 0x2000, 4);
	TOLD("personality(40000)=0", &t, personality, 0, 0x40000);
}

static void process_madvise_is_an_event_a_range(void **state)
{
	struct call_target t = {0};

	(void)state;
	TARGET_WORDS(&t, 0x40, 0x1000, 0x2000, 0x5000, 0x1000);
	TOLD("L40+32 process_madvise(3,1000,2000,4,503)=2000 "
	     "process_madvise(3,5000,1000,4,503)=1000",
	     &t, process_madvise, 0x3000, 3, AT(0x40), 2, 4);
	/* It stopped at the second, which may have been done in part. */
	TOLD("L40+32 process_madvise(3,1000,2000,4,503)=2000 "
	     "process_madvise(3,5000,1000,4,503)=-c",
	     &t, process_madvise, 0x2000, 3, AT(0x40), 2, 4);
	TOLD("L40+32 process_madvise(3,1000,2000,4,503)=-c", &t,
	     process_madvise, FAILS(ENOMEM), 3, AT(0x40), 2, 4);
	/* PIDFD_SELF. */
	TOLD("L40+32 process_madvise(ffffffffffffd8f0,1000,2000,4,500)=2000 "
	     "process_madvise(ffffffffffffd8f0,5000,1000,4,500)=1000",
	     &t, process_madvise, 0x3000, (uint64_t)-10000, AT(0x40), 2, 4);
}

static void what_is_cut_short_says_which_file(void **state)
{
	struct call_target t = {.regular = true};
	const uint64_t flags = O_TRUNC | O_RDWR;

	(void)state;
	call_target_text(&t, 0x40, "a");
	TOLD("L40+2 ftruncate(-1,5,8,201)=0", &t, truncate, 0, AT(0x40), 5);
	TOLD("L40+2", &t, truncate, FAILS(EACCES), AT(0x40), 5);
	TOLD("L40+2 ftruncate(7,0,8,107)=0", &t, open, 7, AT(0x40), O_TRUNC);
	TOLD("L40+2", &t, open, 7, AT(0x40), O_CREAT);
	TOLD("L40+2", &t, open, FAILS(EACCES), AT(0x40), O_TRUNC);
	TOLD("L40+2 ftruncate(7,0,8,107)=0", &t, openat, 7, HERE, AT(0x40),
	     O_TRUNC);
	TOLD("L40+2 ftruncate(7,0,8,107)=0", &t, creat, 7, AT(0x40));
	call_target_words(&t, 0x80, &flags, 1);
	TOLD("L40+2 L80+24 ftruncate(7,0,8,107)=0", &t, openat2, 7, HERE,
	     AT(0x40), AT(0x80), 24);
	t.regular = false;
	TOLD("L40+2", &t, open, 7, AT(0x40), O_TRUNC);
}

static void the_last_name_of_a_file_is_told(void **state)
{
	struct call_target t = {.regular = true, .links = 1, .open = true};

	(void)state;
	call_target_text(&t, 0x40, "abc");
	call_target_text(&t, 0x80, "de");
	TOLD("L40+4 unnamed(8,203,1)=0", &t, unlink, 0, AT(0x40));
	TOLD("L40+4", &t, unlink, FAILS(EACCES), AT(0x40));
	t.open = false;
	TOLD("L40+4 unnamed(8,203)=0", &t, unlinkat, 0, HERE, AT(0x40));
	/* The same is there before and after: nothing was replaced. */
	TOLD("L40+4 L80+3", &t, rename, 0, AT(0x40), AT(0x80));
	t.links = 2;
	TOLD("L40+4", &t, unlink, 0, AT(0x40));
}

static void a_file_that_is_replaced_loses_its_name(void **state)
{
	struct call_target t = {.regular = true, .links = 1};
	const uint64_t *arg = TARGET_ARGS(AT(0x40), AT(0x80));
	const uint64_t *from = TARGET_ARGS(HERE, AT(0x40), HERE, AT(0x80), 2);

	(void)state;
	call_target_text(&t, 0x40, "abc");
	call_target_text(&t, 0x80, "de");
	call_target_enter(&t, PW_SYSCALL_rename, arg);
	call_target_text(&t, 0x80, "f");
	assert_string_equal(call_target_leave(&t, PW_SYSCALL_rename, 0, arg),
			    "L40+4 L80+2 unnamed(8,202)=0");
	/* Those that are exchanged have names. */
	call_target_text(&t, 0x80, "de");
	call_target_enter(&t, PW_SYSCALL_renameat2, from);
	call_target_text(&t, 0x80, "f");
	assert_string_equal(
		call_target_leave(&t, PW_SYSCALL_renameat2, 0, from),
		"L40+4 L80+2");
}

static void the_last_descriptor_of_a_file_without_names_is_told(void **state)
{
	struct call_target t = {.regular = true};

	(void)state;
	TOLD("unnamed(8,103)=0", &t, close, 0, 3);
	TOLD("unnamed(8,104)=0", &t, dup2, 4, 3, 4);
	TOLD("unnamed(8,104)=0", &t, dup3, 4, 3, 4);
	t.open = true;
	TOLD("", &t, close, 0, 3);
	t.open = false;
	t.links = 1;
	TOLD("", &t, close, 0, 3);
	/* IPC_RMID 0, IPC_STAT 2. */
	TOLD("unnamed(0,7)=0", &t, shmctl, 0, 7, 0);
	TOLD("", &t, shmctl, FAILS(EINVAL), 7, 0);
}

/* A name is cut to 15 bytes, and read no further. */
static void names_of_threads_are_marks(void **state)
{
	struct call_target t = {0};

	(void)state;
	call_target_text(&t, 0x40, "begin");
	TOLD("L40+6 mark()=0 begin", &t, prctl, 0, 15, AT(0x40));
	call_target_text(&t, 0x40, "a name that is too long");
	TOLD("L40+15 mark()=0 a name that is ", &t, prctl, 0, 15, AT(0x40));
	call_target_text(&t, TARGET_BYTES - 3, "xy");
	TOLD("L1ffd+3 mark()=0 xy", &t, prctl, 0, 15, AT(TARGET_BYTES - 3));
	TOLD("", &t, prctl, FAILS(EFAULT), 15, 0);
}

/* PR_SET_THP_DISABLE 41, PR_SET_MM 35, PR_SET_VMA 0x53564d41, PDEATHSIG 1. */
static void controls_that_matter_to_the_space_are_events(void **state)
{
	struct call_target t = {0};

	(void)state;
	TOLD("prctl(29,1)=0", &t, prctl, 0, 41, 1);
	TOLD("prctl(29,1,2)=-16", &t, prctl, FAILS(EINVAL), 41, 1, 2);
	TOLD("prctl(23,6,5000)=0 unrecorded(9d)=0 prctl", &t, prctl, 0, 35, 6,
	     0x5000);
	call_target_text(&t, 0x40, "heap");
	TOLD("L40+5 prctl(53564d41,0,1000,2000,@40)=0 heap", &t, prctl, 0,
	     0x53564d41, 0, 0x1000, 0x2000, AT(0x40));
	TOLD("", &t, prctl, 0, 1, 9);
	TOLD("unrecorded(9e)=0 arch_prctl", &t, arch_prctl, 0, 0x5001, 1);
	TOLD("", &t, arch_prctl, FAILS(EOPNOTSUPP), 0x5001, 1);
}

/* The old limit may take the place of the new one. */
static void limits_are_those_asked_for(void **state)
{
	struct call_target t = {0};
	const uint64_t *arg = TARGET_ARGS(77, 3, AT(0x40), AT(0x40));

	(void)state;
	TARGET_WORDS(&t, 0x40, 0x800, 0x900);
	TOLD("L40+16 setrlimit(3,800,900)=0", &t, setrlimit, 0, 3, AT(0x40));
	TOLD("S40+16", &t, prlimit64, 0, 77, 3, 0, AT(0x40));
	call_target_enter(&t, PW_SYSCALL_prlimit64, arg);
	TARGET_WORDS(&t, 0x40, 1, 2);
	assert_string_equal(call_target_leave(&t, PW_SYSCALL_prlimit64, 0, arg),
			    "L40+16 S40+16 setrlimit(3,800,900,4d)=0");
}

static void segments_have_the_size_of_their_mapping(void **state)
{
	struct call_target t = {.mapping_bytes = 0x3000};

	(void)state;
	TOLD("shmat(5,0,0,3000,0,5)=7000", &t, shmat, 0x7000, 5, 0, 0);
	TOLD("shmat(5,1)=-16", &t, shmat, FAILS(EINVAL), 5, 1);
	TOLD("shmdt(7000,3000)=0", &t, shmdt, 0, 0x7000);
	TOLD("shmdt(7000,3000)=-16", &t, shmdt, FAILS(EINVAL), 0x7000);
}

/* What is gone at the return is measured at the entry. */
static void what_is_detached_is_measured_before(void **state)
{
	struct call_target t = {.mapping_bytes = 0x3000};
	const uint64_t *arg = TARGET_ARGS(0x7000);

	(void)state;
	call_target_enter(&t, PW_SYSCALL_shmdt, arg);
	t.mapping_bytes = 0;
	assert_string_equal(call_target_leave(&t, PW_SYSCALL_shmdt, 0, arg),
			    "shmdt(7000,3000)=0");
}

/* Readable and writable 3; shared 1, private and anonymous 0x22. */
static void mappings_that_the_kernel_makes_are_told(void **state)
{
	struct call_target t = {.mapping_bytes = 0x2000};

	(void)state;
	TARGET_WORDS(&t, 0x40, 0x9000);
	TOLD("L40+8 S40+8 map(9000,2000,3,1)=0 /[aio]", &t, io_setup, 0, 8,
	     AT(0x40));
	TOLD("L40+8", &t, io_setup, FAILS(EAGAIN), 8, AT(0x40));
	TOLD("munmap(9000,2000)=0", &t, io_destroy, 0, 0x9000);
	TOLD("", &t, io_destroy, FAILS(EINVAL), 0x9000);
	TOLD("map(5000,2000,3,22)=0", &t, map_shadow_stack, 0x5000, 0, 0x2000);
	TOLD("remap_file_pages(1000,2000,0,3,10000)=0", &t, remap_file_pages, 0,
	     0x1000, 0x2000, 0, 3, 0x10000);
}

/* maxnode 5 stands for 4 bits. */
static void policies_say_which_nodes(void **state)
{
	struct call_target t = {0};

	(void)state;
	TARGET_WORDS(&t, 0x40, 0xf3, 0xfc);
	TOLD("L40+8 mbind(1000,2000,2,3,5,1)=0", &t, mbind, 0, 0x1000, 0x2000,
	     2, AT(0x40), 5, 1);
	TOLD("L40+8 set_mempolicy(3,f3,41)=0", &t, set_mempolicy, 0, 3,
	     AT(0x40), 65);
	TOLD("set_mempolicy()=0", &t, set_mempolicy, 0, 0, 0, 0);
	TOLD("L40+8 L48+8 migrate_pages(7,5,3,c)=0", &t, migrate_pages, 0, 7, 5,
	     AT(0x40), AT(0x48));
}

/* Only as many bytes as are given count. */
static void affinity_says_which_processors(void **state)
{
	struct call_target t = {0};

	(void)state;
	TARGET_WORDS(&t, 0x40, 0x1ff);
	TOLD("L40+8 sched_setaffinity(0,1ff)=0", &t, sched_setaffinity, 0, 0, 8,
	     AT(0x40));
	TOLD("L40+1 sched_setaffinity(5,ff)=0", &t, sched_setaffinity, 0, 5, 1,
	     AT(0x40));
}

static void settings_of_memory_are_told(void **state)
{
	struct call_target t = {.regular = true, .offset = 3};

	(void)state;
	call_target_text(&t, 0x40, "16\n");
	TOLD("L40+3 file_write(3,0,3,8,103)=3", &t, write, 3, 3, AT(0x40), 3);
	t.path = "/proc/sys/vm/nr_hugepages";
	TOLD("L40+3 file_write(3,0,3,8,103)=3 setting(10)=3 nr_hugepages", &t,
	     write, 3, 3, AT(0x40), 3);
	t.path = "/proc/sys/vm/nr_hugepages_mempolicy";
	TOLD("L40+3 file_write(3,0,3,8,103)=3", &t, write, 3, 3, AT(0x40), 3);
	t.path = "/proc/sys/vm/nr_hugepages";
	call_target_text(&t, 0x40, "x");
	TOLD("L40+1 file_write(3,2,1,8,103)=1", &t, write, 1, 3, AT(0x40), 1);
	t.offset = 32;
	TOLD("L40+32 file_write(3,0,20,8,103)=20", &t, write, 32, 3, AT(0x40),
	     32);
}

static void files_that_change_say_which(void **state)
{
	struct call_target t = {.regular = true};

	(void)state;
	call_target_text(&t, 0x40, "mem");
	TOLD("L40+4 memfd_create(1,8,105)=5 mem", &t, memfd_create, 5, AT(0x40),
	     1);
	TOLD("L40+4 memfd_create(1)=-18 mem", &t, memfd_create, FAILS(EMFILE),
	     AT(0x40), 1);
	TOLD("ftruncate(3,2000,8,103)=0 /file3", &t, ftruncate, 0, 3, 0x2000);
	TOLD("fallocate(3,1,1000,2000,8,103)=0 /file3", &t, fallocate, 0, 3, 1,
	     0x1000, 0x2000);
	TOLD("fadvise(3,1000,0,4,8,103)=0 /file3", &t, fadvise64, 0, 3, 0x1000,
	     0, 4);
	TOLD("fadvise(3,1000,2000,3,8,103)=0 /file3", &t, readahead, 0, 3,
	     0x1000, 0x2000);
	TOLD("fsync(3,0,8,103)=0 /file3", &t, fsync, 0, 3);
	TOLD("fsync(3,1,8,103)=0 /file3", &t, fdatasync, 0, 3);
}

/* Offset 0x200 after 0x10 bytes is 0x1f0 before. */
static void transfers_say_where_in_the_file(void **state)
{
	struct call_target t = {.regular = true, .offset = 0x200};

	(void)state;
	TOLD("S40+16 file_read(3,1f0,10,8,103)=10", &t, read, 16, 3, AT(0x40),
	     64);
	TOLD("L40+16 file_write(3,1f0,10,8,103)=10", &t, write, 16, 3, AT(0x40),
	     64);
	TOLD("S40+16 file_read(3,50,10,8,103)=10", &t, pread64, 16, 3, AT(0x40),
	     64, 0x50);
	TOLD("L40+16 file_write(3,50,10,8,103)=10", &t, pwrite64, 16, 3,
	     AT(0x40), 64, 0x50);
	TARGET_WORDS(&t, 0x80, AT(0x40), 16);
	TOLD("L80+16 S40+16 file_read(3,1f0,10,8,103)=10", &t, preadv2, 16, 3,
	     AT(0x80), 1, UINT64_MAX, UINT64_MAX);
	TOLD("L80+16 S40+16 file_read(3,0,10,8,103)=10", &t, preadv, 16, 3,
	     AT(0x80), 1, 0);
	TOLD("", &t, read, 0, 3, AT(0x40), 64);
	t.regular = false;
	TOLD("S40+16", &t, read, 16, 3, AT(0x40), 64);
}

/* The kernel does not look at what goes to /dev/null; iovecs it reads. */
static void what_is_thrown_away_is_not_read(void **state)
{
	struct call_target t = {.discards = true};

	(void)state;
	TOLD("", &t, write, 16, 3, AT(0x40), 16);
	TARGET_WORDS(&t, 0x80, AT(0x40), 16);
	TOLD("L80+16", &t, writev, 16, 3, AT(0x80), 1);
	t.discards = false;
	TOLD("L40+16", &t, write, 16, 3, AT(0x40), 16);
	assert_true(pw_call_discards(S_IFCHR | 0666, makedev(1, 3)));
	assert_true(pw_call_discards(S_IFCHR | 0666, makedev(1, 5)));
	assert_false(pw_call_discards(S_IFCHR | 0666, makedev(1, 7)));
	assert_false(pw_call_discards(S_IFREG | 0666, makedev(1, 3)));
}

static void copies_between_files_are_read_and_written(void **state)
{
	struct call_target t = {.regular = true, .offset = 0x200};

	(void)state;
	TARGET_WORDS(&t, 0x40, 0x35, 0x45);
	TOLD("L40+8 S40+8 file_read(3,25,10,8,103)=10 "
	     "file_write(4,1f0,10,8,104)=10",
	     &t, sendfile, 16, 4, 3, AT(0x40), 64);
	TOLD("L40+8 L48+8 S40+8 S48+8 file_read(3,25,10,8,103)=10 "
	     "file_write(4,35,10,8,104)=10",
	     &t, copy_file_range, 16, 3, AT(0x40), 4, AT(0x48), 64);
	TOLD("file_read(3,1f0,10,8,103)=10 file_write(4,1f0,10,8,104)=10", &t,
	     copy_file_range, 16, 3, 0, 4, 0, 64);
}

/*
 * CLONE_VM 0x100, CLONE_PARENT_SETTID 0x100000, CLONE_CHILD_SETTID 0x1000000.
 * The machines differ in which argument is the child's.
 */
static void children_are_events_of_their_parents(void **state)
{
	struct call_target x86 = {.machine = PW_CALL_X86_64};
	struct call_target arm = {.machine = PW_CALL_AARCH64};

	(void)state;
	TOLD("S40+4 clone(1100100)=4d clone", &x86, clone, 77, 0x1100100, 0,
	     AT(0x40), AT(0x50), AT(0x60));
	TOLD("S50+4", &x86, clone, 0, 0x1100100, 0, AT(0x40), AT(0x50),
	     AT(0x60));
	TOLD("S60+4", &arm, clone, 0, 0x1100100, 0, AT(0x40), AT(0x50),
	     AT(0x60));
	TOLD("", &x86, clone, FAILS(EAGAIN), 0x1100100, 0, AT(0x40), AT(0x50));
	TOLD("clone()=4d fork", &x86, fork, 77, 0);
	TOLD("clone(4100)=4d vfork", &x86, vfork, 77, 0);
	TARGET_WORDS(&x86, 0x100, 0x1100100, 0, AT(0x50), AT(0x40));
	TOLD("L100+88 S40+4 clone(1100100)=4d clone3", &x86, clone3, 77,
	     AT(0x100), 88);
	TOLD("S50+4", &x86, clone3, 0, AT(0x100), 88);
	TOLD("L100+88", &x86, clone3, FAILS(EINVAL), AT(0x100), 88);
}

static void ends_are_told_before_they_come(void **state)
{
	struct call_target t = {0};

	(void)state;
	call_target_enter(&t, PW_SYSCALL_exit, TARGET_ARGS(3));
	assert_string_equal(t.told, " exit(3)=0");
	call_target_enter(&t, PW_SYSCALL_exit_group, TARGET_ARGS(4));
	assert_string_equal(t.told, " exit_group(4)=0");
}

/* Two arguments, then a null; no environment. */
static void programs_are_started_with_strings(void **state)
{
	struct call_target t = {0};

	(void)state;
	call_target_text(&t, 0x40, "/bin/ls");
	call_target_text(&t, 0x50, "ls");
	call_target_text(&t, 0x60, "-l");
	TARGET_WORDS(&t, 0x100, AT(0x50), AT(0x60), 0);
	TARGET_WORDS(&t, 0x180, 0);
	call_target_enter(&t, PW_SYSCALL_execve,
			  TARGET_ARGS(AT(0x40), AT(0x100), AT(0x180)));
	assert_string_equal(t.told, " L40+8 L100+24 L50+3 L60+3 L180+8");
	call_target_enter(&t, PW_SYSCALL_execveat,
			  TARGET_ARGS(5, AT(0x40), AT(0x100), 0));
	assert_string_equal(t.told, " L40+8 L100+24 L50+3 L60+3");
	TOLD("L40+8", &t, execve, FAILS(ENOENT), AT(0x40), 0, 0);
}

static void what_is_not_known_is_said_once(void **state)
{
	struct call_target t = {0};

	(void)state;
	TOLD("unrecorded(65)=0 kernel access", &t, ptrace, 0, 12, 7);
	TOLD("", &t, ptrace, FAILS(EPERM), 12, 7);
	TOLD("unrecorded(1aa)=0 kernel access", &t, io_uring_enter, 1, 3, 1);
	TOLD("unrecorded(fa0)=0 kernel access", &t, NONE, 0, 1);
	TOLD("", &t, NONE, FAILS(ENOSYS), 1);
}

static void calls_without_memory_are_silent(void **state)
{
	struct call_target t = {0};

	(void)state;
	TOLD("", &t, getpid, 7, AT(0x40), AT(0x40), AT(0x40));
	TOLD("", &t, close, 0, 3, AT(0x40), AT(0x40));
	TOLD("", &t, lseek, 5, 3, AT(0x40), 0);
	TOLD("", &t, kill, 0, 3, 9);
	TOLD("", &t, set_robust_list, 0, AT(0x40), 24);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mapping_says_what_file_it_maps),
		cmocka_unit_test(calls_keep_their_arguments_and_result),
		cmocka_unit_test(process_madvise_is_an_event_a_range),
		cmocka_unit_test(what_is_cut_short_says_which_file),
		cmocka_unit_test(the_last_name_of_a_file_is_told),
		cmocka_unit_test(a_file_that_is_replaced_loses_its_name),
		cmocka_unit_test(
			the_last_descriptor_of_a_file_without_names_is_told),
		cmocka_unit_test(names_of_threads_are_marks),
		cmocka_unit_test(controls_that_matter_to_the_space_are_events),
		cmocka_unit_test(limits_are_those_asked_for),
		cmocka_unit_test(segments_have_the_size_of_their_mapping),
		cmocka_unit_test(what_is_detached_is_measured_before),
		cmocka_unit_test(mappings_that_the_kernel_makes_are_told),
		cmocka_unit_test(policies_say_which_nodes),
		cmocka_unit_test(affinity_says_which_processors),
		cmocka_unit_test(settings_of_memory_are_told),
		cmocka_unit_test(files_that_change_say_which),
		cmocka_unit_test(transfers_say_where_in_the_file),
		cmocka_unit_test(what_is_thrown_away_is_not_read),
		cmocka_unit_test(copies_between_files_are_read_and_written),
		cmocka_unit_test(children_are_events_of_their_parents),
		cmocka_unit_test(ends_are_told_before_they_come),
		cmocka_unit_test(programs_are_started_with_strings),
		cmocka_unit_test(what_is_not_known_is_said_once),
		cmocka_unit_test(calls_without_memory_are_silent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
