/*
 * cmd_mrc.c - pagewalk mrc: misses of an LRU memory of every size.
 */
#include "analyze/analyzers/analyzer_mrc.h"
#include "base/bits.h"
#include "base/command.h"

struct args {
	struct pw_text_list trace;
	uint64_t side; /* enum pw_side */
	uint64_t page_bytes;
	uint64_t points;
};

static const struct pw_option options[] = {
	{
		.name = "side",
		.argument = "SIDE",
		.type = PW_OPTION_CHOICE,
		.offset = offsetof(struct args, side),
		.fallback = "all",
		.choices = PW_SIDE_CHOICES,
		.help = "Count only data or only instruction references",
	},
	{
		.name = "page-size",
		.argument = "SIZE",
		.type = PW_OPTION_SIZE,
		.offset = offsetof(struct args, page_bytes),
		.min = PW_PAGE_BYTES,
		.fallback = "4K",
		.help = "Pages of this size, a power of two",
	},
	{
		.name = "points",
		.argument = "N",
		.type = PW_OPTION_COUNT,
		.offset = offsetof(struct args, points),
		.min = 2,
		.help = "Only the N sizes that keep the curve's shape "
			"(default: every size)",
	},
	{0},
};

static enum pw_status run(const void *parsed, struct pw_tables *out,
			  struct pw_error *err)
{
	const struct args *args = parsed;
	const struct pw_mrc_args mrc = {
		.side = (enum pw_side)args->side,
		.page_bytes = args->page_bytes,
		.points = args->points,
	};

	return pw_analyze(&pw_analyzer_mrc, &mrc, args->trace.item[0], out,
			  err);
}

const struct pw_command pw_command_mrc = {
	.name = "mrc",
	.summary = "miss ratio of an LRU memory of every size",
	.operands_doc = "TRACE",
	.example = {"pagewalk mrc trace.pwt",
		    "pagewalk mrc --format csv trace.pwt >mrc.csv",
		    "pagewalk mrc --side data --page-size 2M trace.pwt"},
	.operands = PW_OPERANDS_ONE,
	.operands_offset = offsetof(struct args, trace),
	.options = options,
	.args_bytes = sizeof(struct args),
	.run = run,
};
