/*
 * units.c - quantities read exactly and shown shortly.
 *
 * Reading is integer arithmetic in 128 bits: "1.5K" is 1536 and "0.3K" is
 * refused, since it is no whole number. Showing never asks the locale.
 */
#include "base/units.h"

#include <ctype.h>
#include <errno.h>
#include <float.h>
#include <math.h>

#include "base/assert.h"

__extension__ typedef unsigned __int128 wide;

/* ---- reading ---- */

/* digits / 10^places: what stands before the unit. */
struct decimal {
	uint64_t digits;
	unsigned places;
};

struct suffix {
	const char *name; /* lower case; NULL ends an array */
	uint64_t factor;
};

struct grammar {
	const char *what;    /* "a size" */
	const char *example; /* "4096, 64K, 2M or 1.5G" */
	const struct suffix *suffix;
	bool exponent; /* "1e6" is allowed */
};

static const struct suffix size_suffix[] = {
	{"", 1},
	{"b", 1},
	{"k", UINT64_C(1) << 10},
	{"kib", UINT64_C(1) << 10},
	{"m", UINT64_C(1) << 20},
	{"mib", UINT64_C(1) << 20},
	{"g", UINT64_C(1) << 30},
	{"gib", UINT64_C(1) << 30},
	{"t", UINT64_C(1) << 40},
	{"tib", UINT64_C(1) << 40},
	{"p", UINT64_C(1) << 50},
	{"pib", UINT64_C(1) << 50},
	{"e", UINT64_C(1) << 60},
	{"eib", UINT64_C(1) << 60},
	{NULL, 0},
};

static const struct suffix count_suffix[] = {
	{"", 1},
	{"k", UINT64_C(1000)},
	{"m", UINT64_C(1000000)},
	{"g", UINT64_C(1000000000)},
	{"t", UINT64_C(1000000000000)},
	{"p", UINT64_C(1000000000000000)},
	{"e", UINT64_C(1000000000000000000)},
	{NULL, 0},
};

static const struct suffix time_suffix[] = {
	{"ns", 1},
	{"us", UINT64_C(1000)},
	{"ms", UINT64_C(1000000)},
	{"s", UINT64_C(1000000000)},
	{NULL, 0},
};

static const struct suffix cycle_suffix[] = {
	{"", 1},
	{"cycle", 1},
	{"cycles", 1},
	{NULL, 0},
};

static uint64_t power_of_ten(unsigned exponent)
{
	uint64_t power = 1;

	PW_ASSERT(exponent <= 19);
	while (exponent--)
		power *= 10;
	return power;
}

/* Read "12", "1.5" or ".5"; NULL when it is none or has too many digits. */
static const char *read_decimal(const char *text, struct decimal *out)
{
	const char *c = text;
	bool point = false;
	unsigned zeros = 0; /* trailing ones of the fraction, not yet counted */
	bool any = false;

	out->digits = 0;
	out->places = 0;
	for (; isdigit((unsigned char)*c) || (*c == '.' && !point); c++) {
		if (*c == '.') {
			point = true;
			continue;
		}
		any = true;
		if (point && *c == '0') {
			zeros++;
			continue;
		}
		for (; zeros; zeros--, out->places++)
			if (!pw_mul(out->digits, 10, &out->digits))
				return NULL;
		if (!pw_mul(out->digits, 10, &out->digits) ||
		    !pw_add(out->digits, (uint64_t)(*c - '0'), &out->digits))
			return NULL;
		out->places += point;
	}
	return any && out->places <= 19 ? c : NULL;
}

/* Read "e6" at @text, if it is there; NULL when it is too large. */
static const char *read_exponent(const char *text, uint64_t *factor)
{
	unsigned exponent = 0;

	*factor = 1;
	if ((*text != 'e' && *text != 'E') || !isdigit((unsigned char)text[1]))
		return text;
	for (text++; isdigit((unsigned char)*text); text++) {
		exponent = exponent * 10 + (unsigned)(*text - '0');
		if (exponent > 19)
			return NULL;
	}
	*factor = power_of_ten(exponent);
	return text;
}

static bool find_suffix(const struct suffix *list, const char *text,
			uint64_t *factor)
{
	while (*text == ' ')
		text++;
	for (; list->name; list++) {
		if (strcasecmp(list->name, text) == 0) {
			*factor = list->factor;
			return true;
		}
	}
	return false;
}

static bool read_quantity(const struct grammar *grammar, const char *text,
			  uint64_t *value)
{
	struct decimal number;
	uint64_t exponent = 1;
	uint64_t factor;
	uint64_t divisor;
	wide product;

	text = read_decimal(text, &number);
	if (text && grammar->exponent)
		text = read_exponent(text, &exponent);
	if (!text || !find_suffix(grammar->suffix, text, &factor))
		return false;
	if (!pw_mul(factor, exponent, &factor))
		return false;
	PW_ASSERT(factor > 0 && number.places <= 19);
	divisor = power_of_ten(number.places);
	product = (wide)number.digits * factor;
	if (product % divisor != 0 || product / divisor > UINT64_MAX)
		return false;
	*value = (uint64_t)(product / divisor);
	return true;
}

static enum pw_status parse(const struct grammar *grammar, const char *text,
			    uint64_t *value, struct pw_error *err)
{
	if (read_quantity(grammar, text, value))
		return PW_OK;
	pw_fail(err, PW_ERR_USAGE, "\"%s\" is not %s", text, grammar->what);
	return pw_hint(err, "write %s", grammar->example);
}

enum pw_status pw_parse_size(const char *text, uint64_t *bytes,
			     struct pw_error *err)
{
	static const struct grammar grammar = {
		.what = "a size in whole bytes below 16E",
		.example = "4096, 64K, 2M or 1.5G (binary multiples)",
		.suffix = size_suffix,
	};

	return parse(&grammar, text, bytes, err);
}

enum pw_status pw_parse_count(const char *text, uint64_t *count,
			      struct pw_error *err)
{
	static const struct grammar grammar = {
		.what = "a whole number below 2^64",
		.example = "1000, 5k, 2M or 1e6 (decimal multiples)",
		.suffix = count_suffix,
		.exponent = true,
	};

	return parse(&grammar, text, count, err);
}

enum pw_status pw_parse_ns(const char *text, uint64_t *ns, struct pw_error *err)
{
	static const struct grammar grammar = {
		.what = "a time in whole nanoseconds",
		.example = "500ns, 1.5us, 20ms or 2s",
		.suffix = time_suffix,
	};

	return parse(&grammar, text, ns, err);
}

enum pw_status pw_parse_cycles(const char *text, uint64_t *cycles,
			       struct pw_error *err)
{
	static const struct grammar grammar = {
		.what = "a whole number of cycles",
		.example = "9 or \"9 cycles\"",
		.suffix = cycle_suffix,
	};

	return parse(&grammar, text, cycles, err);
}

/* ---- showing ---- */

/* "1,234,567" at the end of @digits; returns where it begins. */
static char *group(char *digits, size_t bytes, uint64_t value)
{
	char *c = digits + bytes;
	unsigned count = 0;

	PW_ASSERT(bytes >= 28);
	*--c = '\0';
	do {
		if (count && count % 3 == 0)
			*--c = ',';
		*--c = (char)('0' + value % 10);
		value /= 10;
		count++;
	} while (value);
	return c;
}

static void format_grouped(char *buffer, size_t bytes, uint64_t value)
{
	char digits[32];

	snprintf(buffer, bytes, "%s", group(digits, sizeof(digits), value));
}

/* "1.5 MiB" from @hundredths of the unit, without trailing zeros. */
static void format_hundredths(char *buffer, size_t bytes, uint64_t hundredths,
			      const char *unit)
{
	unsigned long long whole = hundredths / 100;
	unsigned rest = (unsigned)(hundredths % 100);

	if (rest == 0)
		snprintf(buffer, bytes, "%llu %s", whole, unit);
	else if (rest % 10 == 0)
		snprintf(buffer, bytes, "%llu.%u %s", whole, rest / 10, unit);
	else
		snprintf(buffer, bytes, "%llu.%02u %s", whole, rest, unit);
}

/* @value in the largest of @units that it reaches after rounding. */
static void format_scaled(char *buffer, size_t bytes, uint64_t value,
			  uint64_t step, const char *const *units)
{
	uint64_t factor = 1;
	uint64_t hundredths;

	PW_ASSERT(step > 1 && units[0]);
	for (;; factor *= step, units++) {
		wide scaled = (wide)value * 100 + factor / 2;

		hundredths = (uint64_t)(scaled / factor);
		if (factor == 1 && value < step)
			break;
		if (factor > 1 && hundredths < step * 100)
			break;
		if (!units[1])
			break;
	}
	format_hundredths(buffer, bytes, hundredths, *units);
}

static const char *const byte_units[] = {"B",	"KiB", "MiB", "GiB",
					 "TiB", "PiB", "EiB", NULL};
static const char *const time_units[] = {"ns", "us", "ms", "s", NULL};

/* Replace whatever the locale takes for a decimal point by a point. */
static void fix_point(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++) {
		if (isalnum((unsigned char)*from) || *from == '-' ||
		    *from == '+' || *from == '.')
			*to++ = *from;
		else if (to == text || to[-1] != '.')
			*to++ = '.';
	}
	*to = '\0';
}

/* Two decimals and digits in groups; @value is not negative. */
static void format_fixed(char *buffer, size_t bytes, double value)
{
	char digits[32];
	uint64_t hundredths;

	PW_ASSERT(value >= 0);
	if (value >= 1e15) {
		snprintf(buffer, bytes, "%.3e", value);
		fix_point(buffer);
		return;
	}
	hundredths = (uint64_t)llround(value * 100);
	snprintf(buffer, bytes, "%s.%02u",
		 group(digits, sizeof(digits), hundredths / 100),
		 (unsigned)(hundredths % 100));
}

static void format_ratio(char *buffer, size_t bytes, double ratio)
{
	char number[48];

	if (ratio > 0 && ratio < 0.00005) {
		snprintf(buffer, bytes, "<0.01%%");
		return;
	}
	format_fixed(number, sizeof(number), ratio * 100);
	snprintf(buffer, bytes, "%s%%", number);
}

void pw_format_u64(char *buffer, size_t buffer_bytes, uint64_t value,
		   enum pw_unit unit)
{
	PW_ASSERT(buffer_bytes > 0 && unit <= PW_UNIT_ADDRESS);
	switch (unit) {
	case PW_UNIT_NONE:
		snprintf(buffer, buffer_bytes, "%llu",
			 (unsigned long long)value);
		return;
	case PW_UNIT_ADDRESS:
		snprintf(buffer, buffer_bytes, "0x%llx",
			 (unsigned long long)value);
		return;
	case PW_UNIT_BYTES:
		format_scaled(buffer, buffer_bytes, value, 1024, byte_units);
		return;
	case PW_UNIT_NS:
		format_scaled(buffer, buffer_bytes, value, 1000, time_units);
		return;
	case PW_UNIT_RATIO:
		format_ratio(buffer, buffer_bytes, (double)value);
		return;
	case PW_UNIT_COUNT:
	case PW_UNIT_PAGES:
	case PW_UNIT_CYCLES:
		format_grouped(buffer, buffer_bytes, value);
		return;
	}
}

/* Whether @unit has multiples of its own and @value is large enough. */
static bool scales(double value, enum pw_unit unit)
{
	if (value >= 0x1p63)
		return false;
	return (unit == PW_UNIT_BYTES && value >= 1024) ||
	       (unit == PW_UNIT_NS && value >= 1000);
}

void pw_format_f64(char *buffer, size_t buffer_bytes, double value,
		   enum pw_unit unit)
{
	char number[64];
	const char *sign = value < 0 ? "-" : "";
	double size = fabs(value);

	PW_ASSERT(buffer_bytes > 0 && unit <= PW_UNIT_ADDRESS);
	if (!isfinite(value)) {
		snprintf(buffer, buffer_bytes, "-");
		return;
	}
	if (unit == PW_UNIT_RATIO)
		format_ratio(number, sizeof(number), size);
	else if (scales(size, unit))
		pw_format_u64(number, sizeof(number), (uint64_t)llround(size),
			      unit);
	else
		format_fixed(number, sizeof(number), size);
	if (unit == PW_UNIT_BYTES && !scales(size, unit))
		snprintf(buffer, buffer_bytes, "%s%s B", sign, number);
	else if (unit == PW_UNIT_NS && !scales(size, unit))
		snprintf(buffer, buffer_bytes, "%s%s ns", sign, number);
	else
		snprintf(buffer, buffer_bytes, "%s%s", sign, number);
}

void pw_format_exact(char *buffer, size_t buffer_bytes, double value)
{
	/* 15 digits are always kept by a normal double, 17 always enough. */
	int digits = fabs(value) < DBL_MIN ? 1 : DBL_DIG;
	char text[64];

	PW_ASSERT(buffer_bytes > 0);
	if (!isfinite(value)) {
		snprintf(buffer, buffer_bytes, "0");
		return;
	}
	for (;; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, value);
		if (digits >= DBL_DECIMAL_DIG || strtod(text, NULL) == value)
			break;
	}
	fix_point(text);
	snprintf(buffer, buffer_bytes, "%s", text);
}
