/*
 * words.h - the words of a command line that one command gives another.
 */
#ifndef PW_ANALYZE_WORDS_H
#define PW_ANALYZE_WORDS_H

#include "base/array.h"
#include "base/option.h"
#include "base/status.h"
#include "base/table.h"

struct pw_words {
	struct pw_array list;  /* const char *, borrowed */
	struct pw_error error; /* sticky; status PW_OK while all is well */
};

/*
 * Begin with no word.
 *
 * Owns: free @words with pw_words_free.
 */
void pw_words_start(struct pw_words *words);

/*
 * Free the list; the texts are not its own.
 */
void pw_words_free(struct pw_words *words);

/*
 * Append a word; append @option before each item of @list.
 */
void pw_words_add(struct pw_words *words, const char *word);
void pw_words_options(struct pw_words *words, const char *option,
		      const struct pw_text_list *list);

/*
 * Call the command @name with the words, and empty the list for the next one.
 *
 * Errors: PW_ERR_SYSTEM a word could not be kept; as pw_command_call.
 */
enum pw_status pw_words_call(struct pw_words *words, const char *name,
			     struct pw_tables *out,
			     struct pw_error *err) PW_MUST_CHECK;

#endif
