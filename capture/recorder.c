/*
 * recorder.c - the buffer between an engine and the writer.
 */
#include "capture/recorder.h"

#include <stdbool.h>

#include "base/arena.h"
#include "base/array.h"
#include "base/assert.h"
#include "formats/elf_module.h"

#define BUFFER_ACCESSES ((size_t)64 << 10)

struct known_module {
	const char *path;
	uint64_t base;
};

struct pw_recorder {
	struct pw_writer *writer;
	struct pw_arena *arena;
	struct pw_array modules; /* struct known_module */
	struct pw_recorded recorded;
	size_t count;
	uint64_t address[BUFFER_ACCESSES];
	uint64_t pc[BUFFER_ACCESSES];
	uint32_t size_bytes[BUFFER_ACCESSES];
	uint8_t kind[BUFFER_ACCESSES];
};

enum pw_status pw_recorder_open(struct pw_recorder **out,
				struct pw_writer *writer, pid_t pid,
				struct pw_error *err)
{
	struct pw_thread thread = {.pid = (uint32_t)pid, .tid = (uint32_t)pid};
	struct pw_recorder *recorder = calloc(1, sizeof(*recorder));
	enum pw_status st;

	PW_ASSERT(writer && pid > 0);
	*out = NULL;
	if (!recorder)
		return pw_fail_memory(err, "the recorder's buffer");
	recorder->writer = writer;
	recorder->modules = (struct pw_array)PW_ARRAY(struct known_module);
	st = pw_arena_open(&recorder->arena, 0, err);
	if (st == PW_OK)
		st = pw_writer_thread(writer, &thread, err);
	if (st != PW_OK) {
		pw_recorder_close(recorder);
		return st;
	}
	*out = recorder;
	return PW_OK;
}

void pw_recorder_close(struct pw_recorder *recorder)
{
	if (!recorder)
		return;
	pw_array_free(&recorder->modules);
	pw_arena_close(recorder->arena);
	free(recorder);
}

enum pw_status pw_recorder_flush(struct pw_recorder *recorder,
				 struct pw_error *err)
{
	const struct pw_accesses accesses = {
		.count = recorder->count,
		.address = recorder->address,
		.pc = recorder->pc,
		.size_bytes = recorder->size_bytes,
		.kind = recorder->kind,
	};
	struct pw_totals totals;
	enum pw_status st;

	PW_ASSERT(recorder->count <= BUFFER_ACCESSES);
	if (recorder->count == 0)
		return PW_OK;
	st = pw_writer_accesses(recorder->writer, 0, &accesses, err);
	pw_writer_totals(recorder->writer, &totals);
	recorder->recorded.file_bytes = totals.file_bytes;
	recorder->count = 0;
	return st;
}

enum pw_status pw_recorder_accesses(struct pw_recorder *recorder, uint64_t pc,
				    const struct pw_x86_access *access,
				    size_t count, struct pw_error *err)
{
	size_t at = recorder->count;

	PW_DEBUG_ASSERT(count <= PW_X86_ACCESSES_MAX);
	PW_DEBUG_ASSERT(at <= BUFFER_ACCESSES - PW_X86_ACCESSES_MAX);
	for (size_t i = 0; i < count; i++, at++) {
		recorder->address[at] = access[i].address;
		recorder->pc[at] = pc;
		recorder->size_bytes[at] = access[i].size_bytes;
		recorder->kind[at] = access[i].kind;
		if (access[i].kind & PW_ACCESS_FIRST)
			recorder->recorded.instructions++;
	}
	recorder->count = at;
	recorder->recorded.accesses += count;
	if (at > BUFFER_ACCESSES - PW_X86_ACCESSES_MAX)
		return pw_recorder_flush(recorder, err);
	return PW_OK;
}

enum pw_status pw_recorder_event(struct pw_recorder *recorder,
				 const struct pw_event *event,
				 struct pw_error *err)
{
	enum pw_status st = pw_recorder_flush(recorder, err);

	PW_ASSERT(event->kind != 0);
	if (st != PW_OK)
		return st;
	recorder->recorded.events++;
	return pw_writer_event(recorder->writer, 0, event, err);
}

static bool is_known(const struct pw_recorder *recorder, const char *path,
		     uint64_t base)
{
	for (size_t i = 0; i < recorder->modules.count; i++) {
		const struct known_module *known = &PW_ARRAY_AT(
			&recorder->modules, struct known_module, i);

		if (known->base == base && strcmp(known->path, path) == 0)
			return true;
	}
	return false;
}

/* Where the file's first page lies: the nearest such mapping below @map. */
static uint64_t find_base(const struct pw_maps *maps, const struct pw_map *map)
{
	const struct pw_map *first =
		&PW_ARRAY_AT(&maps->list, struct pw_map, 0);
	const struct pw_map *at = map;

	while (at > first && at->offset != 0) {
		at--;
		if (at->inode == map->inode && at->device == map->device &&
		    at->offset == 0)
			return at->start;
	}
	return map->start;
}

enum pw_status pw_recorder_module(struct pw_recorder *recorder,
				  const struct pw_maps *maps,
				  const struct pw_map *map,
				  struct pw_error *err)
{
	struct known_module known = {map->path, find_base(maps, map)};
	struct pw_error ignored;
	struct pw_module module;
	enum pw_status st;

	PW_ASSERT(maps->list.count > 0);
	if (map->inode == 0 || map->path[0] != '/' ||
	    is_known(recorder, map->path, known.base))
		return PW_OK;
	st = pw_elf_module(&module, map->path, 0, known.base, &ignored);
	if (st != PW_OK)
		return PW_OK; /* no ELF file, deleted, or not ours to read */
	known.path = pw_arena_copy(recorder->arena, map->path);
	if (!known.path)
		return pw_fail_memory(err, "the list of modules");
	st = pw_array_push(&recorder->modules, &known, err);
	if (st != PW_OK)
		return st;
	return pw_writer_module(recorder->writer, &module, err);
}

const struct pw_recorded *
pw_recorder_recorded(const struct pw_recorder *recorder)
{
	return &recorder->recorded;
}
