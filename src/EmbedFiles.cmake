# samoyed_embed(TARGET name NAMESPACE a::b [FILES file...] [COMPRESSED file...])
#
# Makes the static library `name` and the header `name.hpp`, in which every file is a
# `const std::string_view` in the namespace. A file's constant is its name with all but letters and
# digits as underscores: `style.css` becomes `style_css`. The bytes are exactly the file's; it is
# embedded anew at build time when it changes. Meant for texts of up to some hundred kB. Files after
# COMPRESSED are also embedded in the gzip format, as `style_css_gz`.
#
# The same file is the script that does the work at build time (`cmake -P`).

if(CMAKE_SCRIPT_MODE_FILE STREQUAL CMAKE_CURRENT_LIST_FILE)
  set(declarations "")
  set(definitions "")
  set(files "${FILES}")
  file(MAKE_DIRECTORY "${OUTPUT}.files")
  foreach(file IN LISTS COMPRESSED)
    get_filename_component(name "${file}" NAME)
    set(compressed "${OUTPUT}.files/${name}.gz")
    file(ARCHIVE_CREATE OUTPUT "${compressed}" PATHS "${file}"
         FORMAT raw COMPRESSION GZip COMPRESSION_LEVEL 9)
    list(APPEND files "${file}" "${compressed}")
  endforeach()
  foreach(file IN LISTS files)
    get_filename_component(name "${file}" NAME)
    string(MAKE_C_IDENTIFIER "${name}" identifier)
    file(READ "${file}" hex HEX)
    if(file MATCHES "\\.gz$")
      # Bytes 4 to 7 are the time, without which every build gives the same bytes (RFC 1952).
      string(SUBSTRING "${hex}" 0 8 head)
      string(SUBSTRING "${hex}" 16 -1 rest)
      set(hex "${head}00000000${rest}")
    endif()
    string(LENGTH "${hex}" digits)
    math(EXPR bytes "${digits} / 2")
    # 64 bytes per line keep the source readable by editors and fast for the compiler.
    string(REGEX REPLACE "(................................................................)"
                         "\\1\n" hex "${hex}")
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\\\x\\1" escaped "${hex}")
    string(REPLACE "\n" "\"\n    \"" escaped "${escaped}")
    string(APPEND declarations "extern const std::string_view ${identifier};\n")
    string(APPEND definitions "constinit const std::string_view ${identifier}(\n"
                              "    \"${escaped}\",\n    ${bytes});\n")
  endforeach()
  file(WRITE "${OUTPUT}.hpp" "#pragma once\n\n#include <string_view>\n\n"
                             "namespace ${NAMESPACE} {\n\n${declarations}\n}\n")
  get_filename_component(header "${OUTPUT}.hpp" NAME)
  file(WRITE "${OUTPUT}.cpp" "#include \"${header}\"\n\n"
                             "namespace ${NAMESPACE} {\n\n${definitions}\n}\n")
  return()
endif()

function(samoyed_embed)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "TARGET;NAMESPACE" "FILES;COMPRESSED")
  foreach(kind IN ITEMS FILES COMPRESSED)
    set(${kind} "")
    foreach(file IN LISTS arg_${kind})
      get_filename_component(path "${file}" ABSOLUTE)
      list(APPEND ${kind} "${path}")
    endforeach()
  endforeach()
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/${arg_TARGET}_embedded)
  set(output ${folder}/${arg_TARGET})
  add_custom_command(
    OUTPUT ${output}.hpp ${output}.cpp
    COMMAND ${CMAKE_COMMAND} "-DFILES=${FILES}" "-DCOMPRESSED=${COMPRESSED}" -DNAMESPACE=${arg_NAMESPACE} -DOUTPUT=${output}
            -P ${CMAKE_CURRENT_FUNCTION_LIST_FILE}
    DEPENDS ${FILES} ${COMPRESSED} ${CMAKE_CURRENT_FUNCTION_LIST_FILE}
    COMMENT "Embedding the files of ${arg_TARGET}"
    VERBATIM)
  add_library(${arg_TARGET} STATIC ${output}.cpp ${output}.hpp)
  target_include_directories(${arg_TARGET} PUBLIC ${folder})
endfunction()
