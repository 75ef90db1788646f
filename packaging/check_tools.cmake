# CPack reads this file before it makes packages.
find_program(dpkg_shlibdeps dpkg-shlibdeps)
if(NOT dpkg_shlibdeps)
  message(FATAL_ERROR "dpkg-shlibdeps is missing: install Debian's package dpkg-dev")
endif()
