/*
 * space_random.c - random calls that change an address space, and what
 * /proc/self tells of it in between.
 *
 * Arguments: seed, number of calls, calls between two looks. What a look
 * finds is printed under "== NAME", and a mark of that name follows. Memory is
 * touched by system calls only, which fail where there is none.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096ul
#define AREA 0x100000000000ul
#define PAGES 96ul
#define FILE_PAGES 128ul
#define VMA_NAME 0x53564d41 /* PR_SET_VMA */

static uint64_t state;
static int zero, sink, file, memory, segment;
static char text[1 << 18];

static unsigned long below(unsigned long bound)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state >> 11) % bound;
}

#define PICK(...)                                              \
	((const unsigned long[]){__VA_ARGS__})[below(          \
		sizeof((const unsigned long[]){__VA_ARGS__}) / \
		sizeof(unsigned long))]

static void put(const char *from, size_t bytes)
{
	while (bytes > 0) {
		ssize_t wrote = write(1, from, bytes);

		if (wrote <= 0)
			_exit(3);
		from += wrote;
		bytes -= (size_t)wrote;
	}
}

/* Copy a file of /proc: a piece at a time, as it gives them. */
static void copy(const char *path)
{
	int fd = open(path, O_RDONLY);
	size_t used = 0;
	ssize_t got;

	while ((got = read(fd, text + used, sizeof(text) - used)) > 0)
		used += (size_t)got;
	close(fd);
	put(text, used);
}

static void look(const char *name)
{
	put("== ", 3);
	put(name, strlen(name));
	put("\n", 1);
	copy("/proc/self/status");
	copy("/proc/self/smaps");
	prctl(PR_SET_NAME, name);
}

/* One range of the area, mostly short. */
struct range {
	unsigned long at, bytes;
};

static struct range pick(void)
{
	unsigned long first = below(PAGES);
	unsigned long most = below(3) ? 6 : PAGES;
	unsigned long pages = 1 + below(PAGES - first);

	if (pages > most)
		pages = 1 + below(most);
	return (struct range){AREA + first * PAGE, pages * PAGE};
}

static int rights(void)
{
	return (int)PICK(0, 1, 3, 3, 3, 3, 5, 7);
}

static void map_private(struct range r)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;

	flags |= (int)PICK(0, 0, 0, 0, 0, MAP_NORESERVE, MAP_POPULATE,
			   MAP_STACK, MAP_LOCKED);
	mmap((void *)r.at, r.bytes, rights(), flags, -1, 0);
}

static void map_file(struct range r)
{
	int fd = below(4) ? file : memory;
	unsigned long offset = r.at - AREA;

	if (below(5) == 0)
		offset = below(FILE_PAGES) * PAGE;
	mmap((void *)r.at, r.bytes, rights(),
	     MAP_FIXED | (below(3) ? MAP_PRIVATE : MAP_SHARED), fd,
	     (off_t)offset);
}

static void map_shared(struct range r)
{
	mmap((void *)r.at, r.bytes, rights(),
	     MAP_FIXED | MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

static void advise(struct range r)
{
	static const unsigned char advice[] = {0,  1,  2,  4,  8,   10, 10, 11,
					       12, 13, 14, 15, 16,  17, 18, 19,
					       20, 22, 23, 24, 102, 103};

	madvise((void *)r.at, r.bytes, advice[below(sizeof(advice))]);
}

static void remap(struct range r)
{
	struct range to = pick();

	switch (below(6)) {
	case 0: /* grow or shrink where it is */
		mremap((void *)r.at, r.bytes, to.bytes, 0);
		break;
	case 1:
		mremap((void *)r.at, r.bytes, r.bytes,
		       MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, to.at);
		break;
	case 2:
		mremap((void *)r.at, 0, to.bytes, MREMAP_MAYMOVE | MREMAP_FIXED,
		       to.at);
		break;
	case 3:
		mremap((void *)r.at, r.bytes, r.bytes,
		       MREMAP_MAYMOVE | MREMAP_FIXED, to.at);
		break;
	default:
		mremap((void *)r.at, r.bytes, to.bytes,
		       MREMAP_MAYMOVE | MREMAP_FIXED, to.at);
		break;
	}
}

static void touch(struct range r)
{
	for (unsigned long at = 0; at < r.bytes; at += PAGE) {
		if (below(2))
			(void)!pread(zero, (void *)(r.at + at), 1, 0);
		else
			(void)!pwrite(sink, (void *)(r.at + at), 1, 0);
	}
}

static void lock(struct range r)
{
	switch (below(6)) {
	case 0:
	case 1:
		mlock((void *)r.at, r.bytes);
		break;
	case 2:
		mlock2((void *)r.at, r.bytes, MLOCK_ONFAULT);
		break;
	case 3:
	case 4:
		munlock((void *)r.at, r.bytes);
		break;
	default:
		if (below(4))
			munlockall();
		else
			mlockall((int)PICK(1, 2, 3, 7, 6));
		break;
	}
}

static void move_break(void)
{
	char *now = sbrk(0);
	static char *first;

	if (!first)
		first = now;
	(void)!brk(first + below(20 * PAGE));
}

static void attach(struct range r)
{
	static void *at;

	if (at) {
		shmdt(at);
		at = NULL;
		return;
	}
	at = shmat(segment, (void *)(AREA + PAGES * PAGE + r.bytes),
		   below(3) ? 0 : SHM_RDONLY);
	if (at == (void *)-1)
		at = NULL;
}

static void name(struct range r)
{
	static const char *const names[] = {"a", "b", NULL};

	prctl(VMA_NAME, 0, r.at, r.bytes, names[below(3)]);
}

static void elsewhere(void)
{
	static char *at[16];
	char **slot = &at[below(16)];

	if (*slot)
		munmap(*slot, 3 * PAGE);
	*slot = mmap(NULL, 3 * PAGE, (int)PICK(1, 3),
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void call(void)
{
	struct range r = pick();
	unsigned long dice = below(100);

	if (dice < 14)
		map_private(r);
	else if (dice < 18)
		map_shared(r);
	else if (dice < 26)
		map_file(r);
	else if (dice < 32)
		munmap((void *)r.at, r.bytes);
	else if (dice < 46)
		mprotect((void *)r.at, r.bytes, rights());
	else if (dice < 60)
		advise(r);
	else if (dice < 70)
		remap(r);
	else if (dice < 76)
		lock(r);
	else if (dice < 80)
		move_break();
	else if (dice < 83)
		attach(r);
	else if (dice < 87)
		name(r);
	else if (dice < 90)
		elsewhere();
	else
		touch(r);
}

static void calls(unsigned long count, unsigned long every, char who)
{
	char mark[16];

	for (unsigned long i = 1; i <= count; i++) {
		call();
		if (i % every == 0) {
			snprintf(mark, sizeof(mark), "at-%c%lu", who, i);
			look(mark);
		}
	}
}

int main(int argc, char **argv)
{
	char path[] = "space_random.XXXXXX";
	unsigned long count, every;

	if (argc != 4)
		return 64;
	state = strtoull(argv[1], NULL, 10) * 0x9e3779b97f4a7c15ull + 1;
	count = strtoul(argv[2], NULL, 10);
	every = strtoul(argv[3], NULL, 10);
	zero = open("/dev/zero", O_RDONLY);
	file = mkstemp(path);
	sink = memfd_create("sink", 0);
	memory = memfd_create("shared", 0);
	segment = shmget(IPC_PRIVATE, 8 * PAGE, IPC_CREAT | 0600);
	if (zero < 0 || file < 0 || unlink(path) != 0 || sink < 0 ||
	    memory < 0 || ftruncate(file, FILE_PAGES * PAGE) != 0 ||
	    ftruncate(memory, FILE_PAGES * PAGE) != 0)
		return 2;
	look("at-start");
	calls(count, every, 'p');
	if (fork() == 0) {
		calls(count / 4, every, 'c');
		_exit(0);
	}
	wait(NULL);
	calls(count / 4, every, 'q');
	shmctl(segment, IPC_RMID, NULL);
	return 0;
}
