/*
 * words.c - put a command line together and run it.
 */
#include "analyze/words.h"

#include "base/assert.h"
#include "base/command.h"

void pw_words_start(struct pw_words *words)
{
	*words = (struct pw_words){.list = PW_ARRAY(const char *)};
}

void pw_words_free(struct pw_words *words)
{
	pw_array_free(&words->list);
}

void pw_words_add(struct pw_words *words, const char *word)
{
	PW_ASSERT(word);
	if (words->error.status == PW_OK &&
	    pw_array_push(&words->list, &word, &words->error) != PW_OK)
		words->list.count = 0;
}

void pw_words_options(struct pw_words *words, const char *option,
		      const struct pw_text_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		pw_words_add(words, option);
		pw_words_add(words, list->item[i]);
	}
}

enum pw_status pw_words_call(struct pw_words *words, const char *name,
			     struct pw_tables *out, struct pw_error *err)
{
	const size_t count = words->list.count;

	if (words->error.status != PW_OK) {
		*err = words->error;
		return err->status;
	}
	words->list.count = 0;
	return pw_command_call(name, count, words->list.data, out, err);
}
