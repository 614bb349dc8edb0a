/*
 * event.c - events.def as a table.
 */
#include "formats/event.h"

#include <stddef.h>

#include "base/status.h"

static const struct pw_event_info infos[] = {
#define PW_EVENT(name, number, args, text) {PW_EVENT_##name, #name, args, text},
#include "formats/events.def"
#undef PW_EVENT
};

const struct pw_event_info *pw_event_info(unsigned kind)
{
	for (size_t i = 0; i < PW_COUNT(infos); i++)
		if ((unsigned)infos[i].kind == kind)
			return &infos[i];
	return NULL;
}

const struct pw_event_info *pw_event_info_at(unsigned index)
{
	return index < PW_COUNT(infos) ? &infos[index] : NULL;
}
