/*
 * documents.h - the documents that every sink has to write.
 */
#ifndef PW_TESTS_SUPPORT_DOCUMENTS_H
#define PW_TESTS_SUPPORT_DOCUMENTS_H

#include "base/table.h"

#define PW_TEST_MEBIBYTE ((size_t)1 << 20)

/* Rows with every type and unit that a column can have. */
extern const struct pw_table_spec pw_test_rows;
#define PW_TEST_NUMBER_COLUMNS 11

/* Pairs, and rows that come from a source. */
extern const struct pw_table_spec pw_test_counters_spec;
extern const struct pw_table_spec pw_test_stream;

/*
 * Make and free the corpus of hostile texts; for cmocka_run_group_tests.
 */
int pw_test_hostile_open(void **state);
int pw_test_hostile_close(void **state);

/*
 * The texts of the corpus: escapes of terminals, markup, formulas, commands,
 * bad UTF-8, and last a text of a mebibyte.
 */
size_t pw_test_hostile_count(void);
const char *pw_test_hostile_at(size_t index);

/*
 * A document with every form of table, with hostile text wherever text can
 * stand, and one of the same shape with "x" in its place.
 *
 * Owns: the caller closes it.
 */
struct pw_tables *pw_test_hostile(void);
struct pw_tables *pw_test_harmless(void);

/*
 * A document of @count random rows, in each of @groups groups when there are
 * any.
 *
 * Owns: the caller closes it.
 */
struct pw_tables *pw_test_numbers(size_t groups, size_t count, uint64_t seed);

#endif
