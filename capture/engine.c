/*
 * engine.c - engines.def as a table, and the choice among them.
 */
#include "capture/engine.h"

#include "base/assert.h"

#define PW_ENGINE(name) extern const struct pw_engine_ops pw_engine_##name;
#include "capture/engines.def"
#undef PW_ENGINE

static const struct pw_engine_ops *const engines[] = {
#define PW_ENGINE(name) &pw_engine_##name,
#include "capture/engines.def"
#undef PW_ENGINE
};

const struct pw_engine_ops *pw_engine_at(size_t index)
{
	return index < PW_COUNT(engines) ? engines[index] : NULL;
}

const struct pw_engine_ops *pw_engine_find(const char *name)
{
	PW_ASSERT(name != NULL);
	for (size_t i = 0; i < PW_COUNT(engines); i++)
		if (strcmp(engines[i]->name, name) == 0)
			return engines[i];
	return NULL;
}

static enum pw_status refuse_name(const char *name, struct pw_arena *arena,
				  struct pw_error *err)
{
	const char *list = "";

	for (size_t i = 0; list && i < PW_COUNT(engines); i++)
		list = pw_arena_printf(arena, "%s\"%s\", ", list,
				       engines[i]->name);
	pw_fail(err, PW_ERR_USAGE, "no engine is called \"%s\"", name);
	return list ? pw_hint(err, "engines are %s\"auto\"", list)
		    : PW_ERR_USAGE;
}

/* NULL, or why @engine cannot record what is asked for. */
static const char *objection(const struct pw_engine_ops *engine,
			     const struct pw_capture_request *request)
{
	const char *why = engine->available();

	return why ? why : engine->suits(request);
}

static enum pw_status choose_named(const struct pw_engine_ops **out,
				   const char *name,
				   const struct pw_capture_request *request,
				   struct pw_arena *arena, struct pw_error *err)
{
	const char *why;

	*out = pw_engine_find(name);
	if (!*out)
		return refuse_name(name, arena, err);
	why = objection(*out, request);
	if (!why)
		return PW_OK;
	pw_fail(err, PW_ERR_TARGET, "the engine %s cannot be used here: %s",
		name, why);
	return pw_hint(err, "leave --engine out to take one that can");
}

enum pw_status pw_engine_choose(const struct pw_engine_ops **out,
				const char *name,
				const struct pw_capture_request *request,
				struct pw_arena *arena, const char **declined,
				struct pw_error *err)
{
	PW_ASSERT(name && request->machine);
	*declined = "";
	if (strcmp(name, "auto") != 0)
		return choose_named(out, name, request, arena, err);
	for (size_t i = 0; i < PW_COUNT(engines); i++) {
		const char *why = objection(engines[i], request);

		*out = engines[i];
		if (!why)
			return PW_OK;
		*declined =
			pw_arena_printf(arena, "%s%s%s: %s", *declined,
					i ? "; " : "", engines[i]->name, why);
		if (!*declined)
			return pw_fail_memory(err, "the choice of an engine");
	}
	return pw_fail(err, PW_ERR_TARGET, "no engine can record this: %s",
		       *declined);
}
