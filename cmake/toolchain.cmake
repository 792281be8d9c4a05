# Warnings, sanitizers, linker and compiler cache, the same for every target.
find_program(CCACHE ccache)
if(CCACHE)
  # One cache for all clones on a machine: paths below the source folder are taken relative to it.
  set(CMAKE_CXX_COMPILER_LAUNCHER env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE})
endif()
find_program(MOLD mold)
if(MOLD AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_link_options(-fuse-ld=mold)
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Werror -Wno-missing-field-initializers
                    -fno-omit-frame-pointer)
# Objects of some 200 bytes are made for every message; gcc fills them by "rep stos", which takes longer to begin than to do it.
if(NOT MQ_SANITIZE AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|amd64")
  add_compile_options(-mmemset-strategy=vector_loop:512:noalign,libcall:-1:noalign
                      -mmemcpy-strategy=vector_loop:512:noalign,libcall:-1:noalign)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # libstdc++ 12 calls its own deprecated functions in std::stable_sort, which clang reports from our lines.
  add_compile_options(-Wthread-safety -Wno-deprecated-declarations)
endif()
if(MQ_SANITIZE)
  add_compile_options(-fsanitize=${MQ_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${MQ_SANITIZE})
  if(MQ_SANITIZE MATCHES thread AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # The one pair of fences (broker/core/hold_table.cc, broker/pull/pull_room.cc) orders two atomics, and nothing else is read on the strength
    # of it; the sanitizer, which does not know fences, loses nothing by it.
    add_compile_options(-Wno-tsan)
  endif()
endif()
