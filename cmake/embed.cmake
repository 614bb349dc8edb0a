# Write OUTPUT: a C file that defines SYMBOL, an array of the FILES' stems and
# texts, declared in base/embed.h.
set(bodies "")
set(rows "")
set(index 0)
foreach(file IN LISTS FILES)
  get_filename_component(stem "${file}" NAME_WE)
  file(READ "${file}" hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(APPEND bodies "static const char text${index}[] = {${bytes}0};\n")
  string(APPEND rows "\t{\"${stem}\", text${index}},\n")
  math(EXPR index "${index} + 1")
endforeach()
file(WRITE "${OUTPUT}"
  "/* Made by cmake/embed.cmake; do not edit. */\n"
  "#include \"base/embed.h\"\n\n"
  "extern const struct pw_embedded ${SYMBOL}[];\n\n${bodies}\n"
  "const struct pw_embedded ${SYMBOL}[] = {\n${rows}\t{0, 0},\n};\n")
