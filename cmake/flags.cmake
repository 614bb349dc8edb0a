# Warnings, hardening and sanitizers, the same for every target.
add_compile_options(
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes
  -Wmissing-prototypes -Wcast-qual -Wpointer-arith -Wwrite-strings -Wundef
  -Wvla -Wformat=2 -Wdouble-promotion -Wimplicit-fallthrough -Wswitch-enum
  -Wnull-dereference -fno-strict-aliasing -fstack-protector-strong)
add_compile_definitions(_GNU_SOURCE)
if(PW_WERROR)
  add_compile_options(-Werror)
endif()
if(PW_SANITIZE)
  add_compile_options(-fsanitize=${PW_SANITIZE} -fno-omit-frame-pointer
                      -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${PW_SANITIZE})
  # libFuzzer sees where the libraries go, not only the targets.
  if(PW_FUZZ)
    add_compile_options(-fsanitize=fuzzer-no-link)
  endif()
elseif(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
  add_compile_definitions(_FORTIFY_SOURCE=2)
endif()
add_link_options(-Wl,-z,relro,-z,now)
