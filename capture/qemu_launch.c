/*
 * qemu_launch.c - find the emulator and start the command under it.
 */
#include "capture/qemu_session.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/assert.h"
#include "capture/script.h"

#define PLUGIN_NAME "pagewalk-qemu.so"
#define CMDLINE_BYTES 32768
#define LINKER_VARIABLES 16
/* Emulator, -plugin, -0, and those of the interpreters. */
#define WORDS_IN_FRONT \
	((size_t)(5 + 2 * LINKER_VARIABLES + 2 * PW_SCRIPT_DEPTH_MAX))

/* The folders of PATH, or the usual ones. */
static bool find_in_path(const char *name, char *out, size_t out_bytes)
{
	const char *at = getenv("PATH");

	if (!at)
		at = "/usr/local/bin:/usr/bin:/bin";
	while (*at) {
		size_t length = strcspn(at, ":");

		if (length &&
		    (size_t)snprintf(out, out_bytes, "%.*s/%s", (int)length, at,
				     name) < out_bytes &&
		    access(out, X_OK) == 0)
			return true;
		at += length + (at[length] == ':');
	}
	return false;
}

/*
 * Beside the program (a build that is not installed), where it was told to
 * look, or where it is installed to.
 */
static bool find_plugin(char *out, size_t out_bytes)
{
	static const char *const folder[] = {
		"",
		"../lib/pagewalk/",
		"../" PW_PLUGIN_FOLDER "/",
	};
	const char *told = getenv("PAGEWALK_QEMU_PLUGIN");
	char self[4096], *slash;
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (told) {
		snprintf(out, out_bytes, "%s", told);
		return access(out, R_OK) == 0;
	}
	self[length > 0 ? length : 0] = '\0';
	slash = strrchr(self, '/');
	for (size_t i = 0; slash && i < PW_COUNT(folder); i++) {
		slash[1] = '\0';
		if ((size_t)snprintf(out, out_bytes, "%s%s%s", self, folder[i],
				     PLUGIN_NAME) < out_bytes &&
		    access(out, R_OK) == 0)
			return true;
	}
	return false;
}

const char *pw_qemu_find(struct pw_qemu_session *session, const char *machine)
{
	char name[32];

	snprintf(name, sizeof(name), "qemu-%s", machine);
	if (!find_in_path(name, session->emulator, sizeof(session->emulator)))
		return "the emulator of the program's processor is not "
		       "installed (package qemu-user)";
	if (!find_plugin(session->plugin, sizeof(session->plugin)))
		return "its plugin, " PLUGIN_NAME ", is not installed";
	if (strchr(session->plugin, ',') || strchr(session->emulator, ','))
		return "there is a comma in the path of the emulator or its "
		       "plugin";
	return NULL;
}

void pw_qemu_program(pid_t pid, char *path, size_t path_bytes)
{
	char link[40], text[CMDLINE_BYTES];
	const char *at = text, *end;
	ssize_t got;
	int fd;

	path[0] = '\0';
	snprintf(link, sizeof(link), "/proc/%d/cmdline", (int)pid);
	fd = open(link, O_RDONLY | O_CLOEXEC);
	got = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;
	if (fd >= 0)
		close(fd);
	if (got <= 0)
		return;
	text[got] = '\0';
	end = text + got;
	/* The emulator's own options all take an argument. */
	at += strlen(at) + 1;
	while (at < end && at[0] == '-') {
		at += strlen(at) + 1;
		if (at < end)
			at += strlen(at) + 1;
	}
	if (at < end)
		snprintf(path, path_bytes, "%s", at);
}

/* The words of a command, with room in front of them. */
struct command {
	const char **word;
	size_t first;
	char head[PW_SCRIPT_DEPTH_MAX][PW_SCRIPT_HEAD_BYTES + 1];
};

static void put_in_front(struct command *command, const char *word)
{
	PW_ASSERT(command->first > 0);
	command->word[--command->first] = word;
}

/* Scripts are run by their interpreters, as the kernel does it. */
static void resolve_script(struct command *command)
{
	for (size_t i = 0; i < PW_SCRIPT_DEPTH_MAX; i++) {
		char *head = command->head[i];
		int fd = open(command->word[command->first],
			      O_RDONLY | O_CLOEXEC);
		ssize_t got =
			fd >= 0 ? read(fd, head, PW_SCRIPT_HEAD_BYTES) : -1;
		struct pw_script script;

		if (fd >= 0)
			close(fd);
		head[got > 0 ? got : 0] = '\0';
		if (!pw_script_parse(head, &script))
			return;
		if (script.argument)
			put_in_front(command, script.argument);
		put_in_front(command, script.interpreter);
	}
}

/*
 * The emulator takes its own environment for the program's, and turns it round.
 * Variables of the dynamic linker would act on the emulator, so they are handed
 * over as options, unless a comma would cut them. The plugin does the same for
 * each exec of the program.
 */
static void hand_over_environment(struct command *command)
{
	size_t count = 0, kept = 0, handed = 0;

	while (environ[count])
		count++;
	for (size_t i = 0; i < count; i++) {
		if (strncmp(environ[i], "LD_", 3) == 0 &&
		    !strchr(environ[i], ',') && handed < LINKER_VARIABLES) {
			put_in_front(command, environ[i]);
			put_in_front(command, "-E");
			handed++;
		} else {
			environ[kept++] = environ[i];
		}
	}
	environ[kept] = NULL;
	for (size_t i = 0; i < kept / 2; i++) {
		char *variable = environ[i];

		environ[i] = environ[kept - 1 - i];
		environ[kept - 1 - i] = variable;
	}
}

static _Noreturn void become_target(const struct pw_qemu_session *session,
				    const char *plugin, int failure)
{
	const struct pw_capture_request *request = &session->request;
	struct command command = {.first = WORDS_IN_FRONT};
	/* execv wants unqualified texts and changes none. */
	union {
		const char **in;
		char *const *out;
	} argv;
	size_t count = 0;
	const char *name;
	int error;

	while (request->argv[count])
		count++;
	command.word =
		calloc(WORDS_IN_FRONT + count + 1, sizeof(*command.word));
	if (!command.word)
		_exit(127);
	memcpy(command.word + command.first, request->argv,
	       count * sizeof(*command.word));
	command.word[command.first] = request->path;
	resolve_script(&command);
	name = command.first == WORDS_IN_FRONT ? request->argv[0]
					       : command.word[command.first];
	put_in_front(&command, name);
	put_in_front(&command, "-0");
	put_in_front(&command, plugin);
	put_in_front(&command, "-plugin");
	hand_over_environment(&command);
	put_in_front(&command, session->emulator);
	argv.in = command.word + command.first;
	execv(session->emulator, argv.out);
	error = errno;
	if (write(failure, &error, sizeof(error)) < 0)
		_exit(127);
	_exit(127);
}

enum pw_status pw_qemu_launch(struct pw_qemu_session *session,
			      struct pw_error *err)
{
	const char *plugin = pw_arena_printf(
		session->arena, "%s,region=/proc/%d/fd/%d,qemu=%s,self=%s",
		session->plugin, (int)getpid(), session->region.fd,
		session->emulator, session->plugin);
	int failure[2], error = 0;

	if (!plugin)
		return pw_fail_memory(err, "the command line");
	if (pipe2(failure, O_CLOEXEC) != 0)
		return pw_fail_errno(err, PW_ERR_SYSTEM, errno, "a pipe");
	session->target = fork();
	if (session->target == 0)
		become_target(session, plugin, failure[1]);
	close(failure[1]);
	if (session->target > 0 &&
	    read(failure[0], &error, sizeof(error)) != (ssize_t)sizeof(error))
		error = 0;
	close(failure[0]);
	if (session->target < 0)
		return pw_fail_errno(err, PW_ERR_SYSTEM, errno, "fork");
	if (error) {
		waitpid(session->target, NULL, 0);
		session->target = -1;
		return pw_fail_errno(err, PW_ERR_TARGET, error,
				     "%s: cannot be executed",
				     session->emulator);
	}
	return PW_OK;
}
