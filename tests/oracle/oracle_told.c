/*
 * oracle_told.c - what events tell of the page cache.
 *
 * Source: replay/MODEL.md, "Page cache".
 */
#include "base/assert.h"
#include "base/bits.h"
#include "tests/oracle/oracle_replay.h"

/* What was said is forgotten, but of dirty pages. */
static void forget_all(struct pw_oracle_replay *oracle,
		       struct pw_oracle_object *object)
{
	pw_oracle_say(object, PW_ORACLE_NOTHING, 0, oracle->objects.end, 0);
	for (size_t i = 0; i < object->dirties; i++) {
		uint64_t index = object->dirty[i];

		pw_oracle_say(object, PW_ORACLE_THERE, index, index + 1, true);
		pw_oracle_say(object, PW_ORACLE_ORDER, index, index + 1, 0);
		pw_oracle_say(object, PW_ORACLE_DIRTY, index, index + 1, true);
	}
}

static void told_file(struct pw_oracle_replay *oracle,
		      const struct pw_event *event,
		      struct pw_oracle_object *object)
{
	object->bytes = event->arg[2];
	object->read_ahead = event->arg[4];
	if (!oracle->machine.cache_recorded || event->arg[3] == UINT64_MAX)
		return;
	object->listed = true;
	object->marks = 0;
	for (size_t i = 0; i < object->saids; i++) {
		const struct pw_oracle_said *said = &object->said[i];

		if (said->what != PW_ORACLE_MARK || !said->value ||
		    !pw_oracle_ask(&oracle->objects, object, PW_ORACLE_MARK,
				   said->first))
			continue;
		PW_ASSERT(object->marks < PW_COUNT(object->mark));
		object->mark[object->marks++] = said->first;
	}
	pw_oracle_take_out(&oracle->objects, object, 0, oracle->objects.end,
			   true);
	forget_all(oracle, object);
	if (event->result > 0)
		pw_oracle_tell(&oracle->objects, object, event->result,
			       oracle->objects.end, 0);
	/* Nobody told that these are there, unless they are dirty. */
	if (event->result > 0)
		pw_oracle_say(object, PW_ORACLE_THERE, event->result,
			      oracle->objects.end, 2);
	for (size_t i = 0; i < object->dirties; i++)
		pw_oracle_say(object, PW_ORACLE_THERE, object->dirty[i],
			      object->dirty[i] + 1, 1);
}

static void told_folios(struct pw_oracle_replay *oracle,
			const struct pw_event *event,
			struct pw_oracle_object *object)
{
	const uint64_t *arg = event->arg;
	unsigned order = arg[4] <= 9 ? (unsigned)arg[4] : 0;

	if (!object->listed)
		return;
	if (arg[2] % ((uint64_t)1 << order) != 0 ||
	    arg[3] % ((uint64_t)1 << order) != 0)
		order = 0;
	pw_oracle_tell(&oracle->objects, object, arg[2], arg[2] + arg[3],
		       order);
	for (size_t i = 0; i < object->marks; i++) {
		uint64_t index = object->mark[i];

		if (index >= arg[2] && index < arg[2] + arg[3] &&
		    index % ((uint64_t)1 << order) == 0)
			pw_oracle_say(object, PW_ORACLE_MARK, index, index + 1,
				      true);
	}
}

void pw_oracle_told(struct pw_oracle_replay *oracle,
		    const struct pw_event *event,
		    struct pw_oracle_object *object)
{
	if (event->kind == PW_EVENT_file)
		told_file(oracle, event, object);
	else
		told_folios(oracle, event, object);
}
