/*
 * text.h - texts from outside, made safe to show.
 *
 * Names in traces, ELF files and arguments may hold anything: terminal
 * escapes, markup, bad UTF-8. Every sink sends them through here first.
 */
#ifndef PW_BASE_TEXT_H
#define PW_BASE_TEXT_H

#include <stddef.h>

/*
 * Copy @text as valid UTF-8 without control characters: C0, C1, DEL, bidi
 * overrides and bytes that are no UTF-8 become "\xNN" (of each byte). Cut,
 * never inside a character, to fit.
 *
 * Units: @buffer_bytes counts the final 0.
 */
void pw_text_clean(char *buffer, size_t buffer_bytes, const char *text);

/*
 * The word of @words (ended by NULL) nearest to @text by edit distance, or
 * NULL when none is near: for "did you mean".
 */
const char *pw_text_nearest(const char *text, const char *const *words);

#endif
