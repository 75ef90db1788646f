# Installs the texts of one component: units and settings with the installation's paths, man pages, completions,
# licenses and the changelog. Run by `cmake --install` with source_dir, binary_dir, bin_dir, component and version.

set(BIN_DIR "${CMAKE_INSTALL_PREFIX}/${bin_dir}")
set(SYSCONF_DIR "${CMAKE_INSTALL_PREFIX}/etc")
if(CMAKE_INSTALL_PREFIX STREQUAL "/usr")
  set(SYSCONF_DIR /etc)
endif()
set(share_dir "${CMAKE_INSTALL_PREFIX}/share")
set(work_dir "${binary_dir}/packaging/${component}")

# samoyed_run(COMMAND...): runs a program of the installation itself.
function(samoyed_run)
  execute_process(COMMAND ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

if(component STREQUAL "client")
  set(programs clientsocket)
else()
  set(programs samoyed-${component})
endif()

# Man pages and completions, from the programs' help.
file(REMOVE_RECURSE "${work_dir}/manual")
samoyed_run(/usr/bin/python3 -B "${source_dir}/scripts/docs" --manual "${work_dir}/manual" --bin-dir "${binary_dir}/bin")
foreach(program IN LISTS programs)
  file(GLOB pages "${work_dir}/manual/man1/${program}*.1.gz")
  if(component STREQUAL "worker")
    list(APPEND pages "${work_dir}/manual/man1/samoyed-decoder.1.gz")
    if(EXISTS "${binary_dir}/bin/samoyed-announcer")
      list(APPEND pages "${work_dir}/manual/man1/samoyed-announcer.1.gz")
    endif()
  endif()
  file(INSTALL ${pages} DESTINATION "${share_dir}/man/man1")
  file(INSTALL "${work_dir}/manual/bash/${program}" DESTINATION "${share_dir}/bash-completion/completions")
  file(INSTALL "${work_dir}/manual/zsh/_${program}" DESTINATION "${share_dir}/zsh/vendor-completions")
  file(INSTALL "${work_dir}/manual/fish/${program}.fish" DESTINATION "${share_dir}/fish/vendor_completions.d")
endforeach()

# Units and their settings.
file(GLOB units RELATIVE "${source_dir}/packaging/systemd" "${source_dir}/packaging/systemd/samoyed-${component}*.service")
foreach(unit IN LISTS units)
  configure_file("${source_dir}/packaging/systemd/${unit}" "${work_dir}/${unit}" @ONLY)
  file(INSTALL "${work_dir}/${unit}" DESTINATION "${CMAKE_INSTALL_PREFIX}/lib/systemd/system")
  set(settings "samoyed-${component}")
  # An installation without a package keeps settings that were changed.
  if(NOT EXISTS "$ENV{DESTDIR}${SYSCONF_DIR}/default/${settings}")
    file(INSTALL "${source_dir}/packaging/systemd/${settings}.default" DESTINATION "${SYSCONF_DIR}/default"
         RENAME ${settings})
  endif()
endforeach()

# Licenses and the changelog, where Debian's policy wants them.
set(doc_dir "${share_dir}/doc/samoyed-${component}")
file(INSTALL "${source_dir}/packaging/debian/copyright" DESTINATION "${doc_dir}")
string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)
file(WRITE "${work_dir}/changelog.Debian" "samoyed (${version}) unstable; urgency=medium

  * See changelog.gz.

 -- Samoyed contributors <samoyed@example.org>  ${date}
")
configure_file("${source_dir}/CHANGELOG.md" "${work_dir}/changelog" COPYONLY)
foreach(name IN ITEMS changelog changelog.Debian)
  samoyed_run(gzip -9nf "${work_dir}/${name}")
  file(INSTALL "${work_dir}/${name}.gz" DESTINATION "${doc_dir}")
endforeach()
