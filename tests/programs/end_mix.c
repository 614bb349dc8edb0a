/*
 * end_mix.c - known numbers of stores, and one way of ending a run. Arguments:
 * the way, and a number it needs.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define STACK_BYTES 65536

/* Stores to cell[i] are what is counted. */
volatile long cell[8];
static pthread_barrier_t barrier;

static void store(int index, long count)
{
	for (long i = 0; i < count; i++)
		cell[index] = i;
}

/* 100003 stores, and then a signal of its own. */
static int way_killed(int number)
{
	store(3, 100003);
	kill(getpid(), number);
	pause();
	return 1;
}

static int way_crash(int number)
{
	store(3, 100003);
	*(volatile int *)8 = number;
	return 1;
}

static int way_child(int number)
{
	int status = 0;

	if (fork() == 0)
		way_killed(number);
	wait(&status);
	printf("status %x\n", (unsigned)status);
	return 0;
}

static void *wait_twice(void *nothing)
{
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	return nothing;
}

/* So many threads at once. */
static int way_threads(int number)
{
	pthread_t *thread = calloc((size_t)number, sizeof(*thread));
	pthread_attr_t attributes;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	pthread_barrier_init(&barrier, NULL, (unsigned)number + 1);
	for (int i = 0; i < number; i++)
		if (pthread_create(&thread[i], &attributes, wait_twice, NULL))
			exit(1);
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < number; i++)
		pthread_join(thread[i], NULL);
	puts("all were here");
	execl("/bin/echo", "echo", "and have gone", NULL);
	return 1;
}

static void *store_on(void *nothing)
{
	for (;;)
		cell[1] = 1;
	return nothing;
}

static void *leave(void *status)
{
	exit((int)(long)status);
}

/* A thread ends the process while others run. */
static int way_thread(int number)
{
	pthread_t thread;

	for (int i = 0; i < 2; i++)
		pthread_create(&thread, NULL, store_on, NULL);
	store(3, 100003);
	pthread_create(&thread, NULL, leave, (void *)(long)number);
	pause();
	return 1;
}

static int way_stores(int number)
{
	store(3, number);
	puts("stored");
	return 7;
}

/* A child in the background, which leaves a file behind. */
static int way_daemon(int number)
{
	FILE *file;

	if (fork() != 0)
		return 0;
	setsid();
	store(3, number);
	file = fopen("daemon.done", "w");
	return file ? fclose(file) : 1;
}

static int way_marks(int number)
{
	prctl(PR_SET_NAME, "first");
	store(1, number);
	prctl(PR_SET_NAME, "second");
	store(2, 2L * number);
	prctl(PR_SET_NAME, "third");
	store(3, 3L * number);
	return 0;
}

static const struct way {
	const char *name;
	int (*go)(int number);
} ways[] = {
	{"killed", way_killed}, {"crash", way_crash},
	{"child", way_child},	{"threads", way_threads},
	{"thread", way_thread}, {"stores", way_stores},
	{"daemon", way_daemon}, {"marks", way_marks},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 2 && i < sizeof(ways) / sizeof(ways[0]); i++)
		if (strcmp(argv[1], ways[i].name) == 0)
			return ways[i].go(atoi(argv[2]));
	return 77;
}
