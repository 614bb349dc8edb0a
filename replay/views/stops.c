/*
 * stops.c - the moments of a replay that a user asked to see: --at.
 */
#include "replay/views/stops.h"

#include <fnmatch.h>

#include "base/assert.h"
#include "base/units.h"
#include "replay/machine/cost.h"
#include "replay/memory/system.h"

enum wish_kind {
	WISH_END,
	WISH_MARK,
	WISH_ACCESS,
	WISH_INSTRUCTION,
	WISH_TIME
};

struct pw_stop_wish {
	enum wish_kind kind;
	const char *text;    /* as written */
	const char *pattern; /* of marks */
	uint64_t position;   /* accesses, instructions or ns */
	bool met;
};

static const struct {
	const char *prefix;
	enum wish_kind kind;
	enum pw_status (*parse)(const char *text, uint64_t *value,
				struct pw_error *err);
} positions[] = {
	{"access:", WISH_ACCESS, pw_parse_count},
	{"instruction:", WISH_INSTRUCTION, pw_parse_count},
	{"time:", WISH_TIME, pw_parse_ns},
};

static enum pw_status parse_wish(struct pw_stop_wish *wish, const char *text,
				 struct pw_error *err)
{
	static const char mark[] = "mark:";

	*wish = (struct pw_stop_wish){
		.text = text, .pattern = text, .kind = WISH_MARK};
	if (strcmp(text, "end") == 0)
		wish->kind = WISH_END;
	else if (strcmp(text, "all-marks") == 0)
		wish->pattern = "*";
	else if (strncmp(text, mark, strlen(mark)) == 0)
		wish->pattern = text + strlen(mark);
	for (size_t i = 0; i < PW_COUNT(positions); i++) {
		size_t bytes = strlen(positions[i].prefix);
		struct pw_error why;

		if (strncmp(text, positions[i].prefix, bytes) != 0)
			continue;
		wish->kind = positions[i].kind;
		if (positions[i].parse(text + bytes, &wish->position, &why) !=
		    PW_OK)
			return pw_fail(err, PW_ERR_USAGE, "--at=%.60s: %.400s",
				       text, why.message);
	}
	return PW_OK;
}

enum pw_status pw_stops_parse(struct pw_stops *stops,
			      const struct pw_text_list *texts,
			      struct pw_arena *arena, struct pw_error *err)
{
	static const char *fallback[] = {"end"};
	static const struct pw_text_list end = {fallback, 1};
	enum pw_status st = PW_OK;

	*stops = (struct pw_stops){.arena = arena};
	if (texts->count == 0)
		texts = &end;
	stops->wish = pw_arena_alloc(arena, texts->count, sizeof(*stops->wish));
	if (!stops->wish)
		return pw_fail_memory(err, "the moments to look at");
	stops->count = texts->count;
	for (size_t i = 0; i < stops->count && st == PW_OK; i++) {
		struct pw_stop_wish *wish = &stops->wish[i];

		st = parse_wish(wish, texts->item[i], err);
		stops->end |= wish->kind == WISH_END;
		stops->steps |= wish->kind >= WISH_ACCESS;
	}
	return st;
}

/* How far the replay has come, as @kind counts. */
static uint64_t find_position(struct pw_replay *replay,
			      const struct pw_stop *stop, enum wish_kind kind)
{
	const struct pw_counters *counters;

	if (kind == WISH_ACCESS)
		return stop->accesses;
	counters = pw_replay_counters(replay, 0);
	return kind == WISH_INSTRUCTION
		       ? counters->instructions
		       : pw_cost_ns(&pw_replay_system(replay, 0)->machine->cost,
				    counters);
}

static bool is_met(const struct pw_stop_wish *wish, struct pw_replay *replay,
		   const struct pw_stop *stop)
{
	switch (wish->kind) {
	case WISH_MARK:
		return stop->kind == PW_STOP_MARK &&
		       fnmatch(wish->pattern, stop->mark, 0) == 0;
	case WISH_ACCESS:
	case WISH_INSTRUCTION:
	case WISH_TIME:
		return stop->kind == PW_STOP_STEP && !wish->met &&
		       find_position(replay, stop, wish->kind) >=
			       wish->position;
	case WISH_END:
		break;
	}
	return false;
}

enum pw_status pw_stops_match(struct pw_stops *stops, struct pw_replay *replay,
			      const struct pw_stop *stop, const char **label,
			      struct pw_error *err)
{
	const struct pw_stop_wish *met = NULL;

	*label = NULL;
	for (size_t i = 0; i < stops->count; i++) {
		struct pw_stop_wish *wish = &stops->wish[i];

		if (!is_met(wish, replay, stop))
			continue;
		wish->met = true;
		met = met ? met : wish;
	}
	if (!met)
		return PW_OK;
	*label = met->kind == WISH_MARK
			 ? pw_arena_copy(stops->arena, stop->mark)
			 : met->text;
	return *label ? PW_OK : pw_fail_memory(err, "the name of a mark");
}

const char *pw_stops_missed(const struct pw_stops *stops, size_t *cursor)
{
	PW_ASSERT(*cursor <= stops->count);
	while (*cursor < stops->count) {
		const struct pw_stop_wish *wish = &stops->wish[(*cursor)++];

		if (!wish->met && wish->kind != WISH_END)
			return wish->text;
	}
	return NULL;
}
