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

#define ENGINE_VERSION 1
#define LINE_BYTES 256

/* The first line of a file, or NULL; without its newline. */
static const char *first_line(const char *path, char line[LINE_BYTES])
{
	FILE *file = fopen(path, "re");
	const char *got;

	if (!file)
		return NULL;
	got = fgets(line, LINE_BYTES, file);
	fclose(file);
	if (!got)
		return NULL;
	line[strcspn(line, "\n")] = '\0';
	return line;
}

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

/* An argument may hold any bytes; JSON holds UTF-8. */
static json_t *command_line(const struct pw_capture_request *request)
{
	json_t *array = json_array();

	for (size_t i = 0; array && request->argv[i]; i++) {
		const char *word = request->argv[i];
		size_t bytes = 4 * strlen(word) + 1;
		char *clean = malloc(bytes);

		if (!clean)
			break;
		pw_text_clean(clean, bytes, word);
		json_array_append_new(array, json_string(clean));
		free(clean);
	}
	return array;
}

/* Settings of the memory manager, those that can be read. */
static json_t *settings(void)
{
	static const struct {
		const char *name;
		const char *path;
	} file[] = {
		{"thp_enabled", "/sys/kernel/mm/transparent_hugepage/enabled"},
		{"thp_defrag", "/sys/kernel/mm/transparent_hugepage/defrag"},
		{"overcommit_memory", "/proc/sys/vm/overcommit_memory"},
		{"swappiness", "/proc/sys/vm/swappiness"},
		{"page_cluster", "/proc/sys/vm/page-cluster"},
	};
	json_t *object = json_object();

	for (size_t i = 0; object && i < PW_COUNT(file); i++) {
		char line[LINE_BYTES];
		const char *value = first_line(file[i].path, line);

		if (value)
			json_object_set_new(object, file[i].name,
					    json_string(value));
	}
	return object;
}

static bool randomizes(const struct pw_capture_request *request)
{
	char line[LINE_BYTES];
	const char *value =
		first_line("/proc/sys/kernel/randomize_va_space", line);

	return request->aslr && !(value && value[0] == '0') &&
	       !(personality(0xffffffff) & ADDR_NO_RANDOMIZE);
}

enum pw_status pw_capture_metadata(const struct pw_capture_request *request,
				   const struct pw_engine_ops *engine,
				   struct pw_arena *arena, const char **json,
				   struct pw_error *err)
{
	char path[4096];
	json_t *object;
	char *text;

	PW_ASSERT(request->argv && engine);
	pw_text_clean(path, sizeof(path), request->path);
	object = json_pack(
		"{s:o*, s:s, s:s, s:i, s:o*, s:I, s:o*, s:s, s:b, s:s, s:o*}",
		"command", command_line(request), "program", path, "engine",
		engine->name, "engine_version", ENGINE_VERSION, "kernel",
		kernel(), "page_bytes", (json_int_t)sysconf(_SC_PAGESIZE),
		"cpu", cpu_model(), "layout", "native", "aslr",
		(int)randomizes(request), "clock", "instructions", "settings",
		settings());
	text = object ? json_dumps(object, JSON_COMPACT) : NULL;
	json_decref(object);
	*json = text ? pw_arena_copy(arena, text) : NULL;
	free(text);
	return *json ? PW_OK : pw_fail_memory(err, "the metadata");
}
