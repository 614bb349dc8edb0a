/*
 * gnuplot.c - gnuplot as a child process, without a shell.
 *
 * The script lies in memory (memfd), is the child's standard input, and is
 * read by name so that its first error ends it. Output and messages come back
 * through two pipes, read side by side until both are closed or time is up.
 */
#include "plots/gnuplot.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/array.h"
#include "base/assert.h"
#include "base/text.h"

/* A picture of more than this is a mistake. */
#define OUTPUT_BYTES_MAX ((size_t)64 << 20)
#define MESSAGE_BYTES 400

struct child {
	pid_t pid;
	int script; /* -1 when closed, as the others */
	int out[2], message[2];
	struct pw_array output; /* char */
	struct pw_array said;	/* char */
	int64_t deadline_ms;
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static enum pw_status write_script(struct child *child, const char *script,
				   struct pw_error *err)
{
	size_t left = strlen(script);

	PW_ASSERT(child->script < 0);
	child->script = memfd_create("pagewalk-gnuplot", MFD_CLOEXEC);
	if (child->script < 0)
		return pw_fail_errno(err, PW_ERR_SYSTEM, errno,
				     "gnuplot: no room for its script");
	while (left > 0) {
		ssize_t wrote = write(child->script, script, left);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0)
			return pw_fail_errno(err, PW_ERR_SYSTEM, errno,
					     "gnuplot: no room for its script");
		script += wrote;
		left -= (size_t)wrote;
	}
	lseek(child->script, 0, SEEK_SET);
	return PW_OK;
}

/* The environment with @locale, in memory that the caller frees. */
static char **make_environment(char *locale)
{
	size_t count = 0;
	size_t kept = 0;
	char **copy;

	while (environ && environ[count])
		count++;
	copy = calloc(count + 2, sizeof(*copy));
	if (!copy)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		if (strncmp(environ[i], "LC_ALL=", 7) != 0)
			copy[kept++] = environ[i];
	}
	copy[kept] = locale;
	return copy;
}

static int spawn(struct child *child, const char *directory, char **environment)
{
	char name[] = "gnuplot", plain[] = "-d", input[] = "/dev/stdin";
	char *const argv[] = {name, plain, input, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int error;

	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	error = posix_spawn_file_actions_adddup2(&actions, child->script, 0);
	if (!error)
		error = posix_spawn_file_actions_adddup2(&actions,
							 child->out[1], 1);
	if (!error)
		error = posix_spawn_file_actions_adddup2(&actions,
							 child->message[1], 2);
	if (!error && directory)
		error = posix_spawn_file_actions_addchdir_np(&actions,
							     directory);
	/* A group of its own, so that its children can be killed with it. */
	if (!error)
		error = posix_spawnattr_setflags(&attributes,
						 POSIX_SPAWN_SETPGROUP);
	if (!error)
		error = posix_spawnp(&child->pid, name, &actions, &attributes,
				     argv, environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

static enum pw_status start(struct child *child,
			    const struct pw_gnuplot *request,
			    struct pw_error *err)
{
	char locale[] = "LC_ALL=C";
	char **environment;
	int error;

	if (pipe2(child->out, O_CLOEXEC) != 0 ||
	    pipe2(child->message, O_CLOEXEC) != 0)
		return pw_fail_errno(err, PW_ERR_SYSTEM, errno,
				     "gnuplot: cannot be started");
	environment = make_environment(locale);
	if (!environment)
		return pw_fail_memory(err, "gnuplot's environment");
	error = spawn(child, request->directory, environment);
	free(environment);
	close_fd(&child->out[1]);
	close_fd(&child->message[1]);
	close_fd(&child->script);
	if (error) {
		child->pid = 0;
		pw_fail_errno(err, PW_ERR_SYSTEM, error,
			      "gnuplot: cannot be started");
		return pw_hint(err, "install gnuplot-nox");
	}
	PW_ASSERT(child->pid > 0 && child->out[1] < 0);
	child->deadline_ms = now_ms() + request->timeout_ms;
	return PW_OK;
}

/* Take what is there; close the pipe at its end. */
static enum pw_status take(int *fd, struct pw_array *into, size_t limit,
			   struct pw_error *err)
{
	char buffer[4096];
	ssize_t got = read(*fd, buffer, sizeof(buffer));

	if (got < 0 && errno == EINTR)
		return PW_OK;
	if (got <= 0) {
		close_fd(fd);
		return PW_OK;
	}
	PW_ASSERT((size_t)got <= sizeof(buffer) && into->count <= limit);
	if (into->count > limit - (size_t)got)
		return pw_fail(err, PW_ERR_SYSTEM,
			       "gnuplot: wrote more than %zu bytes", limit);
	if (pw_array_reserve(into, into->count + (size_t)got + 1, err) != PW_OK)
		return err->status;
	memcpy((char *)into->data + into->count, buffer, (size_t)got);
	into->count += (size_t)got;
	return PW_OK;
}

static enum pw_status hear(struct child *child, struct pw_error *err)
{
	while (child->out[0] >= 0 || child->message[0] >= 0) {
		struct pollfd poll_fd[2] = {
			{.fd = child->out[0], .events = POLLIN},
			{.fd = child->message[0], .events = POLLIN},
		};
		int64_t left_ms = child->deadline_ms - now_ms();
		enum pw_status st = PW_OK;

		if (left_ms <= 0)
			return pw_fail(err, PW_ERR_SYSTEM,
				       "gnuplot: did not end in time");
		if (poll(poll_fd, 2, (int)left_ms) < 0 && errno != EINTR)
			return pw_fail_errno(err, PW_ERR_SYSTEM, errno,
					     "gnuplot: cannot be heard");
		if (poll_fd[0].revents)
			st = take(&child->out[0], &child->output,
				  OUTPUT_BYTES_MAX, err);
		if (st == PW_OK && poll_fd[1].revents)
			st = take(&child->message[0], &child->said,
				  OUTPUT_BYTES_MAX, err);
		if (st != PW_OK)
			return st;
	}
	return PW_OK;
}

/* Wait for the child; false when time is up. */
static bool wait_end(struct child *child, int *status)
{
	const struct timespec pause = {.tv_nsec = 2000000};

	for (;;) {
		pid_t pid = waitpid(child->pid, status, WNOHANG);

		if (pid == child->pid)
			return true;
		if (pid < 0 && errno != EINTR) {
			*status = -1;
			return true;
		}
		if (now_ms() >= child->deadline_ms)
			return false;
		nanosleep(&pause, NULL);
	}
}

/* What gnuplot said, on one line and short. */
static void quote_message(const struct child *child, char *buffer, size_t bytes)
{
	const char *said = child->said.data;
	size_t skip = 0;
	char raw[MESSAGE_BYTES];
	size_t used = 0;

	while (skip < child->said.count && strchr(" \t\r\n", said[skip]))
		skip++;
	for (; skip < child->said.count && used + 1 < sizeof(raw); skip++) {
		bool blank = strchr(" \t\r\n", said[skip]) != NULL;

		if (!blank)
			raw[used++] = said[skip];
		else if (used > 0 && raw[used - 1] != ' ')
			raw[used++] = ' ';
	}
	raw[used] = '\0';
	pw_text_clean(buffer, bytes, used ? raw : "no message");
}

static enum pw_status finish(struct child *child, struct pw_error *err)
{
	char message[MESSAGE_BYTES];
	int status;

	PW_ASSERT(child->pid > 0 && child->out[0] < 0);
	if (!wait_end(child, &status))
		return pw_fail(err, PW_ERR_SYSTEM,
			       "gnuplot: did not end in time");
	child->pid = 0;
	if (status == 0)
		return PW_OK;
	quote_message(child, message, sizeof(message));
	return pw_fail(err, PW_ERR_SYSTEM, "gnuplot: failed: %s", message);
}

/* End what is still running and give everything back. */
static void clean_up(struct child *child)
{
	int status;

	if (child->pid > 0) {
		kill(-child->pid, SIGKILL);
		while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	for (int i = 0; i < 2; i++) {
		close_fd(&child->out[i]);
		close_fd(&child->message[i]);
	}
	close_fd(&child->script);
	pw_array_free(&child->output);
	pw_array_free(&child->said);
}

enum pw_status pw_gnuplot_run(const struct pw_gnuplot *request, char **output,
			      struct pw_error *err)
{
	struct child child = {
		.script = -1,
		.out = {-1, -1},
		.message = {-1, -1},
		.output = PW_ARRAY(char),
		.said = PW_ARRAY(char),
	};
	enum pw_status st;

	PW_ASSERT(request->timeout_ms > 0 && request->timeout_ms <= INT32_MAX);
	*output = NULL;
	st = write_script(&child, request->script, err);
	if (st == PW_OK)
		st = start(&child, request, err);
	if (st == PW_OK)
		st = hear(&child, err);
	if (st == PW_OK)
		st = finish(&child, err);
	if (st == PW_OK)
		st = pw_array_push(&child.output, "", err);
	if (st == PW_OK) {
		*output = child.output.data;
		child.output.data = NULL;
	}
	clean_up(&child);
	return st;
}
