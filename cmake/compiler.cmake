# Flags of every target of ours. Warnings are errors; release builds are hardened.
add_library(troupe_flags INTERFACE)
target_compile_options(troupe_flags INTERFACE -Wall -Wextra -Werror -fno-omit-frame-pointer
  $<$<COMPILE_LANGUAGE:CXX>:-Wshadow -Wnon-virtual-dtor -Woverloaded-virtual>)
target_include_directories(troupe_flags INTERFACE ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})

if(CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_options(troupe_flags INTERFACE -D_FORTIFY_SOURCE=2 -D_GLIBCXX_ASSERTIONS
    -fstack-protector-strong -fstack-clash-protection -fcf-protection)
  target_link_options(troupe_flags INTERFACE -pie -Wl,-z,relro,-z,now,-z,noexecstack)
endif()
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
set(CMAKE_C_FLAGS_RELEASE "-O2 -DNDEBUG")
if(TROUPE_SANITIZE)
  # What a sanitizer finds ends the program: nothing that is only printed fails a test. The standard library checks its
  # own bounds too, as in release builds: a string_view read beyond its end may still lie in readable memory.
  target_compile_options(troupe_flags INTERFACE -fsanitize=${TROUPE_SANITIZE} -fno-sanitize-recover=all
    -D_GLIBCXX_ASSERTIONS)
  target_link_options(troupe_flags INTERFACE -fsanitize=${TROUPE_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # With sanitizers GCC 12 takes an empty std::optional<std::string> for one that is read uninitialised.
    target_compile_options(troupe_flags INTERFACE -Wno-maybe-uninitialized)
    # The thread sanitizer does not know fences; Boost.Asio has one where a counter comes to zero.
    if(TROUPE_SANITIZE MATCHES "thread")
      target_compile_options(troupe_flags INTERFACE -Wno-tsan)
    endif()
  elseif(TROUPE_SANITIZE MATCHES "undefined")
    # Debian's libraries export too little type information for it.
    target_compile_options(troupe_flags INTERFACE -fno-sanitize=vptr)
  endif()
  # Enough for a stack trace, and quick to build.
  set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O1 -g1 -DNDEBUG")
  set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O1 -g1 -DNDEBUG")
endif()

# ccache, told what it needs to cache files that use a precompiled header, and to share between clones.
find_program(CCACHE ccache)
if(CCACHE)
  set(launcher ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}
    CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fpch-preprocess>)
  endif()
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

# troupe_library(name LINK libs... PCH headers...): a room as a static library, from all its sources.
function(troupe_library name)
  cmake_parse_arguments(ARG "" "" "LINK;PCH;EXCLUDE" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS *.cpp *.c)
  foreach(pattern IN LISTS ARG_EXCLUDE)
    list(FILTER sources EXCLUDE REGEX ${pattern})
  endforeach()
  if(NOT sources)
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE ${ARG_LINK})
    return()
  endif()
  add_library(${name} STATIC ${sources})
  target_link_libraries(${name} PUBLIC ${ARG_LINK} PRIVATE troupe_flags)
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
  if(ARG_PCH)
    list(TRANSFORM ARG_PCH REPLACE "^(.+)>$" "$<$<COMPILE_LANGUAGE:CXX>:\\1$<ANGLE-R>>")
    target_precompile_headers(${name} PRIVATE ${ARG_PCH})
  endif()
endfunction()
