# abc2_folder(store LINKS runtime): the library of src/store from all its sources but *_test.cpp and *_fuzz.cpp.
# The target is abc2_store; `LINKS engines/memory` names another folder's library, anything else a package's target.
# abc2_program(abc2 FOLDER server LINKS cli): a program.
# abc2_unit_tests(): for every folder with *_test.cpp files beside its sources, one test program <folder>_tests.
# All of them share one precompiled header, built once.

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
  file(WRITE ${CMAKE_BINARY_DIR}/pch.cpp "")
  add_library(abc2_pch OBJECT ${CMAKE_BINARY_DIR}/pch.cpp)
  target_precompile_headers(abc2_pch PRIVATE ${CMAKE_SOURCE_DIR}/cmake/pch.hpp)
endif()

function(abc2_common target)
  target_include_directories(${target} PUBLIC
    $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/src> $<INSTALL_INTERFACE:include/abc2>)
  target_precompile_headers(${target} REUSE_FROM abc2_pch)
endfunction()

function(abc2_folder folder)
  cmake_parse_arguments(ARG "" "" "LINKS" ${ARGN})
  abc2_target_name(${folder} target)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${folder}/*.cpp)
  list(FILTER sources EXCLUDE REGEX "_(test|fuzz)\\.cpp$")
  if(NOT sources)
    return()
  endif()
  add_library(${target} STATIC ${sources})
  add_library(abc2::${target} ALIAS ${target})
  abc2_common(${target})
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

function(abc2_unit_tests)
  get_property(folders GLOBAL PROPERTY abc2_folders)
  foreach(folder IN LISTS folders)
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${folder}/*_test.cpp)
    if(sources)
      abc2_target_name(${folder} library)
      set(target ${library}_tests)
      add_executable(${target} ${sources})
      abc2_common(${target})
      # The memory engine is what unit tests of higher folders run on.
      target_link_libraries(${target} PRIVATE ${library} abc2_engines_memory GTest::gmock GTest::gtest_main)
      add_test(NAME ${target} COMMAND ${target})
    endif()
  endforeach()
endfunction()
