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
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "capture/plugin/exec.h"
#include "capture/plugin/state.h"

#define SPARE_DESCRIPTORS 8
#define OWN_WORDS 32 /* of QEMU, an interpreter, and set variables */
#define POINTERS_MAX ((size_t)1 << 20) /* more than the kernel takes */
#define STRING_MAX ((size_t)32 * 4096) /* of the kernel, for each string */
#define SIGNALS_PLAIN 31

char *pw_exec_copy(struct pw_exec *exec, uint64_t address)
{
	char *to = exec->text + exec->text_bytes;
	size_t left = PW_EXEC_ARENA_BYTES - exec->text_bytes;
	size_t length = 0;

	while (length < left) {
		size_t piece = 256 - (address + length) % 256;
		size_t got;

		piece = piece < left - length ? piece : left - length;
		got = pw_plugin_read(address + length, to + length, piece);
		if (got == 0)
			return NULL;
		if (memchr(to + length, 0, got)) {
			length = strlen(to) + 1;
			exec->text_bytes += length;
			if (length > exec->longest)
				exec->longest = length;
			return to;
		}
		length += got;
	}
	return NULL;
}

char *pw_exec_join(struct pw_exec *exec, const char *first, const char *second,
		   const char *third)
{
	char *to = exec->text + exec->text_bytes;
	size_t left = PW_EXEC_ARENA_BYTES - exec->text_bytes;
	int length = snprintf(to, left, "%s%s%s", first, second, third);

	if (length < 0 || (size_t)length >= left)
		return NULL;
	exec->text_bytes += (size_t)length + 1;
	return to;
}

static bool copy_list(struct pw_exec *exec, uint64_t address, char **list,
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
		list[*count] = pw_exec_copy(exec, pointer);
		if (!list[(*count)++])
			return false;
	}
	list[*count] = NULL;
	return true;
}

/* execve wants unqualified texts and changes none. */
static void add(struct pw_exec *exec, const char *word)
{
	union {
		const char *in;
		char *out;
	} text = {word};

	exec->word[exec->word_count++] = text.out;
}

/*
 * QEMU takes its own environment for the program's. Variables of the dynamic
 * linker would act on QEMU itself, so they are handed over as options. The
 * others are turned round, as QEMU turns them round once more.
 * Source: QEMU 7.2 util/envlist.c.
 */
static void move_linker_variables(struct pw_exec *exec)
{
	size_t kept = 0;

	for (size_t i = 0; i < exec->env_count; i++) {
		char *variable = exec->envp[i];

		if (strncmp(variable, "LD_", 3) == 0 &&
		    !strchr(variable, ',') &&
		    exec->word_count < OWN_WORDS - 6) {
			add(exec, "-E");
			add(exec, variable);
		} else {
			exec->envp[kept++] = variable;
		}
	}
	exec->envp[kept] = NULL;
	for (size_t i = 0; i < kept / 2; i++) {
		char *variable = exec->envp[i];

		exec->envp[i] = exec->envp[kept - 1 - i];
		exec->envp[kept - 1 - i] = variable;
	}
}

/* @region: the descriptor by which the new image gets the rings. */
static bool build(struct pw_exec *exec, uint64_t mask, int region)
{
	char hex[24], number[16];
	char *plugin;

	snprintf(hex, sizeof(hex), "%llx", (unsigned long long)mask);
	plugin = pw_exec_join(exec, pw_plugin.self,
			      ",region=", pw_plugin.region_path);
	if (plugin)
		plugin = pw_exec_join(exec, plugin, ",qemu=", pw_plugin.qemu);
	if (plugin)
		plugin = pw_exec_join(exec, plugin, ",self=", pw_plugin.self);
	if (plugin)
		plugin = pw_exec_join(exec, plugin, ",mask=", hex);
	snprintf(number, sizeof(number), "%d", region);
	if (plugin)
		plugin = pw_exec_join(exec, plugin, ",fd=", number);
	if (!plugin)
		return false;
	add(exec, pw_plugin.qemu);
	move_linker_variables(exec);
	add(exec, "-plugin");
	add(exec, plugin);
	add(exec, "-0");
	add(exec, exec->argc ? exec->argv[0] : "");
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

/* Whether QEMU will have descriptors enough to start beside one of ours. */
static bool can_spare(int fd)
{
	int copy[SPARE_DESCRIPTORS];
	size_t count = 0;

	while (count < SPARE_DESCRIPTORS &&
	       (copy[count] = fcntl(fd, F_DUPFD_CLOEXEC, 0)) >= 0)
		count++;
	for (size_t i = 0; i < count; i++)
		close(copy[i]);
	return count == SPARE_DESCRIPTORS;
}

/*
 * Another root folder, user or process namespace may hide what QEMU needs.
 * *region is a descriptor of the rings, which the exec hands over: the new
 * image may have fewer rights to open them.
 */
static const char *find_obstacle(int *region)
{
	struct stat st;

	*region = open(pw_plugin.region_path, O_RDWR);
	if (*region < 0)
		return errno == EMFILE || errno == ENFILE
			       ? "no descriptor is left for the recording"
			       : "the recorder cannot be reached from there";
	if (fstat(*region, &st) != 0 || st.st_dev != pw_plugin.region_device ||
	    st.st_ino != pw_plugin.region_inode)
		return "the recorder cannot be reached from there";
	if (access(pw_plugin.qemu, X_OK) != 0 ||
	    access(pw_plugin.self, R_OK) != 0)
		return "QEMU and its plugin cannot be reached from there";
	if (!can_spare(*region)) {
		close(*region);
		*region = -1; /* by its path, then */
	}
	return NULL;
}

/*
 * QEMU has a handler of its own for most signals, also for those that the
 * program ignores; the exec would reset it to the default.
 */
static void keep_ignored(bool ignore, struct sigaction *before)
{
	struct sigaction action = {.sa_handler = SIG_IGN};

	for (int signal = 1; signal <= SIGNALS_PLAIN; signal++) {
		if (!(pw_plugin.ignored >> (signal - 1) & 1))
			continue;
		if (ignore)
			sigaction(signal, &action, &before[signal]);
		else
			sigaction(signal, &before[signal], NULL);
	}
}

static const char *run_with(struct pw_exec *exec, int region)
{
	struct sigaction action[SIGNALS_PLAIN + 1];
	uint64_t all = UINT64_MAX, before = 0;
	const char *why = "QEMU cannot be started";
	int flags = exec->fd >= 0 ? fcntl(exec->fd, F_GETFD) : 0;

	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before, sizeof(all));
	/* QEMU holds a signal: it delivers it, then the call is made again. */
	if (all_blocked(before))
		return NULL;
	if (build(exec, before, region)) {
		keep_ignored(true, action);
		if (flags & FD_CLOEXEC)
			fcntl(exec->fd, F_SETFD, 0);
		execve(pw_plugin.qemu, exec->word, exec->envp);
		if (errno == E2BIG && exec->longest > STRING_MAX)
			why = NULL;
		if (flags & FD_CLOEXEC)
			fcntl(exec->fd, F_SETFD, flags);
		keep_ignored(false, action);
	}
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, sizeof(before));
	return why;
}

/* Returns when the exec fails; NULL when it shall fail for the program, too. */
static const char *run(struct pw_exec *exec)
{
	int region = -1;
	const char *why = find_obstacle(&region);

	if (!why)
		why = run_with(exec, region);
	if (region >= 0)
		close(region);
	return why;
}

void pw_plugin_handler(unsigned signal, uint64_t handler)
{
	uint64_t bit;

	if (signal < 1 || signal > SIGNALS_PLAIN)
		return;
	bit = UINT64_C(1) << (signal - 1);
	if (handler == (uint64_t)(uintptr_t)SIG_IGN)
		atomic_fetch_or(&pw_plugin.ignored, bit);
	else
		atomic_fetch_and(&pw_plugin.ignored, ~bit);
}

/*
 * The first argument of this process that is no option of QEMU's, which all
 * take an argument; "" when it cannot be found.
 */
static void find_program(char *out, size_t out_bytes)
{
	int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
	enum { OWN_NAME, OPTION, VALUE, PROGRAM } in = OWN_NAME;
	size_t length = 0;
	char buffer[512];
	ssize_t got = 0;

	while (fd >= 0 && (got = read(fd, buffer, sizeof(buffer))) > 0)
		for (ssize_t i = 0; i < got; i++) {
			bool first = length++ == 0;

			if (in == OPTION && first && buffer[i] != '-')
				in = PROGRAM;
			if (in == PROGRAM && length <= out_bytes)
				out[length - 1] = buffer[i];
			if (buffer[i])
				continue;
			if (in == PROGRAM)
				goto found;
			in = in == OPTION ? VALUE : OPTION;
			length = 0;
		}
found:
	if (fd >= 0)
		close(fd);
	if (in != PROGRAM || length > out_bytes)
		out[0] = '\0';
}

/* By its full path, since the program may go to another folder. */
void pw_plugin_exec_begin(void)
{
	char given[PW_PATH_BYTES], full[PATH_MAX];
	struct sigaction action;

	find_program(given, sizeof(given));
	snprintf(pw_plugin.program, sizeof(pw_plugin.program), "%s",
		 realpath(given, full) ? full : given);
	for (int signal = 1; signal <= SIGNALS_PLAIN; signal++)
		if (sigaction(signal, NULL, &action) == 0 &&
		    action.sa_handler == SIG_IGN)
			pw_plugin.ignored |= UINT64_C(1) << (signal - 1);
}

static bool prepare(struct pw_exec *exec, const struct pw_call *call,
		    void *memory)
{
	char **pointers = memory;

	exec->word = pointers;
	exec->argv = pointers + 2 * POINTERS_MAX + OWN_WORDS;
	exec->envp = pointers + 4 * POINTERS_MAX;
	exec->text = (char *)(pointers + 5 * POINTERS_MAX);
	if (strcmp(pw_call_name(call->id), "execveat") == 0)
		return pw_exec_find(exec, (int)call->arg[0], call->arg[1],
				    call->arg[4]) &&
		       copy_list(exec, call->arg[2], exec->argv, &exec->argc) &&
		       copy_list(exec, call->arg[3], exec->envp,
				 &exec->env_count);
	return pw_exec_find(exec, AT_FDCWD, call->arg[0], 0) &&
	       copy_list(exec, call->arg[1], exec->argv, &exec->argc) &&
	       copy_list(exec, call->arg[2], exec->envp, &exec->env_count);
}

void pw_plugin_exec(unsigned vcpu, const struct pw_call *call)
{
	const size_t bytes =
		5 * POINTERS_MAX * sizeof(char *) + PW_EXEC_ARENA_BYTES;
	struct pw_exec exec = {.fd = -1};
	struct pw_ring *ring = pw_plugin.vcpu[vcpu].ring;
	enum pw_exec_verdict verdict;
	const char *why = NULL;
	void *memory;

	memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED)
		return;
	if (prepare(&exec, call, memory)) {
		verdict = pw_exec_judge(&exec);
		if (verdict == PW_EXEC_EMULATE)
			why = run(&exec);
		else if (verdict == PW_EXEC_NATIVE)
			why = exec.why;
		if (why && ring)
			pw_ring_note(ring, PW_NOTE_NATIVE, 0, 0,
				     pw_exec_join(&exec, why, ": ", exec.path));
	}
	munmap(memory, bytes);
}
