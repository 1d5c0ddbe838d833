# abc2_install(base runtime ...): what `cmake --install` puts under its prefix for other programs: the headers of these
# folders in include/abc2, their libraries, and the package that find_package(abc2) finds. The program goes to bin.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

function(abc2_install)
  foreach(folder IN LISTS ARGN)
    abc2_target_name(${folder} target)
    if(NOT TARGET ${target})
      continue()
    endif()
    # engines/memory is abc2::engines_memory to others.
    string(REGEX REPLACE "^abc2_" "" name ${target})
    set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
    target_compile_features(${target} PUBLIC cxx_std_20)
    # Asio and JSON are compiled into abc2::runtime; who uses our headers must not compile them again.
    target_compile_definitions(${target} INTERFACE $<INSTALL_INTERFACE:${abc2_boost_definitions}>)
    install(TARGETS ${target} EXPORT abc2 ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
    file(GLOB headers CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${folder}/*.hpp ${CMAKE_SOURCE_DIR}/src/${folder}/*.ipp)
    # Test support needs GoogleTest, which is no dependency of the package.
    list(FILTER headers EXCLUDE REGEX "/(conformance|test_)")
    install(FILES ${headers} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/abc2/${folder} COMPONENT development)
  endforeach()

  set(package ${CMAKE_INSTALL_LIBDIR}/cmake/abc2)
  install(EXPORT abc2 NAMESPACE abc2:: FILE abc2Targets.cmake DESTINATION ${package} COMPONENT development)
  configure_package_config_file(${CMAKE_SOURCE_DIR}/cmake/abc2Config.cmake.in ${CMAKE_BINARY_DIR}/abc2Config.cmake
    INSTALL_DESTINATION ${package})
  # Before 1.0 a minor version may change interfaces.
  write_basic_package_version_file(${CMAKE_BINARY_DIR}/abc2ConfigVersion.cmake COMPATIBILITY SameMinorVersion)
  install(FILES ${CMAKE_BINARY_DIR}/abc2Config.cmake ${CMAKE_BINARY_DIR}/abc2ConfigVersion.cmake
    DESTINATION ${package} COMPONENT development)
  if(TARGET abc2)
    install(TARGETS abc2 RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT program)
    # The web pages, if they have been built; the program finds them there.
    install(DIRECTORY ${CMAKE_SOURCE_DIR}/web/dist/ DESTINATION ${CMAKE_INSTALL_DATADIR}/abc2/pages COMPONENT program
      OPTIONAL PATTERN ".state" EXCLUDE)
    # The unit names the program where it is put, which may be said only now: cmake --install --prefix.
    install(CODE "set(bindir \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}\")
      configure_file(\"${CMAKE_SOURCE_DIR}/packaging/abc2.service\" \"${CMAKE_BINARY_DIR}/abc2.service\" @ONLY)"
      COMPONENT program)
    install(FILES ${CMAKE_BINARY_DIR}/abc2.service DESTINATION lib/systemd/system COMPONENT program)
    install(FILES ${CMAKE_SOURCE_DIR}/packaging/nginx.conf ${CMAKE_SOURCE_DIR}/docs/operating.md
      DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT program)
  endif()
endfunction()
