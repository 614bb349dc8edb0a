/*
 * signal_frames.c - three signals: a handler that is a leaf, one that calls,
 * one on an alternate stack. Each tells where its context lies, which is in
 * the frame that the kernel has made.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void *volatile leaf_context;

static void leaf(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)info;
	leaf_context = context;
}

static void calling(int signal, siginfo_t *info, void *context)
{
	char line[64];
	int length = snprintf(line, sizeof(line), "%d %p\n", signal, context);

	(void)info;
	if (write(1, line, (size_t)length) < 0)
		_exit(1);
}

int main(void)
{
	static char other[65536];
	const stack_t stack = {.ss_sp = other, .ss_size = sizeof(other)};
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	action.sa_flags = SA_SIGINFO;
	action.sa_sigaction = leaf;
	sigaction(SIGUSR1, &action, NULL);
	action.sa_sigaction = calling;
	action.sa_flags = SA_SIGINFO | SA_ONSTACK;
	sigaltstack(&stack, NULL);
	sigaction(SIGUSR2, &action, NULL);
	raise(SIGUSR1);
	printf("%d %p\n", SIGUSR1, leaf_context);
	fflush(stdout);
	raise(SIGUSR2);
	leaf(0, NULL, NULL); /* a call, not a signal */
	return 0;
}
