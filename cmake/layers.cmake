# pw_layer(NAME LIBRARIES...): the folder NAME as the static library pw_NAME.
function(pw_layer name)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS
       ${CMAKE_SOURCE_DIR}/${name}/*.c)
  list(FILTER sources EXCLUDE REGEX "/plugin/") # not part of this program
  add_library(pw_${name} STATIC ${sources})
  target_include_directories(pw_${name} PUBLIC ${CMAKE_SOURCE_DIR})
  target_link_libraries(pw_${name} PUBLIC ${ARGN})
endfunction()

# pw_embed(TARGET SYMBOL GLOB): the files as an array of {name, text} pairs,
# ended by {NULL, NULL}, so that they are found wherever the program runs.
function(pw_embed target symbol glob)
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${glob})
  set(output ${CMAKE_BINARY_DIR}/generated/${symbol}.c)
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DOUTPUT=${output} -DSYMBOL=${symbol}
            "-DFILES=${files}" -P ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${files} ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
    VERBATIM)
  target_sources(${target} PRIVATE ${output})
endfunction()
