/*
 * exec.c - follow the program over execve, from inside.
 *
 * QEMU would run the new program natively, unrecorded. So when the program
 * asks for an exec, the plugin makes it itself, with QEMU and this plugin in
 * front of the program: without a tracer, without stops, without taking rights
 * from anybody. What cannot run under this QEMU (another processor, 32 bits,
 * other rights than ours) is left to the kernel and reported.
 *
 * Signals. Between the decision and the exec a signal must not get lost in
 * QEMU, which keeps it until a block ends. So all are blocked first; those that
 * come stay with the kernel over the exec, and the plugin in the new image
 * restores the mask. When QEMU holds one already it has blocked all itself:
 * then nothing is done here, for QEMU will deliver the signal and make the
 * call again.
 *
 * Source: QEMU 7.2 linux-user/signal.c (host_signal_handler), safe-syscall.h.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "capture/plugin/state.h"

#define HEAD_BYTES 256
#define SCRIPT_DEPTH_MAX 5
#define OWN_WORDS 32 /* of QEMU, an interpreter, and set variables */
#define ARENA_BYTES ((size_t)8 << 20)
#define POINTERS_MAX ((size_t)128 << 10)

/* An exec in the making; its memory goes with the old image. */
struct exec {
	char path[PW_PATH_BYTES]; /* what the kernel would open */
	char *text;		  /* strings */
	size_t text_bytes;
	char **argv; /* of the new program; room for OWN_WORDS before it */
	size_t argc;
	char **envp;
	size_t env_count;
	char **word; /* of QEMU */
	size_t word_count;
	const char *why; /* it must run natively */
};

enum verdict { VERDICT_EMULATE, VERDICT_NATIVE, VERDICT_FAILS };

/* Copy a string of the program; NULL when it cannot be read or is too long. */
static char *copy_string(struct exec *exec, uint64_t address)
{
	char *to = exec->text + exec->text_bytes;
	size_t left = ARENA_BYTES - exec->text_bytes;
	size_t length = 0;

	while (length < left) {
		size_t piece = 256 - (address + length) % 256;
		size_t got;

		piece = piece < left - length ? piece : left - length;
		got = pw_plugin_read(address + length, to + length, piece);
		if (got == 0)
			return NULL;
		if (memchr(to + length, 0, got)) {
			exec->text_bytes += strlen(to) + 1;
			return to;
		}
		length += got;
	}
	return NULL;
}

/* Three strings one after the other, as one. */
static char *join(struct exec *exec, const char *first, const char *second,
		  const char *third)
{
	char *to = exec->text + exec->text_bytes;
	size_t left = ARENA_BYTES - exec->text_bytes;
	int length = snprintf(to, left, "%s%s%s", first, second, third);

	if (length < 0 || (size_t)length >= left)
		return NULL;
	exec->text_bytes += (size_t)length + 1;
	return to;
}

static bool copy_list(struct exec *exec, uint64_t address, char **list,
		      size_t *count)
{
	*count = 0;
	for (; address; address += 8) {
		uint64_t pointer;

		if (pw_plugin_read(address, &pointer, 8) != 8)
			return false;
		if (!pointer)
			break;
		if (*count >= POINTERS_MAX - 1)
			return false;
		list[*count] = copy_string(exec, pointer);
		if (!list[(*count)++])
			return false;
	}
	list[*count] = NULL;
	return true;
}

/* The path as seen from this process, for execveat relative to @dir. */
static bool find_path(struct exec *exec, int dir, uint64_t path, uint64_t flags)
{
	char link[40];
	char *name = path ? copy_string(exec, path) : NULL;
	ssize_t length;

	if (!name)
		return false;
	if (name[0] == '/' || dir == AT_FDCWD) {
		strncpy(exec->path, name, sizeof(exec->path) - 1);
		return name[0] && strlen(name) < sizeof(exec->path);
	}
	if (!name[0] && !(flags & AT_EMPTY_PATH))
		return false;
	snprintf(link, sizeof(link), "/proc/thread-self/fd/%d", dir);
	length = readlink(link, exec->path, sizeof(exec->path) - 1);
	if (length <= 0 ||
	    (size_t)length + strlen(name) + 2 > sizeof(exec->path))
		return false;
	exec->path[length] = '\0';
	if (name[0]) {
		exec->path[length] = '/';
		memcpy(exec->path + length + 1, name, strlen(name) + 1);
	}
	return true;
}

static bool changes_identity(const struct stat *st)
{
	return ((st->st_mode & S_ISUID) && st->st_uid != geteuid()) ||
	       ((st->st_mode & S_ISGID) && (st->st_mode & S_IXGRP) &&
		st->st_gid != getegid());
}

/* "#! interpreter [argument]": put both in front of the arguments. */
static bool use_script(struct exec *exec, char *head)
{
	char *line = head + 2;
	char *end = line + strcspn(line, "\n");
	char *argument;

	*end = '\0';
	line += strspn(line, " \t");
	while (end > line && (end[-1] == ' ' || end[-1] == '\t'))
		*--end = '\0';
	argument = line + strcspn(line, " \t");
	if (*argument) {
		*argument++ = '\0';
		argument += strspn(argument, " \t");
	}
	if (!*line || exec->argc == 0)
		return false;
	exec->argv[0] = join(exec, exec->path, "", "");
	if (*argument) {
		exec->argv--;
		exec->argc++;
		exec->argv[0] = join(exec, argument, "", "");
	}
	exec->argv--;
	exec->argc++;
	exec->argv[0] = join(exec, line, "", "");
	strncpy(exec->path, line, sizeof(exec->path) - 1);
	return true;
}

static enum verdict judge_elf(struct exec *exec, const uint8_t *head)
{
	const unsigned machine = head[18] | (unsigned)head[19] << 8;
	const unsigned ours =
		pw_plugin.machine == PW_CALL_AARCH64 ? EM_AARCH64 : EM_X86_64;

	if (head[EI_CLASS] != ELFCLASS64)
		exec->why = "32-bit program";
	else if (machine != ours)
		exec->why = "program for another processor";
	return exec->why ? VERDICT_NATIVE : VERDICT_EMULATE;
}

static enum verdict judge(struct exec *exec)
{
	for (int depth = 0; depth < SCRIPT_DEPTH_MAX; depth++) {
		char head[HEAD_BYTES + 1] = {0};
		struct stat st;
		ssize_t got;
		int fd;

		if (stat(exec->path, &st) != 0 || !S_ISREG(st.st_mode) ||
		    access(exec->path, X_OK) != 0)
			return VERDICT_FAILS;
		if (changes_identity(&st)) {
			exec->why = "set-user-ID program";
			return VERDICT_NATIVE;
		}
		fd = open(exec->path, O_RDONLY | O_CLOEXEC);
		if (fd < 0) {
			exec->why = "unreadable program";
			return VERDICT_NATIVE;
		}
		got = read(fd, head, HEAD_BYTES);
		close(fd);
		if (got >= 20 && memcmp(head, ELFMAG, SELFMAG) == 0)
			return judge_elf(exec, (const uint8_t *)head);
		if (got < 3 || memcmp(head, "#!", 2) != 0 ||
		    !use_script(exec, head))
			return VERDICT_FAILS;
	}
	return VERDICT_FAILS;
}

static void add(struct exec *exec, char *word)
{
	exec->word[exec->word_count++] = word;
}

/*
 * QEMU takes its own environment for the program's. Variables of the dynamic
 * linker would act on QEMU itself, so they are handed over as options.
 */
static void move_linker_variables(struct exec *exec)
{
	size_t kept = 0;

	for (size_t i = 0; i < exec->env_count; i++) {
		char *variable = exec->envp[i];

		if (strncmp(variable, "LD_", 3) == 0 &&
		    !strchr(variable, ',') &&
		    exec->word_count < OWN_WORDS - 6) {
			add(exec, (char *)(uintptr_t) "-E");
			add(exec, variable);
		} else {
			exec->envp[kept++] = variable;
		}
	}
	exec->envp[kept] = NULL;
}

static bool build(struct exec *exec, uint64_t mask)
{
	char hex[24];
	char *plugin;

	snprintf(hex, sizeof(hex), "%llx", (unsigned long long)mask);
	plugin = join(exec, pw_plugin.self, ",region=", pw_plugin.region_path);
	if (plugin)
		plugin = join(exec, plugin, ",qemu=", pw_plugin.qemu);
	if (plugin)
		plugin = join(exec, plugin, ",self=", pw_plugin.self);
	if (plugin)
		plugin = join(exec, plugin, ",mask=", hex);
	if (!plugin)
		return false;
	add(exec, pw_plugin.qemu);
	move_linker_variables(exec);
	add(exec, (char *)(uintptr_t) "-plugin");
	add(exec, plugin);
	if (exec->argc) {
		add(exec, (char *)(uintptr_t) "-0");
		add(exec, exec->argv[0]);
	}
	add(exec, exec->path);
	for (size_t i = 1; i < exec->argc; i++)
		add(exec, exec->argv[i]);
	add(exec, NULL);
	return true;
}

static bool all_blocked(uint64_t mask)
{
	const uint64_t never =
		UINT64_C(1) << (SIGKILL - 1) | UINT64_C(1) << (SIGSTOP - 1);

	return (mask | never) == UINT64_MAX;
}

static void run(unsigned vcpu, struct exec *exec)
{
	uint64_t all = UINT64_MAX, before = 0;

	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before, sizeof(all));
	/* QEMU holds a signal: it delivers it, then the call is made again. */
	if (!all_blocked(before) && build(exec, before))
		execve(pw_plugin.qemu, exec->word, exec->envp);
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, sizeof(before));
	if (!all_blocked(before))
		pw_ring_note(pw_plugin.vcpu[vcpu].ring, PW_NOTE_NATIVE,
			     (uint64_t)errno, 0, "QEMU cannot be started");
}

static bool prepare(struct exec *exec, const struct pw_call *call, void *memory)
{
	char **pointers = memory;

	exec->word = pointers;
	exec->argv = pointers + 2 * POINTERS_MAX + OWN_WORDS;
	exec->envp = pointers + 4 * POINTERS_MAX;
	exec->text = (char *)(pointers + 5 * POINTERS_MAX);
	if (strcmp(pw_call_name(call->id), "execveat") == 0)
		return find_path(exec, (int)call->arg[0], call->arg[1],
				 call->arg[4]) &&
		       copy_list(exec, call->arg[2], exec->argv, &exec->argc) &&
		       copy_list(exec, call->arg[3], exec->envp,
				 &exec->env_count);
	return find_path(exec, AT_FDCWD, call->arg[0], 0) &&
	       copy_list(exec, call->arg[1], exec->argv, &exec->argc) &&
	       copy_list(exec, call->arg[2], exec->envp, &exec->env_count);
}

void pw_plugin_exec(unsigned vcpu, const struct pw_call *call)
{
	const size_t bytes = 5 * POINTERS_MAX * sizeof(char *) + ARENA_BYTES;
	struct exec exec = {{0}, NULL, 0, NULL, 0, NULL, 0, NULL, 0, NULL};
	enum verdict verdict;
	void *memory;

	memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED)
		return;
	if (prepare(&exec, call, memory)) {
		verdict = judge(&exec);
		if (verdict == VERDICT_EMULATE)
			run(vcpu, &exec);
		else if (verdict == VERDICT_NATIVE)
			pw_ring_note(pw_plugin.vcpu[vcpu].ring, PW_NOTE_NATIVE,
				     0, 0,
				     join(&exec, exec.why, ": ", exec.path));
	}
	munmap(memory, bytes);
}
