# abc2_folder(store LINKS runtime): the library of src/store from all its sources but *_test.cpp and *_fuzz.cpp.
# The target is abc2_store; `LINKS engines/memory` names another folder's library, anything else a package's target.
# NO_PCH after the folder's name leaves the precompiled header out.
# abc2_program(abc2 FOLDER server LINKS cli): a program.
# abc2_unit_tests(THREADS runtime http): for every folder with *_test.cpp files beside its sources, one test program
# abc2_<folder>_tests; each of its cases is a test of CTest, in a process of its own, labelled `unit`. The folders named
# after THREADS have tests that run on several threads: theirs are labelled `unit-threads` and run under
# ThreadSanitizer too (labels are matched by search, so -L unit and -L threads both find them). In the other folders that
# is said of one file by its name: x_threads_test.cpp. Those after SERVER start a server: all cases in one process.
# abc2_test_program(name SOURCES a.cpp LINKS cli LABEL e2e [TIMEOUT 300]): a GoogleTest program outside src/.
# abc2_fuzzers(): every x_fuzz.cpp beside its source is the libFuzzer program fuzz_<folder>_x (with -DABC2_FUZZ=ON).
# All of them share one precompiled header, built once; unit tests have one of their own, which GoogleTest is part of.

function(abc2_target_name folder out)
  string(REPLACE "/" "_" name "abc2_${folder}")
  set(${out} ${name} PARENT_SCOPE)
endfunction()

function(abc2_link target visibility)
  foreach(link IN LISTS ARGN)
    if(IS_DIRECTORY ${CMAKE_SOURCE_DIR}/src/${link})
      abc2_target_name(${link} link)
    endif()
    target_link_libraries(${target} ${visibility} ${link})
  endforeach()
endfunction()

# The shared precompiled header: what nearly every unit includes.
if(NOT TARGET abc2_pch)
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/pch.cpp CONTENT "")  # unlike WRITE, leaves alone what is right already
  add_library(abc2_pch OBJECT ${CMAKE_BINARY_DIR}/pch.cpp)
  target_precompile_headers(abc2_pch PRIVATE ${CMAKE_SOURCE_DIR}/cmake/pch.hpp)
endif()

function(abc2_common target)
  target_include_directories(${target} PUBLIC
    $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/src> $<INSTALL_INTERFACE:include/abc2>)
  if(ARGN STREQUAL "UNIT_TEST")
    target_compile_options(${target} PRIVATE -O0)
    target_precompile_headers(${target} REUSE_FROM abc2_tests_pch)
  else()
    target_precompile_headers(${target} REUSE_FROM abc2_pch)
  endif()
endfunction()

function(abc2_folder folder)
  cmake_parse_arguments(ARG "NO_PCH" "" "LINKS" ${ARGN})
  abc2_target_name(${folder} target)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${folder}/*.cpp)
  list(FILTER sources EXCLUDE REGEX "_(test|fuzz)\\.cpp$")
  if(NOT sources)
    return()
  endif()
  add_library(${target} STATIC ${sources})
  add_library(abc2::${target} ALIAS ${target})
  abc2_common(${target})
  # What includes Asio needs what runtime compiles of it: a folder below runtime does without the shared header.
  set_target_properties(${target} PROPERTIES DISABLE_PRECOMPILE_HEADERS ${ARG_NO_PCH})
  target_link_libraries(${target} PUBLIC Boost::headers Threads::Threads)
  abc2_link(${target} PUBLIC ${ARG_LINKS})
  set_property(GLOBAL APPEND PROPERTY abc2_folders ${folder})
endfunction()

function(abc2_program name)
  cmake_parse_arguments(ARG "" "FOLDER" "LINKS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${ARG_FOLDER}/*.cpp)
  list(FILTER sources EXCLUDE REGEX "_(test|fuzz)\\.cpp$")
  if(NOT sources)
    return()
  endif()
  add_executable(${name} ${sources})
  abc2_common(${name})
  abc2_link(${name} PRIVATE ${ARG_LINKS})
endfunction()

# What `./dev test` builds: all test programs; those for ThreadSanitizer; all fuzzers.
add_custom_target(abc2_tests)
add_custom_target(abc2_threads_tests)
add_custom_target(abc2_fuzz_programs)

# Discovers the cases of a GoogleTest program when CTest runs, so that building it does not run it.
function(abc2_discover target label timeout)
  gtest_discover_tests(${target} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
    PROPERTIES LABELS ${label} TIMEOUT ${timeout})
  add_dependencies(abc2_tests ${target})
  if(label MATCHES "threads")
    add_dependencies(abc2_threads_tests ${target})
  endif()
endfunction()

function(abc2_unit_test_program target library label timeout)
  if(NOT ARGN)
    return()
  endif()
  add_executable(${target} ${ARGN})
  abc2_common(${target} UNIT_TEST)
  # The memory engine is what unit tests of higher folders run on, or the engine that is named when they run; the
  # conformance suite is what engines must pass.
  target_link_libraries(${target} PRIVATE ${library} GTest::gmock GTest::gtest_main
    $<TARGET_NAME_IF_EXISTS:abc2_engines_memory> $<TARGET_NAME_IF_EXISTS:abc2_store_conformance>)
  if(folder MATCHES "^(journal|market|bitcoin)$")
    target_link_libraries(${target} PRIVATE abc2_engines_for_tests)
  endif()
  if(folder IN_LIST ARG_SERVER)
    add_test(NAME ${target} COMMAND ${target})
    set_tests_properties(${target} PROPERTIES LABELS "${label}" TIMEOUT ${timeout})
    if(label MATCHES "threads")
      add_dependencies(abc2_threads_tests ${target})
    endif()
    add_dependencies(abc2_tests ${target})
  else()
    abc2_discover(${target} ${label} ${timeout})
  endif()
endfunction()

function(abc2_unit_tests)
  cmake_parse_arguments(ARG "" "" "THREADS;SERVER" ${ARGN})
  # Unit tests are compiled without optimisation: they run for moments, and compile in less than half the time. What
  # they test is optimised as it ships, but for what headers compile into the tests themselves.
  add_library(abc2_tests_pch OBJECT ${CMAKE_BINARY_DIR}/pch.cpp)
  target_compile_options(abc2_tests_pch PRIVATE -O0)
  target_link_libraries(abc2_tests_pch PRIVATE GTest::gmock)
  target_precompile_headers(abc2_tests_pch PRIVATE ${CMAKE_SOURCE_DIR}/cmake/pch.hpp <gmock/gmock.h> <gtest/gtest.h>)
  get_property(folders GLOBAL PROPERTY abc2_folders)
  foreach(folder IN LISTS folders)
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${folder}/*_test.cpp)
    abc2_target_name(${folder} library)
    if(NOT folder IN_LIST ARG_THREADS)
      set(threads ${sources})
      list(FILTER threads INCLUDE REGEX "_threads_test\\.cpp$")
      list(FILTER sources EXCLUDE REGEX "_threads_test\\.cpp$")
      abc2_unit_test_program(${library}_tests ${library} unit 300 ${sources})
      abc2_unit_test_program(${library}_threads_tests ${library} unit-threads 600 ${threads})
    else()
      abc2_unit_test_program(${library}_tests ${library} unit-threads 600 ${sources})
    endif()
  endforeach()
endfunction()

function(abc2_test_program target)
  cmake_parse_arguments(ARG "" "LABEL;TIMEOUT" "SOURCES;LINKS" ${ARGN})
  add_executable(${target} ${ARG_SOURCES})
  abc2_common(${target})
  abc2_link(${target} PRIVATE ${ARG_LINKS} GTest::gmock GTest::gtest_main)
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 600)
  endif()
  abc2_discover(${target} ${ARG_LABEL} ${ARG_TIMEOUT})
endfunction()

function(abc2_fuzzers)
  get_property(folders GLOBAL PROPERTY abc2_folders)
  foreach(folder IN LISTS folders)
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${folder}/*_fuzz.cpp)
    foreach(source IN LISTS sources)
      abc2_target_name(${folder} library)
      get_filename_component(name ${source} NAME_WE)
      string(REGEX REPLACE "_fuzz$" "" name ${name})
      string(REPLACE "abc2_" "fuzz_" target ${library}_${name})
      add_executable(${target} ${source})
      abc2_common(${target})
      target_link_libraries(${target} PRIVATE ${library} $<TARGET_NAME_IF_EXISTS:abc2_runtime>)
      target_link_options(${target} PRIVATE -fsanitize=fuzzer)
      set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzzers)
      add_dependencies(abc2_fuzz_programs ${target})
    endforeach()
  endforeach()
endfunction()
