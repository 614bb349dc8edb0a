/*
 * recorder.c - the buffer between an engine and the writer.
 */
#include "capture/recorder.h"

#include <stdbool.h>
#include <time.h>

#include "base/arena.h"
#include "base/array.h"
#include "base/assert.h"
#include "formats/elf_module.h"

#define BUFFER_ACCESSES ((size_t)64 << 10)
#define FULL_ACCESSES (BUFFER_ACCESSES - PW_X86_ACCESSES_MAX)
#define LOOK_ACCESSES 256 /* between two looks at the clock */
#define KEEP_NS INT64_C(1000000000)

struct pw_recorder {
	struct pw_writer *writer;
	struct pw_arena *arena;
	struct pw_array modules; /* struct pw_module */
	struct pw_array threads; /* uint32_t: the process of each */
	struct pw_recorded recorded;
	uint32_t thread; /* whose accesses are in the buffer */
	size_t count;
	size_t look_count; /* with so many there may be something to do */
	int64_t kept_since_ns;
	uint64_t address[BUFFER_ACCESSES];
	uint64_t pc[BUFFER_ACCESSES];
	uint32_t size_bytes[BUFFER_ACCESSES];
	uint8_t kind[BUFFER_ACCESSES];
};

/* Good to a few milliseconds, without a call into the kernel. */
static int64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (int64_t)now.tv_sec * KEEP_NS + now.tv_nsec;
}

enum pw_status pw_recorder_open(struct pw_recorder **out,
				struct pw_writer *writer, struct pw_error *err)
{
	struct pw_recorder *recorder = calloc(1, sizeof(*recorder));
	enum pw_status st;

	PW_ASSERT(writer != NULL);
	*out = NULL;
	if (!recorder)
		return pw_fail_memory(err, "the recorder's buffer");
	recorder->writer = writer;
	recorder->look_count = LOOK_ACCESSES;
	recorder->kept_since_ns = clock_ns();
	recorder->modules = (struct pw_array)PW_ARRAY(struct pw_module);
	recorder->threads = (struct pw_array)PW_ARRAY(uint32_t);
	st = pw_arena_open(&recorder->arena, 0, err);
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
	pw_array_free(&recorder->threads);
	pw_arena_close(recorder->arena);
	free(recorder);
}

static void note_size(struct pw_recorder *recorder)
{
	struct pw_totals totals;

	pw_writer_totals(recorder->writer, &totals);
	recorder->recorded.file_bytes = totals.file_bytes;
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
	enum pw_status st;

	PW_ASSERT(recorder->count <= BUFFER_ACCESSES);
	if (recorder->count == 0)
		return PW_OK;
	st = pw_writer_accesses(recorder->writer, recorder->thread, &accesses,
				err);
	note_size(recorder);
	recorder->count = 0;
	recorder->look_count = LOOK_ACCESSES;
	return st;
}

/* Put into the file what a kill would take, once a second. */
enum pw_status pw_recorder_keep(struct pw_recorder *recorder,
				struct pw_error *err)
{
	int64_t now_ns = clock_ns();
	enum pw_status st;

	PW_ASSERT(now_ns >= recorder->kept_since_ns);
	if (now_ns - recorder->kept_since_ns < KEEP_NS)
		return PW_OK;
	recorder->kept_since_ns = now_ns;
	st = pw_recorder_flush(recorder, err);
	if (st == PW_OK)
		st = pw_writer_flush(recorder->writer, err);
	note_size(recorder);
	return st;
}

static enum pw_status look(struct pw_recorder *recorder, struct pw_error *err)
{
	if (recorder->count > FULL_ACCESSES) {
		enum pw_status st = pw_recorder_flush(recorder, err);

		if (st != PW_OK)
			return st;
	}
	recorder->look_count = recorder->count + LOOK_ACCESSES;
	if (recorder->look_count > FULL_ACCESSES)
		recorder->look_count = FULL_ACCESSES + 1;
	return pw_recorder_keep(recorder, err);
}

/* From here on the buffer is @thread's. */
static enum pw_status change_thread(struct pw_recorder *recorder,
				    uint32_t thread, struct pw_error *err)
{
	enum pw_status st = pw_recorder_flush(recorder, err);

	PW_ASSERT(thread < recorder->threads.count);
	recorder->thread = thread;
	return st;
}

enum pw_status pw_recorder_accesses(struct pw_recorder *recorder,
				    uint32_t thread, uint64_t pc,
				    const struct pw_x86_access *access,
				    size_t count, struct pw_error *err)
{
	size_t at;

	if (thread != recorder->thread) {
		enum pw_status st = change_thread(recorder, thread, err);

		if (st != PW_OK)
			return st;
	}
	at = recorder->count;

	PW_DEBUG_ASSERT(count <= PW_X86_ACCESSES_MAX);
	PW_DEBUG_ASSERT(at <= FULL_ACCESSES);
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
	if (at >= recorder->look_count)
		return look(recorder, err);
	return PW_OK;
}

enum pw_status pw_recorder_event(struct pw_recorder *recorder, uint32_t thread,
				 const struct pw_event *event,
				 struct pw_error *err)
{
	enum pw_status st = pw_recorder_flush(recorder, err);

	PW_ASSERT(event->kind != 0);
	if (st != PW_OK)
		return st;
	recorder->recorded.events++;
	st = pw_writer_event(recorder->writer, thread, event, err);
	return st == PW_OK ? pw_recorder_keep(recorder, err) : st;
}

static bool is_known(const struct pw_recorder *recorder, uint32_t process,
		     const char *path, uint64_t base)
{
	for (size_t i = 0; i < recorder->modules.count; i++) {
		const struct pw_module *known =
			&PW_ARRAY_AT(&recorder->modules, struct pw_module, i);

		if (known->process == process && known->base == base &&
		    strcmp(known->path, path) == 0)
			return true;
	}
	return false;
}

/* The text of @module is in the arena. */
static enum pw_status add_module(struct pw_recorder *recorder,
				 const struct pw_module *module,
				 struct pw_error *err)
{
	enum pw_status st = pw_array_push(&recorder->modules, module, err);

	PW_ASSERT(module->path != NULL);
	if (st != PW_OK)
		return st;
	return pw_writer_module(recorder->writer, module, err);
}

enum pw_status pw_recorder_thread(struct pw_recorder *recorder,
				  const struct pw_thread *thread,
				  uint32_t *index, struct pw_error *err)
{
	size_t known = recorder->modules.count;
	uint32_t parent;
	enum pw_status st;

	*index = (uint32_t)recorder->threads.count;
	st = pw_array_push(&recorder->threads, &thread->process, err);
	if (st == PW_OK)
		st = pw_writer_thread(recorder->writer, thread, err);
	if (st != PW_OK)
		return st;
	PW_ASSERT(thread->parent <= *index);
	parent = PW_ARRAY_AT(&recorder->threads, uint32_t, thread->parent);
	if (parent == thread->process)
		return PW_OK;
	for (size_t i = 0; i < known && st == PW_OK; i++) {
		struct pw_module module =
			PW_ARRAY_AT(&recorder->modules, struct pw_module, i);

		if (module.process != parent)
			continue;
		module.process = thread->process;
		st = add_module(recorder, &module, err);
	}
	return st;
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

enum pw_status pw_recorder_module(struct pw_recorder *recorder, uint32_t thread,
				  const struct pw_maps *maps,
				  const struct pw_map *map,
				  struct pw_error *err)
{
	uint32_t process = PW_ARRAY_AT(&recorder->threads, uint32_t, thread);
	uint64_t base = find_base(maps, map);
	struct pw_error ignored;
	struct pw_module module;
	enum pw_status st;

	PW_ASSERT(maps->list.count > 0 && thread < recorder->threads.count);
	if (map->inode == 0 || map->path[0] != '/' ||
	    is_known(recorder, process, map->path, base))
		return PW_OK;
	st = pw_elf_module(&module, map->path, process, base, &ignored);
	if (st != PW_OK)
		return PW_OK; /* no ELF file, deleted, or not ours to read */
	module.path = pw_arena_copy(recorder->arena, map->path);
	if (!module.path)
		return pw_fail_memory(err, "the list of modules");
	return add_module(recorder, &module, err);
}

const struct pw_recorded *
pw_recorder_recorded(const struct pw_recorder *recorder)
{
	return &recorder->recorded;
}
