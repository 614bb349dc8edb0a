/*
 * metadata.c - facts about the host and the run.
 */
#include "capture/metadata.h"

#include <jansson.h>
#include <sys/personality.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/text.h"
#include "capture/host.h"
#include "capture/request.h"
#include "capture/start.h"

#define ENGINE_VERSION 1
#define LINE_BYTES 256
#define WORDS_MAX 4096 /* of a command line that is read from a process */

/* "model name : X" of /proc/cpuinfo. */
static json_t *cpu_model(void)
{
	FILE *file = fopen("/proc/cpuinfo", "re");
	json_t *model = NULL;
	char line[LINE_BYTES];

	while (file && !model && fgets(line, sizeof(line), file)) {
		const char *colon = strchr(line, ':');

		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "model name", 10) == 0 && colon && colon[1])
			model = json_string(colon + 2);
	}
	if (file)
		fclose(file);
	return model;
}

static json_t *kernel(void)
{
	struct utsname name;

	if (uname(&name) != 0)
		return NULL;
	return json_pack("{s:s, s:s, s:s}", "release", name.release, "version",
			 name.version, "machine", name.machine);
}

/* A word may hold any bytes; JSON holds UTF-8. */
static void append_word(json_t *array, const char *word)
{
	size_t bytes = 4 * strlen(word) + 1;
	char *clean = malloc(bytes);

	if (!clean)
		return;
	pw_text_clean(clean, bytes, word);
	json_array_append_new(array, json_string(clean));
	free(clean);
}

/* The command line of a process that runs already. */
static void append_running(json_t *array, pid_t pid)
{
	char *word = NULL;
	size_t room = 0;
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return;
	while (json_array_size(array) < WORDS_MAX &&
	       getdelim(&word, &room, '\0', file) > 0)
		append_word(array, word);
	free(word);
	fclose(file);
}

static json_t *command_line(const struct pw_capture_request *request)
{
	json_t *array = json_array();

	if (array && request->pid)
		append_running(array, request->pid);
	for (size_t i = 0; array && request->argv && request->argv[i]; i++)
		append_word(array, request->argv[i]);
	return array;
}

/* What the process, or else the recorder, has been told about addresses. */
static bool keeps_addresses(const struct pw_capture_request *request)
{
	char line[PW_HOST_LINE_BYTES];
	char path[64];

	if (!request->pid)
		return personality(0xffffffff) & ADDR_NO_RANDOMIZE;
	snprintf(path, sizeof(path), "/proc/%d/personality", (int)request->pid);
	return pw_host_line("", path, line) &&
	       strtoul(line, NULL, 16) & ADDR_NO_RANDOMIZE;
}

static bool randomizes(const struct pw_capture_request *request,
		       const struct pw_engine_ops *engine)
{
	char line[PW_HOST_LINE_BYTES];
	const char *value =
		pw_host_line("", "/proc/sys/kernel/randomize_va_space", line);

	return request->aslr && strcmp(engine->layout, "native") == 0 &&
	       !(value && value[0] == '0') && !keeps_addresses(request);
}

static void put_text(json_t *object, const char *key, const char *text)
{
	char clean[LINE_BYTES];

	if (!text)
		return;
	pw_text_clean(clean, sizeof(clean), text);
	json_object_set_new(object, key, json_string(clean));
}

/* Which accesses were wanted; empty when all were. */
static json_t *scope(const struct pw_scope_options *options)
{
	json_t *object = json_object();

	put_text(object, "from", options->from);
	put_text(object, "to", options->to);
	if (options->window_instructions) {
		json_object_set_new(
			object, "window_instructions",
			json_integer((json_int_t)options->window_instructions));
		json_object_set_new(
			object, "every_instructions",
			json_integer((json_int_t)options->every_instructions));
	}
	return object;
}

static json_t *describe(const struct pw_capture_request *request,
			const struct pw_engine_ops *engine)
{
	json_t *object = json_object();
	char path[4096];

	pw_text_clean(path, sizeof(path), request->path);
	json_object_set_new(object, "command", command_line(request));
	json_object_set_new(object, "program", json_string(path));
	json_object_set_new(object, "machine", json_string(request->machine));
	json_object_set_new(object, "engine", json_string(engine->name));
	json_object_set_new(object, "engine_version",
			    json_integer(ENGINE_VERSION));
	json_object_set_new(object, "layout", json_string(engine->layout));
	json_object_set_new(object, "aslr",
			    json_boolean(randomizes(request, engine)));
	json_object_set_new(object, "attached",
			    json_boolean(request->pid != 0));
	json_object_set_new(object, "follow",
			    json_string(pw_follow_name(request->follow)));
	json_object_set_new(object, "scope", scope(&request->scope));
	json_object_set_new(object, "clock", json_string("instructions"));
	json_object_set_new(
		object, "folios",
		json_string(pw_start_folios_readable() ? "known" : "unknown"));
	json_object_set_new(object, "page_bytes",
			    json_integer(sysconf(_SC_PAGESIZE)));
	json_object_set_new(object, "kernel", kernel());
	json_object_set_new(object, "cpu", cpu_model());
	json_object_set_new(object, "host", pw_host_json(""));
	return object;
}

enum pw_status pw_capture_metadata(const struct pw_capture_request *request,
				   const struct pw_engine_ops *engine,
				   struct pw_arena *arena, const char **json,
				   struct pw_error *err)
{
	json_t *object;
	char *text;

	PW_ASSERT(request->path && request->machine && engine);
	object = describe(request, engine);
	text = object ? json_dumps(object, JSON_COMPACT) : NULL;
	json_decref(object);
	*json = text ? pw_arena_copy(arena, text) : NULL;
	free(text);
	return *json ? PW_OK : pw_fail_memory(err, "the metadata");
}
