/*
 * cut_choice.c - read and apply the choice of a cut.
 */
#include "formats/cut_choice.h"

#include <ctype.h>
#include <errno.h>

#include "base/assert.h"
#include "base/bits.h"
#include "base/units.h"

void pw_cut_choice_free(struct pw_cut_choice *choice)
{
	pw_array_free(&choice->threads);
	pw_array_free(&choice->processes);
	pw_array_free(&choice->ranges);
	pw_array_free(&choice->address);
	pw_array_free(&choice->pc);
	pw_array_free(&choice->size);
	pw_array_free(&choice->kind);
}

static enum pw_status parse_numbers(struct pw_array *out, const char *option,
				    const struct pw_text_list *texts,
				    struct pw_error *err)
{
	enum pw_status st = PW_OK;

	for (size_t i = 0; i < texts->count && st == PW_OK; i++) {
		uint64_t number;

		if (pw_parse_count(texts->item[i], &number, err) != PW_OK) {
			pw_fail(err, PW_ERR_USAGE, "--%s: \"%s\" is no %s",
				option, texts->item[i], option);
			return pw_hint(err, "they are counted from 0; "
					    "\"pagewalk info\" lists them");
		}
		st = pw_array_push(out, &number, err);
	}
	return st;
}

/* An address at *text, which is moved behind it; false when there is none. */
static bool parse_address(const char **text, uint64_t *address)
{
	char *end;

	if (!isxdigit((unsigned char)**text))
		return false;
	errno = 0;
	*address = strtoull(*text, &end, 0);
	*text = end;
	return errno == 0;
}

static enum pw_status parse_range(struct pw_array *out, const char *text,
				  struct pw_error *err)
{
	const char *at = text;
	uint64_t start = 0, end = 0;
	struct pw_cut_range range;
	bool good = parse_address(&at, &start) && *at++ == '-';

	good = good && parse_address(&at, &end) && *at == '\0' && start < end;
	if (!good) {
		pw_fail(err, PW_ERR_USAGE,
			"--pages: \"%s\" is no range of addresses", text);
		return pw_hint(err, "write it as 0x7f0000000000-0x7f0000010000;"
				    " the second address is the first one not "
				    "wanted");
	}
	range.first = start >> PW_PAGE_SHIFT;
	range.last = (end - 1) >> PW_PAGE_SHIFT;
	return pw_array_push(out, &range, err);
}

enum pw_status pw_cut_choice_parse(struct pw_cut_choice *choice,
				   const struct pw_text_list *threads,
				   const struct pw_text_list *processes,
				   const struct pw_text_list *ranges,
				   struct pw_error *err)
{
	enum pw_status st;

	*choice = (struct pw_cut_choice)PW_CUT_CHOICE;
	st = parse_numbers(&choice->threads, "thread", threads, err);
	if (st == PW_OK)
		st = parse_numbers(&choice->processes, "process", processes,
				   err);
	for (size_t i = 0; i < ranges->count && st == PW_OK; i++)
		st = parse_range(&choice->ranges, ranges->item[i], err);
	return st;
}

enum pw_status pw_cut_choice_check(const struct pw_cut_choice *choice,
				   const struct pw_trace_info *info,
				   struct pw_error *err)
{
	const uint64_t *thread = choice->threads.data;
	const uint64_t *process = choice->processes.data;

	for (size_t i = 0; i < choice->threads.count; i++)
		if (thread[i] >= info->thread_count)
			return pw_fail(err, PW_ERR_USAGE,
				       "%s: there is no thread %llu",
				       info->path,
				       (unsigned long long)thread[i]);
	for (size_t i = 0; i < choice->processes.count; i++) {
		bool found = false;

		for (size_t j = 0; j < info->thread_count && !found; j++)
			found = info->threads[j].process == process[i];
		if (!found)
			return pw_fail(err, PW_ERR_USAGE,
				       "%s: there is no process %llu",
				       info->path,
				       (unsigned long long)process[i]);
	}
	return PW_OK;
}

/* Whether @number is listed, or none is. */
static bool is_listed(const struct pw_array *list, uint64_t number)
{
	const uint64_t *item = list->data;

	for (size_t i = 0; i < list->count; i++)
		if (item[i] == number)
			return true;
	return list->count == 0;
}

bool pw_cut_choice_thread(const struct pw_cut_choice *choice,
			  const struct pw_trace_info *info, uint32_t thread)
{
	PW_ASSERT(thread < info->thread_count);
	return is_listed(&choice->threads, thread) &&
	       is_listed(&choice->processes, info->threads[thread].process);
}

static bool is_in_range(const struct pw_cut_choice *choice, uint64_t address,
			uint32_t size_bytes)
{
	const struct pw_cut_range *range = choice->ranges.data;
	uint64_t first = address >> PW_PAGE_SHIFT;
	uint64_t last =
		pw_access_last_byte(address, size_bytes) >> PW_PAGE_SHIFT;

	for (size_t i = 0; i < choice->ranges.count; i++)
		if (first <= range[i].last && last >= range[i].first)
			return true;
	return false;
}

static enum pw_status reserve(struct pw_cut_choice *choice, size_t count,
			      struct pw_error *err)
{
	enum pw_status st = pw_array_reserve(&choice->address, count, err);

	if (st == PW_OK)
		st = pw_array_reserve(&choice->pc, count, err);
	if (st == PW_OK)
		st = pw_array_reserve(&choice->size, count, err);
	if (st == PW_OK)
		st = pw_array_reserve(&choice->kind, count, err);
	return st;
}

enum pw_status pw_cut_choice_pages(struct pw_cut_choice *choice,
				   const struct pw_accesses *accesses,
				   struct pw_accesses *out,
				   struct pw_error *err)
{
	enum pw_status st;
	size_t count = 0;

	*out = *accesses;
	if (choice->ranges.count == 0 || accesses->count == 0)
		return PW_OK;
	st = reserve(choice, accesses->count, err);
	if (st != PW_OK)
		return st;
	for (size_t i = 0; i < accesses->count; i++) {
		if (!is_in_range(choice, accesses->address[i],
				 accesses->size_bytes[i]))
			continue;
		PW_ARRAY_AT(&choice->address, uint64_t, count) =
			accesses->address[i];
		PW_ARRAY_AT(&choice->pc, uint64_t, count) = accesses->pc[i];
		PW_ARRAY_AT(&choice->size, uint32_t, count) =
			accesses->size_bytes[i];
		PW_ARRAY_AT(&choice->kind, uint8_t, count) = accesses->kind[i];
		count++;
	}
	*out = (struct pw_accesses){
		count,
		choice->address.data,
		choice->pc.data,
		choice->size.data,
		choice->kind.data,
	};
	return PW_OK;
}

unsigned pw_cut_choice_unknown(const struct pw_cut_choice *choice)
{
	unsigned unknown = 0;

	if (choice->threads.count > 0)
		unknown |= PW_UNKNOWN_ACCESSES;
	if (choice->ranges.count > 0)
		unknown |= PW_UNKNOWN_ACCESSES | PW_UNKNOWN_INSTRUCTIONS;
	return unknown;
}
