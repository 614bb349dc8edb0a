/*
 * qemu_launch.c - find the emulator and start the command under it.
 */
#include "capture/qemu_session.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/assert.h"

#define PLUGIN_NAME "pagewalk-qemu.so"
#define CMDLINE_BYTES 32768
#define LINKER_VARIABLES 16
#define ARGUMENTS_OWN (8 + 2 * LINKER_VARIABLES)
#define SCRIPT_DEPTH_MAX 5

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

/* The processor that the file, or its script's interpreter, is made for. */
static const char *machine_of(const char *path, int depth)
{
	unsigned char head[256] = {0};
	char *interpreter = (char *)head + 2;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd >= 0 ? read(fd, head, sizeof(head) - 1) : -1;

	if (fd >= 0)
		close(fd);
	if (got >= 20 && memcmp(head, ELFMAG, SELFMAG) == 0 &&
	    head[EI_CLASS] == ELFCLASS64 && head[EI_DATA] == ELFDATA2LSB) {
		if (head[18] == EM_X86_64)
			return "x86_64";
		return head[18] == EM_AARCH64 ? "aarch64" : NULL;
	}
	if (got < 3 || memcmp(head, "#!", 2) != 0 || depth >= SCRIPT_DEPTH_MAX)
		return NULL;
	interpreter += strspn(interpreter, " \t");
	interpreter[strcspn(interpreter, " \t\n")] = '\0';
	return machine_of(interpreter, depth + 1);
}

const char *pw_qemu_find(struct pw_qemu_session *session, const char *path)
{
	const char *machine = path ? machine_of(path, 0) : "x86_64";
	char name[32];

	if (!machine)
		return "the program is neither for x86-64 nor for 64-bit Arm";
	snprintf(name, sizeof(name), "qemu-%s", machine);
	if (!find_in_path(name, session->emulator, sizeof(session->emulator)))
		return strcmp(machine, "x86_64") == 0
			       ? "qemu-x86_64 is not installed (package "
				 "qemu-user)"
			       : "qemu-aarch64 is not installed (package "
				 "qemu-user)";
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

/* "#!" programs are run by their interpreters, as the kernel does it. */
static const char **resolve_script(const char **argv, char *head,
				   size_t head_bytes, int depth)
{
	char *line = head + 2, *argument;
	int fd = open(argv[0], O_RDONLY | O_CLOEXEC);
	ssize_t got = fd >= 0 ? read(fd, head, head_bytes - 1) : -1;

	if (fd >= 0)
		close(fd);
	if (got < 3 || memcmp(head, "#!", 2) != 0 || depth >= SCRIPT_DEPTH_MAX)
		return argv;
	head[got] = '\0';
	line[strcspn(line, "\n")] = '\0';
	line += strspn(line, " \t");
	for (size_t n = strlen(line);
	     n > 0 && (line[n - 1] == ' ' || line[n - 1] == '\t'); n--)
		line[n - 1] = '\0';
	argument = line + strcspn(line, " \t");
	if (*argument) {
		*argument++ = '\0';
		*--argv = argument + strspn(argument, " \t");
	}
	*--argv = line;
	return resolve_script(argv, head + head_bytes / 2, head_bytes / 2,
			      depth + 1);
}

/*
 * The emulator takes its own environment for the program's, and turns it round.
 * Variables of the dynamic linker would act on the emulator, so they are handed
 * over as options, unless a comma would cut them. The plugin does the same for
 * each exec of the program.
 */
static size_t hand_over_environment(const char **word)
{
	size_t count = 0, kept = 0, own = 0;

	while (environ[count])
		count++;
	for (size_t i = 0; i < count; i++) {
		if (strncmp(environ[i], "LD_", 3) == 0 &&
		    !strchr(environ[i], ',') && own < 2 * LINKER_VARIABLES) {
			word[own++] = "-E";
			word[own++] = environ[i];
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
	return own;
}

static _Noreturn void become_target(const struct pw_qemu_session *session,
				    const char *plugin, int failure)
{
	const struct pw_capture_request *request = &session->request;
	size_t count = 0, own = 0;
	const char **word, **argv;
	char head[8192];
	int error;

	while (request->argv[count])
		count++;
	word = calloc(count + ARGUMENTS_OWN + 2 * SCRIPT_DEPTH_MAX + 1,
		      sizeof(*word));
	if (!word)
		_exit(127);
	argv = word + ARGUMENTS_OWN + 2 * SCRIPT_DEPTH_MAX;
	memcpy(argv, request->argv, count * sizeof(*argv));
	argv[0] = request->path;
	argv = resolve_script(argv, head, sizeof(head), 0);
	word[own++] = session->emulator;
	own += hand_over_environment(word + own);
	word[own++] = "-plugin";
	word[own++] = plugin;
	word[own++] = "-0";
	word[own++] = argv[0] == request->path ? request->argv[0] : argv[0];
	memmove(word + own, argv,
		(count +
		 (size_t)(word + ARGUMENTS_OWN + 2 * SCRIPT_DEPTH_MAX - argv)) *
			sizeof(*word));
	own += count +
	       (size_t)(word + ARGUMENTS_OWN + 2 * SCRIPT_DEPTH_MAX - argv);
	word[own] = NULL;
	/* execv wants unqualified texts and changes none. */
	execv(session->emulator, (char *const *)(uintptr_t)word);
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
