/*
 * axis.c - where an axis begins and ends, its unit and its ticks.
 */
#include "plots/axis.h"

#include <math.h>
#include <stdint.h>

#include "base/assert.h"
#include "base/units.h"

/* Decades from which only they, and not 2 and 5 in between, get a label. */
#define BARE_DECADES 2.5
/* Decades up to which 2 to 9 get a tick without a label. */
#define MINOR_DECADES 5

struct scale {
	double from; /* the largest value that takes this unit */
	double divisor;
	const char *label;
};

static const struct scale byte_scales[] = {
	{0, 1024, "KiB"},
	{0x1p20, 0x1p20, "MiB"},
	{4 * 0x1p30, 0x1p30, "GiB"},
	{4 * 0x1p40, 0x1p40, "TiB"},
};

static const struct scale time_scales[] = {
	{0, 1, "ns"},
	{2e3, 1e3, "us"},
	{2e6, 1e6, "ms"},
	{2e9, 1e9, "s"},
};

static const struct scale *choose(const struct scale *scale, size_t count,
				  double most)
{
	size_t best = 0;

	PW_ASSERT(count > 0 && scale[0].from == 0);
	for (size_t i = 1; i < count; i++) {
		if (most >= scale[i].from)
			best = i;
	}
	return &scale[best];
}

static void set_unit(struct pw_axis *axis, enum pw_unit unit, double most)
{
	const struct scale *scale;

	axis->divisor = 1;
	axis->unit_label = "";
	switch (unit) {
	case PW_UNIT_BYTES:
		scale = choose(byte_scales, PW_COUNT(byte_scales), most);
		axis->divisor = scale->divisor;
		axis->unit_label = scale->label;
		return;
	case PW_UNIT_NS:
		scale = choose(time_scales, PW_COUNT(time_scales), most);
		axis->divisor = scale->divisor;
		axis->unit_label = scale->label;
		return;
	case PW_UNIT_RATIO:
		axis->divisor = 0.01;
		axis->unit_label = "%";
		return;
	case PW_UNIT_PAGES:
		axis->unit_label = "4 KiB pages";
		return;
	case PW_UNIT_CYCLES:
		axis->unit_label = "cycles";
		return;
	case PW_UNIT_NONE:
	case PW_UNIT_COUNT:
	case PW_UNIT_ADDRESS:
		return;
	}
}

/* "2.5k", "1M", "0.05": as short as it can be and still exact. */
static void name_tick(char *label, size_t bytes, double at, bool suffix)
{
	static const char *const names[] = {"", "k", "M", "G", "T", "P", "E"};
	size_t thousands = 0;
	char digits[28];

	while (suffix && fabs(at) >= 1000 && thousands + 1 < PW_COUNT(names)) {
		at /= 1000;
		thousands++;
	}
	/* Twelve digits hide what 0.1 + 0.2 leaves behind. */
	snprintf(digits, sizeof(digits), "%.12g", at);
	pw_format_exact(digits, sizeof(digits), strtod(digits, NULL));
	snprintf(label, bytes, "%s%s", digits, names[thousands]);
}

/* Powers of two read best as what they are: 64 KiB, 2 MiB. */
static void name_bytes(char *label, size_t bytes, double value)
{
	uint64_t whole = value < 0x1p64 ? (uint64_t)value : UINT64_MAX;

	pw_format_u64(label, bytes, whole, PW_UNIT_BYTES);
}

static void add_tick(struct pw_axis *axis, double at, const char *label)
{
	struct pw_tick *tick = &axis->tick[axis->ticks];
	double slack =
		axis->log ? at * 1e-9 : (axis->last - axis->first) * 1e-9;

	if (axis->ticks == PW_AXIS_TICKS_MAX || at < axis->first - slack ||
	    at > axis->last + slack)
		return;
	tick->at = at;
	snprintf(tick->label, sizeof(tick->label), "%s", label);
	axis->ticks++;
}

/* The step of 1, 2 or 5 times a power of ten that gives about @ticks. */
static double round_step(double span, size_t ticks)
{
	double rough = span / (double)ticks;
	double power = pow(10, floor(log10(rough)));
	double lead = rough / power;

	PW_ASSERT(span > 0 && ticks > 0);
	if (lead <= 1.0 + 1e-9)
		return power;
	if (lead <= 2.0 + 1e-9)
		return 2 * power;
	if (lead <= 5.0 + 1e-9)
		return 5 * power;
	return 10 * power;
}

static void plan_linear(struct pw_axis *axis, const struct pw_axis_range *range)
{
	bool suffix = axis->divisor == 1;
	double step;
	char label[32];

	if (range->values && axis->first > 0)
		axis->first = 0;
	if (axis->last <= axis->first)
		axis->last = axis->first + (axis->first > 0 ? axis->first : 1);
	PW_ASSERT(axis->last > axis->first);
	step = round_step(axis->last - axis->first, range->ticks);
	/* A value axis ends at a tick, so that curves keep off the edge. */
	if (range->values)
		axis->last = ceil(axis->last / step - 1e-9) * step;
	for (int64_t n = (int64_t)ceil(axis->first / step - 1e-9);
	     (double)n * step <= axis->last + step * 1e-9; n++) {
		double at = (double)n * step;

		name_tick(label, sizeof(label), at, suffix);
		add_tick(axis, at, label);
	}
}

/* Powers of two, 1, 2, 3, ... apart so that there are not too many. */
static void plan_log_bytes(struct pw_axis *axis,
			   const struct pw_axis_range *range)
{
	double low = axis->first * axis->divisor;
	double high = axis->last * axis->divisor;
	double every = ceil(log2(high / low) / (double)range->ticks);
	char label[32];

	axis->unit_label = "";
	if (every < 1)
		every = 1;
	for (int n = (int)ceil(fmax(log2(low) / every - 1e-9, 0));
	     exp2(n * every) <= high; n++) {
		name_bytes(label, sizeof(label), exp2(n * every));
		add_tick(axis, exp2(n * every) / axis->divisor, label);
	}
}

/* Ticks of one decade: at its beginning and, where there is room, inside. */
static void add_decade(struct pw_axis *axis, int decade, double decades)
{
	char label[32];

	for (unsigned lead = 1; lead <= 9; lead++) {
		double at = (double)lead * pow(10, decade);

		if (lead > 1 && decades > MINOR_DECADES)
			return;
		name_tick(label, sizeof(label), at, axis->divisor == 1);
		if (lead > 1 &&
		    (decades > BARE_DECADES || (lead != 2 && lead != 5)))
			label[0] = '\0';
		add_tick(axis, at, label);
	}
}

static void plan_log(struct pw_axis *axis, const struct pw_axis_range *range)
{
	double decades;

	PW_ASSERT(axis->first > 0);
	/* A value axis shows whole decades, so that curves keep off the edge.
	 */
	if (range->values && range->unit != PW_UNIT_BYTES) {
		axis->first = pow(10, floor(log10(axis->first) + 1e-9));
		axis->last = pow(10, ceil(log10(axis->last) - 1e-9));
	}
	if (axis->last <= axis->first)
		axis->last = axis->first * 10;
	decades = log10(axis->last / axis->first);
	PW_ASSERT(decades > 0 && decades < 700);
	if (range->unit == PW_UNIT_BYTES) {
		plan_log_bytes(axis, range);
		return;
	}
	for (int d = (int)floor(log10(axis->first)); d <= log10(axis->last);
	     d++)
		add_decade(axis, d, decades);
}

void pw_axis_plan(struct pw_axis *axis, const struct pw_axis_range *range)
{
	PW_ASSERT(isfinite(range->least) && isfinite(range->most));
	PW_ASSERT(range->least <= range->most && range->ticks > 0);
	*axis = (struct pw_axis){.log = range->log};
	set_unit(axis, range->unit, range->most);
	axis->first = range->least / axis->divisor;
	axis->last = range->most / axis->divisor;
	if (range->log)
		plan_log(axis, range);
	else
		plan_linear(axis, range);
	PW_ASSERT(axis->first < axis->last);
}
