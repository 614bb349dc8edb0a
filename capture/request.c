/*
 * request.c - check the options of a recording and fill the request.
 */
#include "capture/request.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/assert.h"
#include "base/units.h"
#include "capture/target.h"

#define MIN_FREE_BYTES (UINT64_C(64) << 20)
#define MIN_FREE_PART 16

static const char *const follow_names[] = {
	[PW_FOLLOW_NONE] = "none",
	[PW_FOLLOW_CHILDREN] = "children",
	[PW_FOLLOW_ALL] = "all",
};

const char *pw_follow_name(enum pw_follow follow)
{
	PW_ASSERT((size_t)follow < PW_COUNT(follow_names));
	return follow_names[follow];
}

static enum pw_status find_follow(enum pw_follow *out, const char *name,
				  struct pw_error *err)
{
	for (size_t i = 0; i < PW_COUNT(follow_names); i++) {
		*out = (enum pw_follow)i;
		if (strcmp(follow_names[i], name) == 0)
			return PW_OK;
	}
	return pw_fail(err, PW_ERR_USAGE,
		       "--follow: \"%s\" is not one of none, children, all",
		       name);
}

/* Either a command or a process. */
static enum pw_status check_target(const struct pw_request_args *args,
				   struct pw_error *err)
{
	if (args->pid && args->command.count > 0) {
		pw_fail(err, PW_ERR_USAGE,
			"a process and a command: only one can be recorded");
		return pw_hint(err, "leave out --pid, or the command");
	}
	if (!args->pid && args->command.count == 0) {
		pw_fail(err, PW_ERR_USAGE, "missing -- COMMAND [ARGUMENT...]");
		return pw_hint(err,
			       "for a process that runs already: --pid PID");
	}
	if (args->pid && args->no_aslr)
		return pw_fail(err, PW_ERR_USAGE,
			       "--no-aslr: the process of --pid has its "
			       "addresses already");
	return PW_OK;
}

static enum pw_status check_windows(const struct pw_request_args *args,
				    struct pw_error *err)
{
	const char *given = args->window ? "window" : "every";
	const char *missing = args->window ? "every" : "window";

	if (!args->window != !args->every) {
		pw_fail(err, PW_ERR_USAGE, "--%s needs --%s", given, missing);
		return pw_hint(err, "for a hundredth of all instructions: "
				    "--window 1M --every 100M");
	}
	if (args->window > args->every) {
		pw_fail(err, PW_ERR_USAGE,
			"--window: more instructions than --every says");
		return pw_hint(err, "--window is the part that is recorded, "
				    "--every the whole");
	}
	return PW_OK;
}

uint64_t pw_request_min_free(const char *trace, struct pw_arena *arena)
{
	const char *slash = strrchr(trace, '/');
	const char *folder = ".";
	struct statvfs system;
	struct stat file;
	uint64_t part;

	if (stat(trace, &file) == 0 && !S_ISREG(file.st_mode))
		return 0;
	if (slash)
		folder = pw_arena_printf(arena, "%.*s/", (int)(slash - trace),
					 trace);
	if (!folder || statvfs(folder, &system) != 0)
		return 0;
	part = (uint64_t)system.f_blocks / MIN_FREE_PART * system.f_frsize;
	return part < MIN_FREE_BYTES ? part : MIN_FREE_BYTES;
}

static enum pw_status find_min_free(uint64_t *out,
				    const struct pw_request_args *args,
				    const char *trace, struct pw_arena *arena,
				    struct pw_error *err)
{
	struct pw_error inner;

	if (!args->min_free) {
		*out = pw_request_min_free(trace, arena);
		return PW_OK;
	}
	if (pw_parse_size(args->min_free, out, &inner) == PW_OK)
		return PW_OK;
	pw_fail(err, inner.status, "--min-free: %s", inner.message);
	return pw_hint(err, "%s", inner.hint);
}

/* The trace takes the name of the command, or of the process's number. */
static const char *name_trace(const struct pw_request_args *args,
			      struct pw_arena *arena)
{
	const char *slash;

	if (args->output)
		return args->output;
	if (args->pid)
		return pw_arena_printf(arena, "pid-%llu.pwt",
				       (unsigned long long)args->pid);
	slash = strrchr(args->command.item[0], '/');
	return pw_arena_printf(arena, "%s.pwt",
			       slash ? slash + 1 : args->command.item[0]);
}

static enum pw_status find_target(struct pw_capture_request *out,
				  const struct pw_request_args *args,
				  struct pw_arena *arena, struct pw_error *err)
{
	struct pw_target target = {0};
	const char **argv;
	enum pw_status st;

	if (args->pid > INT32_MAX)
		return pw_fail(err, PW_ERR_TARGET,
			       "process %llu: there is none",
			       (unsigned long long)args->pid);
	if (args->pid) {
		out->pid = (pid_t)args->pid;
		st = pw_target_running(&target, out->pid, arena, err);
	} else {
		argv = pw_arena_alloc(arena, args->command.count + 1,
				      sizeof(*argv));
		if (!argv)
			return pw_fail_memory(err, "the command line");
		memcpy(argv, args->command.item,
		       args->command.count * sizeof(*argv));
		out->argv = argv;
		st = pw_target_find(&target, argv[0], arena, err);
	}
	out->path = target.path;
	out->machine = target.machine;
	return st;
}

enum pw_status pw_request_make(struct pw_capture_request *out,
			       const struct pw_request_args *args,
			       struct pw_arena *arena, struct pw_error *err)
{
	enum pw_status st;

	*out = (struct pw_capture_request){
		.aslr = !args->no_aslr,
		.scope = {.from = args->from,
			  .to = args->to,
			  .window_instructions = args->window,
			  .every_instructions = args->every},
		.max_instructions = args->max_instructions,
		.max_bytes = args->max_bytes,
		.max_seconds = args->max_seconds,
	};
	st = check_target(args, err);
	if (st == PW_OK)
		st = check_windows(args, err);
	if (st == PW_OK)
		st = find_follow(&out->follow, args->follow, err);
	if (st != PW_OK)
		return st;
	out->trace = name_trace(args, arena);
	if (!out->trace)
		return pw_fail_memory(err, "the name of the trace");
	st = find_min_free(&out->min_free_bytes, args, out->trace, arena, err);
	return st == PW_OK ? find_target(out, args, arena, err) : st;
}
