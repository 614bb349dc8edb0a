/*
 * command.h - commands called as a command line calls them.
 */
#ifndef PW_TESTS_SUPPORT_COMMAND_H
#define PW_TESTS_SUPPORT_COMMAND_H

#include <stddef.h>

#include "base/table.h"

/*
 * Run a command line that must succeed.
 *
 * Owns: the caller closes the document.
 */
struct pw_tables *pw_test_call(const char *name, size_t count,
			       const char *const *words);

/*
 * Run one that must fail with @status and a message that has @message in it.
 */
void pw_test_refuse(const char *name, size_t count, const char *const *words,
		    enum pw_status status, const char *message);

/*
 * The table called @name; the test fails when there is none.
 *
 * Owns: the document.
 */
struct pw_table *pw_test_table(struct pw_tables *tables, const char *name);

/*
 * Its rows, which are held at once.
 */
size_t pw_test_rows_of(struct pw_table *table);

/*
 * The cell of @row in the column called @column.
 */
union pw_cell pw_test_cell(struct pw_table *table, size_t row,
			   const char *column);

#endif
