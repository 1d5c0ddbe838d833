# abc2_compile_proto(engines/etcd rpc.proto): compiles src/engines/etcd/rpc.proto into that folder's library, which then
# includes it as <etcd/rpc.pb.h>. What protoc writes is compiled without our warnings, and lies outside of src/, where
# no formatter or linter looks.
#
# abc2_grpc: what a folder links that speaks gRPC. Its pkg-config file takes half a minute to be read, through all of
# absl's: the libraries are named here instead.
find_program(ABC2_PROTOC protoc REQUIRED)
find_path(ABC2_GRPC_INCLUDE grpcpp/generic/generic_stub.h REQUIRED)
add_library(abc2_grpc INTERFACE)
target_include_directories(abc2_grpc SYSTEM INTERFACE ${ABC2_GRPC_INCLUDE})
foreach(library grpc++ grpc gpr absl_synchronization protobuf)
  find_library(ABC2_LIBRARY_${library} ${library} REQUIRED)
  target_link_libraries(abc2_grpc INTERFACE ${ABC2_LIBRARY_${library}})
endforeach()

function(abc2_compile_proto folder proto)
  abc2_target_name(${folder} target)
  if(NOT TARGET ${target})
    return()
  endif()
  get_filename_component(parent ${CMAKE_SOURCE_DIR}/src/${folder} DIRECTORY)
  get_filename_component(last ${folder} NAME)
  string(REGEX REPLACE "\\.proto$" "" name ${last}/${proto})
  set(out ${CMAKE_BINARY_DIR}/generated/proto)
  file(MAKE_DIRECTORY ${out})
  add_custom_command(OUTPUT ${out}/${name}.pb.cc ${out}/${name}.pb.h
    COMMAND ${ABC2_PROTOC} --proto_path=${parent} --cpp_out=${out} ${last}/${proto}
    DEPENDS ${parent}/${last}/${proto} VERBATIM)
  set_source_files_properties(${out}/${name}.pb.cc PROPERTIES COMPILE_OPTIONS -w SKIP_PRECOMPILE_HEADERS ON)
  target_sources(${target} PRIVATE ${out}/${name}.pb.cc)
  target_include_directories(${target} SYSTEM PRIVATE ${out})
  # clang-tidy looks at what includes the header when no more than the precompiled header has been built.
  add_custom_target(${target}_proto DEPENDS ${out}/${name}.pb.h)
  add_dependencies(abc2_pch ${target}_proto)
endfunction()
