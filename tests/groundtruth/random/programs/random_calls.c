/*
 * random_calls.c - address-space calls and accesses by chance, from PW_SEED.
 *
 * Windows of calls on two areas, of which parts are of every kind; between
 * them children are made, which change what they share, live for a while and
 * end. Faults that no page can serve are caught and go on. What a call
 * returned is part of the output, so that a recording in which calls end
 * otherwise is told from one in which the model is wrong.
 */
#include "../../programs/measure.h"
#include <ucontext.h>

/* Few of all: each step is recorded, and other seeds do the rest. */
#define WINDOWS 4
#define CALLS 24
#define AREA_PAGES 240UL
#define FILE_PAGES 64UL
#define SHORT 12
#define LONGEST 60
#define FAULTS_MOST 3 /* in a row */

#define ADVISE_COLD 20
#define ADVISE_POPULATE_READ 22
#define ADVISE_POPULATE_WRITE 23

static unsigned long state;
static char *area[2];
static int file, zero;
static long faults, results;
static volatile int faults_here;
static long heap_pages;
static char *heap, *buffer;

static unsigned long draw(unsigned long below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state >> 11) % below;
}

/* A part of an area: short ones mostly. */
static char *part(unsigned long *pages)
{
	unsigned long longest = draw(8) ? SHORT : LONGEST;
	unsigned long first = draw(AREA_PAGES - longest);

	*pages = 1 + draw(longest);
	return area[draw(2)] + first * PAGE;
}

static void note(long result)
{
	results = (results * 31 + (result < 0 ? -errno
				   : result   ? 1
					      : 0)) %
		  1000000007;
}

static int protection(void)
{
	static const int kinds[] = {PROT_NONE, PROT_READ,
				    PROT_READ | PROT_WRITE,
				    PROT_READ | PROT_WRITE};

	return kinds[draw(4)];
}

static void map_part(void)
{
	unsigned long pages;
	char *at = part(&pages);
	long offset = (long)(draw(FILE_PAGES) * PAGE);
	int prot = protection();
	char *got;

	switch (draw(6)) {
	case 0:
		got = mmap(at, pages * PAGE, prot, MAP_PRIVATE | MAP_FIXED,
			   file, offset);
		break;
	case 1:
		got = mmap(at, pages * PAGE, prot, MAP_SHARED | MAP_FIXED, file,
			   offset);
		break;
	case 2:
		got = mmap(at, pages * PAGE, prot,
			   MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		break;
	case 3:
		got = mmap(at, pages * PAGE, prot,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED |
				   MAP_POPULATE,
			   -1, 0);
		break;
	default:
		got = mmap(at, pages * PAGE, prot,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	}
	note(got == MAP_FAILED ? -1 : 1);
}

static void advise_part(void)
{
	static const int kinds[] = {MADV_DONTNEED,	   MADV_DONTNEED,
				    MADV_DONTNEED,	   MADV_NORMAL,
				    MADV_RANDOM,	   MADV_SEQUENTIAL,
				    MADV_DONTFORK,	   MADV_DOFORK,
				    MADV_WIPEONFORK,	   MADV_KEEPONFORK,
				    ADVISE_POPULATE_READ,  ADVISE_POPULATE_READ,
				    ADVISE_POPULATE_WRITE, ADVISE_COLD};
	unsigned long pages;
	char *at = part(&pages);

	note(madvise(at, pages * PAGE,
		     kinds[draw(sizeof(kinds) / sizeof(*kinds))]));
}

static void move_part(void)
{
	unsigned long pages, unused;
	char *from = part(&pages), *to = part(&unused);
	unsigned long longer = draw(3) ? pages : 1 + draw(LONGEST);
	char *got;

	if (draw(4))
		got = mremap(from, pages * PAGE, longer * PAGE,
			     MREMAP_MAYMOVE | MREMAP_FIXED, to);
	else
		got = mremap(from, pages * PAGE, (1 + draw(pages)) * PAGE, 0);
	note(got == MAP_FAILED ? -1 : 1);
}

static void lock_part(void)
{
	unsigned long pages;
	char *at = part(&pages);

	if (draw(3) == 0)
		note(mlock(at, (1 + pages % 8) * PAGE));
	else
		note(munlock(at, pages * PAGE));
}

static void move_break(void)
{
	heap_pages = (long)draw(40);
	note(brk(heap + heap_pages * (long)PAGE));
	if (heap_pages > 0)
		store(heap, (unsigned long)heap_pages, 1 + draw(5));
}

/* Accesses by an instruction of 3 bytes, behind which a fault goes on. */
#define ACCESS_BYTES 3

static void write_byte(char *at)
{
	__asm__ volatile("movb $1, (%%rdi)" : : "D"(at) : "memory");
}

static void read_byte(char *at)
{
	__asm__ volatile("movzbl (%%rdi), %%eax" : : "D"(at) : "rax", "memory");
}

/*
 * Where the kernel would fault for a buffer and fail, nothing tells the
 * recorder, so pages of the areas are read before.
 */
static void kernel_access(void)
{
	unsigned long pages;
	char *at = part(&pages);
	long offset = (long)(draw(FILE_PAGES / 2) * PAGE);

	pages = 1 + pages % 8;
	faults_here = 0;
	if (draw(2))
		at = buffer;
	else
		for (unsigned long i = 0; i < pages && !faults_here; i++)
			read_byte(at + i * PAGE);
	if (faults_here)
		return;
	if (draw(2))
		note(pread(draw(2) ? zero : file, at, pages * PAGE, offset));
	else
		note(pwrite(file, at, pages * PAGE, offset));
	if (at == buffer && draw(2))
		note(madvise(at, pages * PAGE, MADV_DONTNEED));
}

static void go_on(int signal, siginfo_t *info, void *context)
{
	ucontext_t *at = context;

	faults_here++;
	faults = (faults * 31 + signal * 1000 + info->si_code) % 1000000007;
	at->uc_mcontext.gregs[REG_RIP] += ACCESS_BYTES;
}

static void survive_faults(void)
{
	struct sigaction action = {.sa_sigaction = go_on,
				   .sa_flags = SA_SIGINFO | SA_ONSTACK};

	catch_faults();
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
}

static void access_part(void)
{
	unsigned long pages;
	char *at = part(&pages);
	unsigned long step = 1 + draw(4);
	int write = draw(2) != 0;

	faults_here = 0;
	for (unsigned long i = 0; i < pages && faults_here < FAULTS_MOST;
	     i += step) {
		if (write)
			write_byte(at + i * PAGE);
		else
			read_byte(at + i * PAGE);
	}
}

static void call(void)
{
	unsigned long pages;
	char *at;

	switch (draw(16)) {
	case 0:
	case 1:
		map_part();
		break;
	case 2:
		at = part(&pages);
		note(munmap(at, pages * PAGE));
		break;
	case 3:
		at = part(&pages);
		note(mprotect(at, pages * PAGE, protection()));
		break;
	case 4:
		advise_part();
		break;
	case 5:
		move_part();
		break;
	case 6:
		lock_part();
		break;
	case 7:
		kernel_access();
		break;
	case 8:
		move_break();
		break;
	default:
		access_part();
	}
}

/* A child that changes what it has, then waits for @gate to be closed. */
static pid_t spawn(int *gate)
{
	int ends[2], done[2];
	char end = 0;
	pid_t pid;

	if (pipe(ends) || pipe(done))
		fail("pipe");
	pid = fork();
	if (pid == 0) {
		close(ends[1]);
		for (int i = 0; i < CALLS / 2; i++)
			call();
		_exit(write(done[1], &end, 1) != 1 ||
		      read(ends[0], &end, 1) != 0);
	}
	close(ends[0]);
	close(done[1]);
	if (read(done[0], &end, 1) != 1)
		fail("a child");
	close(done[0]);
	*gate = ends[1];
	return pid;
}

static void measure(int window)
{
	static char name[16];

	snprintf(name, sizeof(name), "w%02d", window);
	faults = results = 0;
	open_window(name);
	for (int i = 0; i < CALLS; i++)
		call();
	close_window(name);
	report(name, "fault.sig", faults);
	report(name, "ret", results);
	report(name, "rss_kb", smaps_kb(area[0], 64 * GIB, "Rss"));
	report(name, "anon_kb", smaps_kb(area[0], 64 * GIB, "Anonymous"));
	report(name, "vmpte_kb", status_kb("VmPTE"));
}

int main(void)
{
	const char *seed = getenv("PW_SEED");
	int gate = -1, life = 0;
	pid_t child = 0;

	state = (seed ? strtoul(seed, NULL, 10) : 1) * 0x9e3779b97f4a7c15UL | 1;
	for (int i = 0; i < 8; i++)
		draw(2);
	start();
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	survive_faults();
	file = file_of(FILE_PAGES);
	zero = open("/dev/zero", O_RDONLY);
	area[0] = PLACE(1);
	area[1] = PLACE(1) + GIB - AREA_PAGES / 2 * PAGE;
	buffer = anonymous(PLACE(2), 8);
	heap = (char *)sbrk(0);
	heap += PAGE - (unsigned long)heap % PAGE;
	for (int i = 0; i < WINDOWS; i++) {
		if (child && life-- == 0) {
			close(gate);
			reap(child);
			child = 0;
		}
		if (!child && draw(2) == 0) {
			child = spawn(&gate);
			life = (int)draw(3);
			store(signal_stack, STACK_BYTES / PAGE, 1);
			settle();
		}
		measure(i);
	}
	return finish();
}
