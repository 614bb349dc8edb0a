/*
 * cut_window.c - find the ends of the stretch that a cut keeps.
 */
#include "formats/cut_window.h"

#include "base/assert.h"
#include "formats/tally.h"

#define MARK_BYTES 15 /* of a name, as the kernel cuts it */

static bool counts(const struct pw_cut_window *window)
{
	const struct pw_cut_window_options *options = &window->options;

	return !options->mark && !options->from_mark && !options->to_mark;
}

void pw_cut_window_init(struct pw_cut_window *window,
			const struct pw_cut_window_options *options)
{
	*window = (struct pw_cut_window){.options = *options};
	PW_ASSERT(options->from < options->to);
	if (options->from == 0 && !options->mark && !options->from_mark)
		window->phase = PW_CUT_INSIDE;
}

/* Where the next access is in what --from and --to count. */
static uint64_t position(const struct pw_cut_window *window)
{
	return window->options.unit == PW_CUT_ACCESSES ? window->accesses
						       : window->instructions;
}

/* Whether the next access, of this kind, is the first one behind @bound. */
static bool is_at(const struct pw_cut_window *window, uint64_t bound,
		  uint8_t kind)
{
	return position(window) >= bound &&
	       (window->options.unit == PW_CUT_ACCESSES ||
		(kind & PW_ACCESS_FIRST));
}

static uint64_t next_bound(const struct pw_cut_window *window)
{
	if (!counts(window) || window->phase == PW_CUT_AFTER)
		return UINT64_MAX;
	return window->phase == PW_CUT_BEFORE ? window->options.from
					      : window->options.to;
}

/* Pass over accesses up to the next end of the window. */
static size_t pass(struct pw_cut_window *window,
		   const struct pw_accesses *accesses, size_t from,
		   uint64_t bound)
{
	size_t i;

	for (i = from; i < accesses->count; i++) {
		if (is_at(window, bound, accesses->kind[i]))
			break;
		window->accesses++;
		if (accesses->kind[i] & PW_ACCESS_FIRST)
			window->instructions++;
	}
	return i;
}

size_t pw_cut_window_accesses(struct pw_cut_window *window,
			      const struct pw_accesses *accesses, size_t from)
{
	uint64_t bound = next_bound(window);
	size_t left = accesses->count - from;
	struct pw_tally tally = {0};

	PW_ASSERT(from < accesses->count);
	if (is_at(window, bound, accesses->kind[from])) {
		window->phase = window->phase == PW_CUT_BEFORE ? PW_CUT_INSIDE
							       : PW_CUT_AFTER;
		bound = next_bound(window);
	}
	/* No end can be among them. */
	if (bound == UINT64_MAX || position(window) + left < bound) {
		pw_tally_add(&tally, accesses->kind + from, left);
		window->instructions += tally.instructions;
		window->accesses += left;
		return accesses->count;
	}
	return pass(window, accesses, from, bound);
}

static bool same_name(const char *name, const char *text)
{
	return name && strncmp(name, text, MARK_BYTES) == 0;
}

/* Whether @text is PREFIX, @sign and the name, as much as a mark holds. */
static bool ends_in(const char *text, char sign, const char *name)
{
	size_t length = strlen(text);

	for (size_t i = 0; i < length; i++) {
		size_t rest = length - i - 1;

		if (text[i] != sign)
			continue;
		if (strcmp(text + i + 1, name) == 0)
			return true;
		if (length == MARK_BYTES && rest > 0 &&
		    strncmp(text + i + 1, name, rest) == 0)
			return true;
	}
	return false;
}

static bool begins(const struct pw_cut_window *window, const char *text)
{
	if (window->options.mark)
		return ends_in(text, '+', window->options.mark);
	return same_name(window->options.from_mark, text);
}

static bool ends(const struct pw_cut_window *window, const char *text)
{
	if (window->options.mark)
		return ends_in(text, '-', window->options.mark);
	return same_name(window->options.to_mark, text);
}

bool pw_cut_window_event(struct pw_cut_window *window,
			 const struct pw_event *event)
{
	const char *text = event->text ? event->text : "";
	bool kept = window->phase != PW_CUT_AFTER;

	if (event->kind != PW_EVENT_mark)
		return kept;
	if (window->phase == PW_CUT_BEFORE && begins(window, text))
		window->phase = PW_CUT_INSIDE;
	else if (window->phase == PW_CUT_INSIDE && ends(window, text))
		window->phase = PW_CUT_AFTER;
	return kept;
}
