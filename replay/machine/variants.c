/*
 * variants.c - the machines that a command line means.
 */
#include "replay/machine/variants.h"

#include <errno.h>
#include <stdio.h>

#include "base/array.h"
#include "base/assert.h"

#define NUMBER_MAX 64 /* bytes of a number with its suffix */
#define LABEL_MAX 1024

/* One override and the values that it stands for. */
struct axis {
	const char *key; /* with the "=" */
	size_t key_bytes;
	struct pw_text_list values;
	size_t at; /* the value of the machine being made */
};

/* ---- values ---- */

static enum pw_status add(struct pw_array *values, const char *text,
			  size_t bytes, struct pw_arena *arena,
			  struct pw_error *err)
{
	char *copy = pw_arena_alloc(arena, bytes + 1, 1);

	if (!copy)
		return pw_fail_memory(err, "the values of an option");
	if (values->count == PW_VARIANTS_MAX)
		return pw_fail(err, PW_ERR_USAGE,
			       "more than %d values are too many",
			       PW_VARIANTS_MAX);
	memcpy(copy, text, bytes);
	return pw_array_push(values, &copy, err);
}

static enum pw_status list(const char *text, struct pw_array *values,
			   struct pw_arena *arena, struct pw_error *err)
{
	enum pw_status st = PW_OK;

	while (st == PW_OK) {
		size_t bytes = strcspn(text, ",");

		if (bytes == 0)
			return pw_fail(err, PW_ERR_USAGE,
				       "a value of the list is empty");
		st = add(values, text, bytes, arena, err);
		if (!text[bytes])
			break;
		text += bytes + 1;
	}
	return st;
}

/* A number and how far it goes; false: there is none. */
static bool read_number(const char *text, const char **end, uint64_t *number)
{
	char *stop;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*number = strtoull(text, &stop, 10);
	*end = stop;
	return errno == 0;
}

struct range {
	uint64_t from, to, step;
	bool times;	    /* the step multiplies */
	const char *suffix; /* of the numbers */
	size_t suffix_bytes;
};

/* Read "from..to*step", "from..to+step" or "from..to". */
static bool read_range(const char *text, struct range *range)
{
	const char *end;
	size_t bytes;

	*range = (struct range){.step = 2, .times = true};
	if (!read_number(text, &end, &range->from))
		return false;
	range->suffix = end;
	range->suffix_bytes = strcspn(end, ".");
	end += range->suffix_bytes;
	if (strncmp(end, "..", 2) != 0 ||
	    !read_number(end + 2, &end, &range->to))
		return false;
	bytes = strcspn(end, "*+");
	if (bytes != range->suffix_bytes ||
	    strncmp(end, range->suffix, bytes) != 0)
		return false;
	end += bytes;
	if (*end) {
		range->times = *end == '*';
		if (!read_number(end + 1, &end, &range->step) || *end)
			return false;
	}
	return range->from <= range->to &&
	       range->step > (range->times ? 1U : 0U) &&
	       (range->from > 0 || !range->times);
}

static enum pw_status expand(const struct range *range, struct pw_array *values,
			     struct pw_arena *arena, struct pw_error *err)
{
	uint64_t value = range->from;
	enum pw_status st = PW_OK;

	while (value <= range->to && st == PW_OK) {
		char text[NUMBER_MAX];
		int bytes = snprintf(text, sizeof(text), "%llu%.*s",
				     (unsigned long long)value,
				     (int)range->suffix_bytes, range->suffix);

		PW_ASSERT(bytes > 0 && (size_t)bytes < sizeof(text));
		st = add(values, text, (size_t)bytes, arena, err);
		if (range->times
			    ? __builtin_mul_overflow(value, range->step, &value)
			    : __builtin_add_overflow(value, range->step,
						     &value))
			break;
	}
	return st;
}

enum pw_status pw_variants_of(const char *text, struct pw_text_list *out,
			      struct pw_arena *arena, struct pw_error *err)
{
	struct pw_array values = PW_ARRAY(const char *);
	const char **copy = NULL;
	struct range range;
	enum pw_status st;

	if (strchr(text, ','))
		st = list(text, &values, arena, err);
	else if (!strstr(text, ".."))
		st = add(&values, text, strlen(text), arena, err);
	else if (read_range(text, &range) &&
		 range.suffix_bytes < NUMBER_MAX / 2)
		st = expand(&range, &values, arena, err);
	else
		st = pw_fail(err, PW_ERR_USAGE,
			     "\"%.60s\" is not a range such as \"512..4096*2\" "
			     "or \"4..16+4\"",
			     text);
	if (st == PW_OK) {
		copy = pw_arena_alloc(arena, values.count, sizeof(*copy));
		if (!copy)
			st = pw_fail_memory(err, "the values of an option");
	}
	for (size_t i = 0; copy && i < values.count; i++)
		copy[i] = PW_ARRAY_AT(&values, const char *, i);
	if (copy)
		*out = (struct pw_text_list){copy, values.count};
	pw_array_free(&values);
	return st;
}

/* ---- machines ---- */

struct making {
	struct pw_machine **machines;
	size_t count;
	struct axis *axes;
	size_t axis_count;
	struct pw_text_list overrides; /* of the machine being made */
	struct pw_arena *arena;
	struct pw_error *err;
};

static enum pw_status read_axes(struct making *making,
				const struct pw_text_list *overrides,
				size_t *product)
{
	*product = 1;
	making->axis_count = overrides->count;
	for (size_t i = 0; i < overrides->count; i++) {
		struct axis *axis = &making->axes[i];
		const char *text = overrides->item[i];
		const char *value = strchr(text, '=');
		struct pw_error why;
		enum pw_status st;

		axis->key = text;
		if (!value) { /* the machine says what is wrong with it */
			axis->values =
				(struct pw_text_list){&overrides->item[i], 1};
			continue;
		}
		axis->key_bytes = (size_t)(value + 1 - text);
		st = pw_variants_of(value + 1, &axis->values, making->arena,
				    &why);
		if (st != PW_OK)
			return pw_fail(making->err, st, "--set %.200s: %.300s",
				       text, why.message);
		PW_ASSERT(*product > 0);
		if (axis->values.count > PW_VARIANTS_MAX / *product)
			return pw_fail(making->err, PW_ERR_USAGE,
				       "--set: more than %d machines are too "
				       "many",
				       PW_VARIANTS_MAX);
		*product *= axis->values.count;
	}
	return PW_OK;
}

/* The override of @axis for the machine being made. */
static const char *choose(struct making *making, const struct axis *axis)
{
	const char *value = axis->values.item[axis->at];
	size_t room = axis->key_bytes + strlen(value) + 1;
	char *text = pw_arena_alloc(making->arena, room, 1);

	if (text)
		snprintf(text, room, "%.*s%s", (int)axis->key_bytes, axis->key,
			 value);
	return text;
}

/* What tells the machine from its like, as an override of its name. */
static const char *label(struct making *making, const char *name)
{
	char text[LABEL_MAX];
	int used = snprintf(text, sizeof(text), "name=%s", name);

	for (size_t i = 0; i < making->axis_count; i++) {
		if (making->axes[i].values.count == 1)
			continue;
		if (used < 0 || (size_t)used >= sizeof(text))
			break;
		used += snprintf(text + used, sizeof(text) - (size_t)used,
				 " %s", making->overrides.item[i]);
	}
	return pw_arena_copy(making->arena, text);
}

static enum pw_status make_one(struct making *making, const char *name,
			       const char *called)
{
	struct pw_text_list *overrides = &making->overrides;

	for (size_t i = 0; i < making->axis_count; i++) {
		overrides->item[i] = choose(making, &making->axes[i]);
		if (!overrides->item[i])
			return pw_fail_memory(making->err, "the machines");
	}
	overrides->count = making->axis_count;
	if (called) {
		overrides->item[overrides->count] = label(making, called);
		if (!overrides->item[overrides->count++])
			return pw_fail_memory(making->err, "the machines");
	}
	return pw_machine_load(&making->machines[making->count], name,
			       overrides, making->err);
}

/* Go to the next combination of values. */
static void advance(struct making *making)
{
	for (size_t i = making->axis_count; i > 0; i--) {
		struct axis *axis = &making->axes[i - 1];

		axis->at = (axis->at + 1) % axis->values.count;
		if (axis->at > 0)
			return;
	}
}

/* All variants of the machine @name. */
static enum pw_status make_all(struct making *making, const char *name,
			       size_t product)
{
	char called[LABEL_MAX / 4] = "";
	enum pw_status st = PW_OK;

	for (size_t i = 0; i < product && st == PW_OK; i++) {
		st = make_one(making, name, called[0] ? called : NULL);
		if (st != PW_OK)
			return st;
		if (!called[0] && product > 1) {
			snprintf(called, sizeof(called), "%s",
				 making->machines[making->count]->name);
			pw_machine_close(making->machines[making->count]);
			st = make_one(making, name, called);
		}
		making->count += st == PW_OK;
		advance(making);
	}
	return st;
}

enum pw_status pw_variants_load(struct pw_machine ***out, size_t *count,
				const struct pw_text_list *names,
				const struct pw_text_list *overrides,
				struct pw_arena *arena, struct pw_error *err)
{
	struct making making = {.arena = arena, .err = err};
	size_t product;
	enum pw_status st;

	*out = NULL;
	*count = 0;
	PW_ASSERT(names->count > 0);
	making.axes = pw_arena_alloc(arena, overrides->count + 1,
				     sizeof(*making.axes));
	making.overrides.item = pw_arena_alloc(arena, overrides->count + 2,
					       sizeof(const char *));
	if (!making.axes || !making.overrides.item)
		return pw_fail_memory(err, "the machines");
	st = read_axes(&making, overrides, &product);
	if (st != PW_OK)
		return st;
	PW_ASSERT(product > 0);
	if (names->count > PW_VARIANTS_MAX / product)
		return pw_fail(err, PW_ERR_USAGE,
			       "more than %d machines are too many",
			       PW_VARIANTS_MAX);
	making.machines = pw_arena_alloc(arena, names->count * product,
					 sizeof(struct pw_machine *));
	if (!making.machines)
		return pw_fail_memory(err, "the machines");
	for (size_t i = 0; i < names->count && st == PW_OK; i++)
		st = make_all(&making, names->item[i], product);
	*out = making.machines;
	*count = making.count;
	return st;
}
