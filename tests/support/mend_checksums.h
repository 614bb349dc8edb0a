/*
 * mend_checksums.h - make the checksums of a spoilt trace right again, so that
 * what they protect is looked at.
 */
#ifndef PW_TESTS_SUPPORT_MEND_CHECKSUMS_H
#define PW_TESTS_SUPPORT_MEND_CHECKSUMS_H

#include <stddef.h>
#include <stdint.h>

/*
 * Change the checksums of header, chunks, footer and copies in INDEX chunks of
 * the file that @data holds, and nothing else.
 */
void pw_test_mend_checksums(uint8_t *data, size_t bytes);

#endif
