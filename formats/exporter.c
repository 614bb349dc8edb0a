/*
 * exporter.c - the exporters of exporters.def.
 */
#include "formats/exporter.h"

#define PW_EXPORTER(name) \
	extern const struct pw_exporter_ops pw_exporter_##name;
#include "formats/exporters.def"
#undef PW_EXPORTER

static const struct pw_exporter_ops *const exporters[] = {
#define PW_EXPORTER(name) &pw_exporter_##name,
#include "formats/exporters.def"
#undef PW_EXPORTER
};

const struct pw_exporter_ops *pw_exporter_at(size_t index)
{
	return index < PW_COUNT(exporters) ? exporters[index] : NULL;
}

const struct pw_exporter_ops *pw_exporter_find(const char *name)
{
	for (size_t i = 0; i < PW_COUNT(exporters); i++)
		if (strcmp(exporters[i]->name, name) == 0)
			return exporters[i];
	return NULL;
}
