/*
 * bench_ptrace.c - the ptrace engine against the bare loop it is built on.
 *
 * Both run the same program by turns, pinned the same way; printed are steps a
 * second and their ratio. Nothing is asserted: times depend on the machine.
 *
 * Usage: bench_ptrace [ROUNDS [COMMAND [ARGUMENT...]]]
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "capture/engine.h"
#include "capture/target.h"

#define ROUNDS 5
#define ROUNDS_MAX 99
#define STEPS_MAX 300000
#define TURNS 1000000

static double now_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void pin(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)sched_getcpu(), &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/* Registers, step, wait: the least that a recorder by steps can do. */
static double bare_rate(const struct pw_capture_request *request)
{
	struct user_regs_struct regs;
	uint64_t steps = 0;
	double started;
	int status;
	pid_t pid;
	union {
		const char *const *in;
		char *const *out;
	} argv = {request->argv};

	pid = fork();
	if (pid < 0)
		return 0;
	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		execv(request->path, argv.out);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	started = now_seconds();
	while (WIFSTOPPED(status) && steps < request->max_instructions) {
		ptrace(PTRACE_GETREGS, pid, 0, &regs);
		ptrace(PTRACE_SINGLESTEP, pid, 0, 0);
		if (wait4(pid, &status, __WALL, NULL) != pid)
			break;
		steps++;
	}
	started = now_seconds() - started;
	if (WIFSTOPPED(status)) {
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
	}
	return (double)steps / started;
}

static enum pw_status engine_rate(const struct pw_capture_request *request,
				  double *rate, struct pw_error *err)
{
	const struct pw_engine_ops *engine = pw_engine_find("ptrace");
	const struct pw_writer_options options = {0};
	struct pw_capture_result result = {0};
	struct pw_writer *writer = NULL;
	enum pw_status st;
	void *session;

	st = engine->open(&session, request, err);
	if (st != PW_OK)
		return st;
	st = pw_writer_open(&writer, "/dev/null", &options, err);
	if (st == PW_OK)
		st = engine->record(session, writer, &result, err);
	engine->close(session, &result);
	if (st == PW_OK)
		st = pw_writer_close(writer, err);
	else
		pw_writer_abandon(writer);
	*rate = (double)result.steps / result.seconds;
	return st;
}

static int compare(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

static double median(double *value, size_t count)
{
	qsort(value, count, sizeof(*value), compare);
	return value[count / 2];
}

static enum pw_status run(const struct pw_capture_request *request,
			  size_t rounds, struct pw_error *err)
{
	double bare[ROUNDS_MAX], engine[ROUNDS_MAX], ratio[ROUNDS_MAX];

	for (size_t i = 0; i < rounds; i++) {
		enum pw_status st;

		pin();
		bare[i] = bare_rate(request);
		st = engine_rate(request, &engine[i], err);
		if (st != PW_OK)
			return st;
		ratio[i] = engine[i] / bare[i];
	}
	printf("ptrace_bare,%.0f,steps/s\n", median(bare, rounds));
	printf("ptrace_engine,%.0f,steps/s\n", median(engine, rounds));
	printf("ptrace_ratio,%.3f,engine/bare\n", median(ratio, rounds));
	return PW_OK;
}

/* What is stepped unless a command is given: quiet, and no system calls. */
static int be_target(void)
{
	static uint32_t cells[4096];
	uint32_t at = 1;

	for (unsigned i = 0; i < TURNS; i++) {
		at = at * 1664525 + 1013904223;
		cells[at % PW_COUNT(cells)] += cells[i % PW_COUNT(cells)] ^ at;
	}
	return cells[7] == 0;
}

int main(int argc, char **argv)
{
	const char *const standard[] = {argv[0], "--target", NULL};
	const char *const *command = standard;
	struct pw_capture_request request = {
		.aslr = true,
		.max_instructions = STEPS_MAX,
	};
	struct pw_error err = {0};
	struct pw_arena *arena;
	size_t rounds = ROUNDS;
	enum pw_status st;

	if (argc == 2 && strcmp(argv[1], "--target") == 0)
		return be_target();
	if (argc > 1)
		rounds = strtoul(argv[1], NULL, 10);
	if (argc > 2)
		command = (const char *const *)argv + 2;
	if (rounds < 1 || rounds > ROUNDS_MAX)
		return PW_ERR_USAGE;
	st = pw_arena_open(&arena, 0, &err);
	if (st == PW_OK)
		st = pw_target_find(command[0], arena, &request.path, &err);
	request.argv = command;
	if (st == PW_OK)
		st = run(&request, rounds, &err);
	if (st != PW_OK)
		fprintf(stderr, "bench_ptrace: %s\n", err.message);
	pw_arena_close(arena);
	return (int)st;
}
