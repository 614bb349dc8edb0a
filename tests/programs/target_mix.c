/*
 * target_mix.c - a program that does to its address space, its signals and its
 * children what recorders get wrong. The argument says which; the exit status
 * is 0 when everything went as without a tracer, else the failing line.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096
#define CELLS 300

#define CHECK(condition)                           \
	do {                                       \
		if (!(condition))                  \
			_exit(__LINE__ % 200 + 1); \
	} while (0)

static volatile sig_atomic_t caught;
static sigjmp_buf back;

static void count(int number)
{
	(void)number;
	caught++;
}

static void leap(int number)
{
	siglongjmp(back, number);
}

/* Two marks, and one of each call that changes the address space. */
static void calls(void)
{
	char *area, *moved;

	CHECK(prctl(PR_SET_NAME, "phase-one") == 0);
	area = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(area != MAP_FAILED);
	memset(area, 1, 8 * PAGE);
	CHECK(mprotect(area, PAGE, PROT_READ) == 0);
	CHECK(madvise(area + PAGE, 2 * PAGE, MADV_DONTNEED) == 0);
	CHECK(area[PAGE] == 0 && area[3 * PAGE] == 1);
	CHECK(mprotect(area, PAGE, PROT_READ | PROT_WRITE) == 0);
	moved = mremap(area, 8 * PAGE, 32 * PAGE, MREMAP_MAYMOVE);
	CHECK(moved != MAP_FAILED);
	CHECK(munmap(moved + 16 * PAGE, 16 * PAGE) == 0);
	CHECK(munmap((void *)1, PAGE) == -1 && errno == EINVAL);
	CHECK(sbrk(3 * PAGE) != (void *)-1);
	CHECK(prctl(PR_SET_NAME, "phase-two") == 0);
	CHECK(munmap(moved, 16 * PAGE) == 0);
}

/* Code written, run, rewritten, run, moved under another protection. */
static void code(void)
{
	static const uint8_t one[] = {0xb8, 1, 0, 0, 0, 0xc3};
	static const uint8_t two[] = {0x31, 0xc0, 0xb0, 2, 0xc3};
	union {
		void *data;
		int (*call)(void);
	} area;

	area.data = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(area.data != MAP_FAILED);
	memcpy(area.data, one, sizeof(one));
	CHECK(area.call() == 1);
	memcpy(area.data, two, sizeof(two));
	CHECK(area.call() == 2);
	CHECK(mprotect(area.data, PAGE, PROT_READ | PROT_EXEC) == 0);
	CHECK(area.call() == 2);
	CHECK(mprotect(area.data, PAGE, PROT_READ | PROT_WRITE) == 0);
	memcpy(area.data, one, sizeof(one));
	CHECK(mprotect(area.data, PAGE, PROT_READ | PROT_EXEC) == 0);
	CHECK(area.call() == 1);
}

/* Faults, breakpoints, timers, restarted and interrupted calls. */
static void signals(void)
{
	const struct itimerval soon = {.it_value = {0, 50000}};
	struct sigaction action = {.sa_handler = leap};
	struct timespec nap = {0, 200000000};
	uint64_t flags;
	int pair[2];
	char byte;

	CHECK(sigaction(SIGSEGV, &action, NULL) == 0);
	if (sigsetjmp(back, 1) == 0) {
		*(volatile char *)16 = 1;
		CHECK(0);
	}
	action.sa_handler = count;
	CHECK(sigaction(SIGTRAP, &action, NULL) == 0);
	CHECK(sigaction(SIGALRM, &action, NULL) == 0);
	__asm__ volatile("int3");
	CHECK(caught == 1);
	CHECK(kill(getpid(), SIGTRAP) == 0 && caught == 2);
	CHECK(setitimer(ITIMER_REAL, &soon, NULL) == 0);
	CHECK(nanosleep(&nap, NULL) == -1 && errno == EINTR && caught == 3);
	action.sa_flags = SA_RESTART;
	CHECK(sigaction(SIGALRM, &action, NULL) == 0);
	CHECK(pipe(pair) == 0);
	if (fork() == 0) {
		struct timespec pause = {0, 400000000};

		nanosleep(&pause, NULL);
		_exit(write(pair[1], "x", 1) == 1 ? 0 : 1);
	}
	CHECK(setitimer(ITIMER_REAL, &soon, NULL) == 0);
	CHECK(read(pair[0], &byte, 1) == 1 && byte == 'x' && caught == 4);
	/* A child's SIGCHLD is ignored by default: the nap goes on. */
	CHECK(nanosleep(&nap, NULL) == 0);
	CHECK(wait(NULL) > 0);
	__asm__ volatile("pushfq\n\tpopq %0" : "=r"(flags));
	CHECK(!(flags & 0x100));
}

static void *add(void *argument)
{
	*(int *)argument += 5;
	return NULL;
}

/* Children of every kind run on by themselves. */
static void children(void)
{
	pthread_t thread;
	int status, sum = 2;
	pid_t child;

	child = fork();
	if (child == 0)
		_exit(43);
	CHECK(waitpid(child, &status, 0) == child);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 43);
	child = vfork();
	if (child == 0) {
		execl("/bin/sh", "sh", "-c", "exit 44", (char *)NULL);
		_exit(1);
	}
	CHECK(waitpid(child, &status, 0) == child);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 44);
	CHECK(pthread_create(&thread, NULL, add, &sum) == 0);
	CHECK(pthread_join(thread, NULL) == 0 && sum == 7);
}

/* Every form of a breakpoint is the program's own. */
static void breakpoints(void)
{
	struct sigaction action = {.sa_handler = count};

	CHECK(sigaction(SIGTRAP, &action, NULL) == 0);
	__asm__ volatile("int3");
	CHECK(caught == 1);
	__asm__ volatile(".byte 0xcd, 0x03");
	CHECK(caught == 2);
}

/* Some virtual machines never get past this one. */
static void hardware_breakpoint(void)
{
	struct sigaction action = {.sa_handler = count};

	CHECK(sigaction(SIGTRAP, &action, NULL) == 0);
	__asm__ volatile(".byte 0xf1");
	CHECK(caught == 1);
}

static const uint8_t short_code[] = {0xb8, 1, 0, 0, 0, 0xc3};
static const uint8_t long_code[] = {0x48, 0x31, 0xc0, 0xff,
				    0xc0, 0xff, 0xc0, 0xc3};
static atomic_int turn;

static void *rewrite(void *area)
{
	while (turn != 1)
		usleep(1000);
	if (mprotect(area, PAGE, PROT_READ | PROT_WRITE) != 0)
		return NULL;
	memcpy(area, long_code, sizeof(long_code));
	if (mprotect(area, PAGE, PROT_READ | PROT_EXEC) == 0)
		turn = 2;
	return NULL;
}

/*
 * Code that another thread replaces, by calls that no recorder of this thread
 * sees: "mov eax, 1; ret" and then "xor rax, rax; inc eax; inc eax; ret".
 */
static void rewritten(void)
{
	pthread_t thread;
	union {
		void *data;
		int (*call)(void);
	} area;

	area.data = mmap((void *)0x30000000, PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	CHECK(area.data != MAP_FAILED);
	memcpy(area.data, short_code, sizeof(short_code));
	CHECK(mprotect(area.data, PAGE, PROT_READ | PROT_EXEC) == 0);
	CHECK(pthread_create(&thread, NULL, rewrite, area.data) == 0);
	CHECK(area.call() == 1);
	turn = 1;
	while (turn != 2)
		usleep(1000);
	CHECK(area.call() == 2);
	CHECK(pthread_join(thread, NULL) == 0);
}

/* A ring of asynchronous input and output comes and goes, pages are locked. */
static void rings(void)
{
	uint64_t context = 0;

	CHECK(syscall(SYS_io_setup, 64, &context) == 0 && context);
	CHECK(*(volatile uint32_t *)(context + 4) > 0);
	CHECK(syscall(SYS_io_destroy, context) == 0);
	CHECK(mlock(&context, sizeof(context)) == 0);
	CHECK(mlock((void *)16, 1) == -1);
}

static void *linger(void *unused)
{
	CHECK(write(1, "running\n", 8) == 8);
	for (int i = 0; i < 4; i++)
		sleep(1);
	_exit(3);
	return unused;
}

/* The first thread ends, another goes on for four seconds. */
static void leaderless(void)
{
	pthread_t thread;

	CHECK(pthread_create(&thread, NULL, linger, NULL) == 0);
	pthread_exit(NULL);
}

static void end_slowly(int number)
{
	const struct timespec second = {1, 0};

	(void)number;
	nanosleep(&second, NULL);
	_exit(9);
}

/* Takes a second to end by SIGTERM. */
static void slow(void)
{
	struct sigaction action = {.sa_handler = end_slowly};

	CHECK(sigaction(SIGTERM, &action, NULL) == 0);
	CHECK(write(1, "running\n", 8) == 8);
	for (;;)
		pause();
}

uint64_t first_cells[CELLS], second_cells[CELLS];

static void *fill(void *cells)
{
	for (size_t i = 0; i < CELLS; i++)
		((volatile uint64_t *)cells)[i] = i;
	return NULL;
}

/* Two threads that each fill cells of their own, and one that waits. */
static void threads(void)
{
	pthread_t first, second;

	CHECK(pthread_create(&first, NULL, fill, first_cells) == 0);
	CHECK(pthread_create(&second, NULL, fill, second_cells) == 0);
	CHECK(pthread_join(first, NULL) == 0);
	CHECK(pthread_join(second, NULL) == 0);
	CHECK(first_cells[CELLS - 1] == CELLS - 1);
	CHECK(second_cells[CELLS - 1] == CELLS - 1);
}

uint8_t other_stack[16 * PAGE] __attribute__((aligned(PAGE)));

static void note_info(int number, siginfo_t *info, void *context)
{
	(void)context;
	caught = number == SIGUSR1 && info->si_signo == SIGUSR1;
}

static void *take_signal(void *unused)
{
	const stack_t stack = {.ss_sp = other_stack,
			       .ss_size = sizeof(other_stack)};

	CHECK(sigaltstack(&stack, NULL) == 0);
	turn = 1;
	while (!caught)
		usleep(1000);
	return unused;
}

/* A signal to a thread, whose handler runs on another stack. */
static void other_stacks(void)
{
	struct sigaction action = {.sa_flags = SA_SIGINFO | SA_ONSTACK};
	pthread_t thread;

	action.sa_sigaction = note_info;
	CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
	CHECK(pthread_create(&thread, NULL, take_signal, NULL) == 0);
	while (turn != 1)
		usleep(1000);
	CHECK(pthread_kill(thread, SIGUSR1) == 0);
	CHECK(pthread_join(thread, NULL) == 0 && caught);
}

static void *exec_calls(void *unused)
{
	execl("/proc/self/exe", "target", "calls", (char *)NULL);
	return unused;
}

/* A thread that is not the first one starts another image. */
static void thread_exec(void)
{
	pthread_t thread;

	CHECK(pthread_create(&thread, NULL, exec_calls, NULL) == 0);
	for (;;)
		pause();
}

/* A child that outlives the first process and then gives a mark. */
static void orphan(void)
{
	int pair[2];
	char byte;

	CHECK(pipe(pair) == 0);
	if (fork() == 0) {
		close(pair[1]);
		CHECK(read(pair[0], &byte, 1) == 0);
		CHECK(prctl(PR_SET_NAME, "alone") == 0);
		_exit(0);
	}
	_exit(4);
}

/* Recorded, a child killed by a signal. */
static void killed_child(void)
{
	int status;
	pid_t child = fork();

	if (child == 0)
		raise(SIGKILL);
	CHECK(waitpid(child, &status, 0) == child);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static atomic_uint worked[2];
static volatile sig_atomic_t told_to_end;

static void end_work(int number)
{
	told_to_end = number;
}

static void *work(void *counter)
{
	for (;;) {
		(*(atomic_uint *)counter)++;
		if (counter == &worked[1])
			usleep(100);
	}
	return NULL;
}

/* Threads work until SIGTERM, and all must still work then. */
static void workers(void)
{
	struct sigaction action = {.sa_handler = end_work};
	pthread_t thread;
	unsigned before[2];

	CHECK(sigaction(SIGTERM, &action, NULL) == 0);
	for (size_t i = 0; i < 2; i++)
		CHECK(pthread_create(&thread, NULL, work, &worked[i]) == 0);
	CHECK(write(1, "running\n", 8) == 8);
	while (!told_to_end)
		usleep(10000);
	for (size_t i = 0; i < 2; i++)
		before[i] = worked[i];
	usleep(200000);
	for (size_t i = 0; i < 2; i++)
		CHECK(worked[i] != before[i]);
	_exit(11);
}

static void shared(void)
{
	int id = shmget(IPC_PRIVATE, 3 * PAGE, IPC_CREAT | 0600);
	char *area;

	CHECK(id >= 0);
	area = shmat(id, NULL, 0);
	CHECK(shmctl(id, IPC_RMID, NULL) == 0);
	CHECK(area != (char *)-1);
	area[PAGE] = 1;
	CHECK(shmdt(area) == 0);
}

static void affinity(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)sysconf(_SC_NPROCESSORS_CONF) - 1, &set);
	CHECK(sched_setaffinity(0, sizeof(set), &set) == 0);
	CHECK(sched_getcpu() == (int)sysconf(_SC_NPROCESSORS_CONF) - 1);
}

/* A choice for another process is none for the caller. */
static void elsewhere(void)
{
	cpu_set_t set;
	pid_t child = fork();

	if (child == 0) {
		pause();
		_exit(0);
	}
	CPU_ZERO(&set);
	CPU_SET(0, &set);
	CHECK(sched_setaffinity(child, sizeof(set), &set) == 0);
	CHECK(kill(child, SIGKILL) == 0 && wait(NULL) == child);
	CHECK(write(1, "running\n", 8) == 8);
	for (;;)
		pause();
}

/* Runs until it is told to end; says so first. */
static void forever(void)
{
	volatile uint64_t turns = 0;

	CHECK(write(1, "running\n", 8) == 8);
	for (;;)
		turns++;
}

static void sleeper(void)
{
	CHECK(write(1, "running\n", 8) == 8);
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} mode[] = {
		{"calls", calls},
		{"code", code},
		{"signals", signals},
		{"children", children},
		{"shared", shared},
		{"affinity", affinity},
		{"breakpoints", breakpoints},
		{"hardware-breakpoint", hardware_breakpoint},
		{"rewritten", rewritten},
		{"rings", rings},
		{"leaderless", leaderless},
		{"threads", threads},
		{"other-stacks", other_stacks},
		{"thread-exec", thread_exec},
		{"orphan", orphan},
		{"killed-child", killed_child},
		{"workers", workers},
		{"slow", slow},
		{"elsewhere", elsewhere},
		{"forever", forever},
		{"sleeper", sleeper},
	};

	for (size_t i = 0; argc == 2 && i < sizeof(mode) / sizeof(mode[0]); i++)
		if (strcmp(argv[1], mode[i].name) == 0) {
			mode[i].run();
			return 0;
		}
	if (argc == 3 && strcmp(argv[1], "exec") == 0)
		execl(argv[2], argv[2], "calls", (char *)NULL);
	if (argc == 3 && strcmp(argv[1], "exit") == 0)
		return argv[2][0] - '0';
	if (argc == 3 && strcmp(argv[1], "kill") == 0)
		return raise((int)strtol(argv[2], NULL, 10));
	return 64;
}
