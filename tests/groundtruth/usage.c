/*
 * usage.c - runs a program as a recording with --no-aslr runs it, and writes
 * what the kernel says of it: "MINOR MAJOR PEAK", faults and the largest
 * resident set in KiB, of the program and the children it has waited for.
 *
 * usage OUT PROGRAM [ARGUMENT...]: ends as the program does.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static int run(char **words, struct rusage *usage)
{
	int status;
	pid_t pid = vfork();

	/* The child borrows this memory, so it faults no more than it must. */
	if (pid == 0) {
		execv(words[0], words);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, usage) != pid)
		return 126;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int count, char **words)
{
	struct rusage usage = {0};
	FILE *out;
	int status;

	if (count < 3 || personality(ADDR_NO_RANDOMIZE) < 0)
		return 64;
	status = run(words + 2, &usage);
	out = fopen(words[1], "we");
	if (!out ||
	    fprintf(out, "%ld %ld %ld\n", usage.ru_minflt, usage.ru_majflt,
		    usage.ru_maxrss) < 0 ||
	    fclose(out) != 0)
		return 74;
	return status;
}
