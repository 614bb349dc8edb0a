/*
 * pwt_records.c - metadata, threads and modules, to and from bytes.
 */
#include "formats/pwt_records.h"

#include <jansson.h>

#include "base/assert.h"
#include "base/bits.h"
#include "formats/layout.h"

/*
 * Whether the text has no more values than are allowed. Each takes memory that
 * its few bytes do not tell, so they are counted before they are parsed.
 */
static bool is_bounded(const char *json, size_t bytes)
{
	uint64_t values = 1, nests = 0;
	bool quoted = false;

	for (size_t i = 0; i < bytes; i++) {
		char c = json[i];

		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		if (quoted)
			continue;
		values += c == ',' || c == ':';
		nests += c == '[' || c == '{';
	}
	return values <= PW_META_VALUES_MAX && nests <= PW_META_NESTS_MAX;
}

bool pw_metadata_valid(const char *json, size_t bytes)
{
	json_error_t error;
	json_t *root;
	bool object;

	if (memchr(json, 0, bytes) || !is_bounded(json, bytes))
		return false;
	root = json_loadb(json, bytes, 0, &error);
	object = json_is_object(root);
	json_decref(root);
	return object;
}

/* @bytes more zeroed bytes at the end of @out, or NULL. */
static uint8_t *extend(struct pw_array *out, size_t bytes, struct pw_error *err)
{
	uint8_t *begin;

	PW_ASSERT(out->item_bytes == 1);
	if (pw_array_reserve(out, out->count + bytes, err) != PW_OK)
		return NULL;
	begin = (uint8_t *)out->data + out->count;
	memset(begin, 0, bytes);
	out->count += bytes;
	return begin;
}

enum pw_status pw_meta_put(struct pw_array *out, unsigned unknown,
			   const char *json, size_t json_bytes,
			   struct pw_error *err)
{
	uint8_t *begin = extend(out, PW_META_HEAD_BYTES + json_bytes, err);

	if (!begin)
		return err->status;
	pw_store32(begin, unknown);
	memcpy(begin + PW_META_HEAD_BYTES, json, json_bytes);
	return PW_OK;
}

enum pw_status pw_meta_get(const uint8_t *payload, size_t payload_bytes,
			   struct pw_arena *arena, unsigned *unknown,
			   const char **json, struct pw_error *err)
{
	size_t bytes;
	char *copy;

	if (payload_bytes < PW_META_HEAD_BYTES ||
	    payload_bytes > PW_META_BYTES_MAX || pw_load32(payload + 4) != 0)
		return pw_fail(err, PW_ERR_FORMAT, "it is malformed");
	bytes = payload_bytes - PW_META_HEAD_BYTES;
	if (!pw_metadata_valid((const char *)payload + PW_META_HEAD_BYTES,
			       bytes))
		return pw_fail(err, PW_ERR_FORMAT, "it holds no JSON object");
	copy = pw_arena_alloc(arena, bytes + 1, 1);
	if (!copy)
		return pw_fail_memory(err, "the metadata of a trace");
	memcpy(copy, payload + PW_META_HEAD_BYTES, bytes);
	*json = copy;
	*unknown = pw_load32(payload);
	return PW_OK;
}

enum pw_status pw_thread_put(struct pw_array *out,
			     const struct pw_thread *thread,
			     struct pw_error *err)
{
	uint8_t *begin = extend(out, PW_THREAD_BYTES, err);

	if (!begin)
		return err->status;
	pw_store32(begin, thread->process);
	pw_store32(begin + 4, thread->pid);
	pw_store32(begin + 8, thread->tid);
	pw_store32(begin + 12, thread->parent);
	return PW_OK;
}

bool pw_thread_get(const uint8_t *bytes, uint32_t index,
		   struct pw_thread *thread)
{
	thread->process = pw_load32(bytes);
	thread->pid = pw_load32(bytes + 4);
	thread->tid = pw_load32(bytes + 8);
	thread->parent = pw_load32(bytes + 12);
	return thread->process <= index && thread->parent <= index;
}

enum pw_status pw_module_put(struct pw_array *out,
			     const struct pw_module *module,
			     struct pw_error *err)
{
	size_t path_bytes = strlen(module->path);
	uint8_t *begin;

	PW_ASSERT(module->build_id_bytes <= PW_BUILD_ID_MAX);
	PW_ASSERT(module->process < PW_THREADS_MAX);
	if (path_bytes > PW_MODULE_PATH_MAX)
		return pw_fail(err, PW_ERR_OUTPUT,
			       "a module's path of %zu bytes is longer than "
			       "the trace format holds (64 KiB)",
			       path_bytes);
	begin = extend(out, PW_MODULE_FIXED_BYTES + path_bytes, err);
	if (!begin)
		return err->status;
	pw_store32(begin, module->process);
	pw_store32(begin + 4, module->build_id_bytes);
	pw_store64(begin + 8, module->base);
	pw_store64(begin + 16, module->load_bias);
	pw_store64(begin + 24, module->span_bytes);
	memcpy(begin + 32, module->build_id, module->build_id_bytes);
	pw_store32(begin + 64, (uint32_t)path_bytes);
	memcpy(begin + PW_MODULE_FIXED_BYTES, module->path, path_bytes);
	return PW_OK;
}

/* Read the module at @in; *used is 0 when it is malformed. */
static enum pw_status get_module(const uint8_t *in, size_t left,
				 struct pw_arena *arena,
				 struct pw_module *module, size_t *used,
				 struct pw_error *err)
{
	size_t path_bytes;
	char *path;

	*used = 0;
	if (left < PW_MODULE_FIXED_BYTES)
		return PW_OK;
	module->process = pw_load32(in);
	module->build_id_bytes = pw_load32(in + 4);
	module->base = pw_load64(in + 8);
	module->load_bias = pw_load64(in + 16);
	module->span_bytes = pw_load64(in + 24);
	memcpy(module->build_id, in + 32, PW_BUILD_ID_MAX);
	path_bytes = pw_load32(in + 64);
	if (module->build_id_bytes > PW_BUILD_ID_MAX ||
	    module->process >= PW_THREADS_MAX ||
	    path_bytes > PW_MODULE_PATH_MAX ||
	    path_bytes > left - PW_MODULE_FIXED_BYTES ||
	    memchr(in + PW_MODULE_FIXED_BYTES, 0, path_bytes))
		return PW_OK;
	path = pw_arena_alloc(arena, path_bytes + 1, 1);
	if (!path)
		return pw_fail_memory(err, "the modules of a trace");
	memcpy(path, in + PW_MODULE_FIXED_BYTES, path_bytes);
	module->path = path;
	*used = PW_MODULE_FIXED_BYTES + path_bytes;
	return PW_OK;
}

enum pw_status pw_modules_get(const uint8_t *payload, size_t payload_bytes,
			      struct pw_arena *arena, struct pw_array *modules,
			      struct pw_error *err)
{
	size_t before = modules->count, used = 0;
	enum pw_status st = PW_OK;

	for (size_t at = 0; at < payload_bytes && st == PW_OK; at += used) {
		struct pw_module module = {0};

		st = get_module(payload + at, payload_bytes - at, arena,
				&module, &used, err);
		PW_ASSERT(used <= payload_bytes - at);
		if (st == PW_OK && used == 0)
			st = pw_fail(err, PW_ERR_FORMAT, "it is malformed");
		if (st == PW_OK)
			st = pw_array_push(modules, &module, err);
	}
	if (st == PW_ERR_FORMAT)
		modules->count = before;
	return st;
}
