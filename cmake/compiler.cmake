# The compiler and its flags. clang 19 is the compiler: see ARCHITECTURE.md, "Decisions".
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()
# Full debugging information doubles the time that a coroutine takes to compile: ./dev builds without it.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -gline-tables-only -DNDEBUG")

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  message(FATAL_ERROR
    "g++ ${CMAKE_CXX_COMPILER_VERSION} miscompiles C++20 coroutines (frames are freed twice). "
    "Use clang-19: cmake -DCMAKE_CXX_COMPILER=clang++-19, or ./dev, which does.")
endif()

set(ABC2_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize takes them: address,undefined or thread")
option(ABC2_FUZZ "Build the libFuzzer targets" OFF)

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wswitch-enum -Werror)
add_compile_options(-Wno-gnu-statement-expression-from-macro-expansion)
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  add_compile_options("SHELL:-Xclang -fno-pch-timestamp")
  add_link_options(-fuse-ld=lld-19)
endif()
if(ABC2_SANITIZE)
  add_compile_options(-fsanitize=${ABC2_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${ABC2_SANITIZE})
  add_compile_definitions(_GLIBCXX_ASSERTIONS)
  set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O0 -gline-tables-only")  # compiles in half the time of -O1
endif()
if(ABC2_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# Asio and JSON are compiled once (src/runtime/boost_impl.cpp), not in every unit that includes them.
set(abc2_boost_definitions
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_COROUTINE
  BOOST_BEAST_USE_STD_STRING_VIEW)
add_compile_definitions(${abc2_boost_definitions})

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER
    ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
    CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} ${CCACHE})
endif()
