/*
 * engine.c - engines.def as a table.
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
