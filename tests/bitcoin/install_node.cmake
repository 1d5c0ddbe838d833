# cmake -DNPM=... -DFOLDER=... -P install_node.cmake: the packages of FOLDER/package-lock.json, unless they are there.
# Tests of one run come here at the same time: one installs, the others wait.
file(LOCK ${FOLDER}/install.lock TIMEOUT 600)
if(EXISTS ${FOLDER}/node_modules/.package-lock.json)
  return()
endif()
foreach(try RANGE 1 3)
  execute_process(COMMAND ${NPM} ci --ignore-scripts WORKING_DIRECTORY ${FOLDER} RESULT_VARIABLE failed)
  if(NOT failed)
    return()
  endif()
endforeach()
message(FATAL_ERROR "npm could not install the bitcoin node for tests into ${FOLDER}")
