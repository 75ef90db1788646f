# What makes memory errors harder to exploit, for every target that links samoyed_options.
# test/e2e/hardening_test.py checks the built programs.

target_compile_options(samoyed_options INTERFACE -fPIE -fstack-protector-strong)
target_link_options(samoyed_options INTERFACE -pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)
# Checks of the standard library's own: an index beyond a vector ends the program.
target_compile_definitions(samoyed_options INTERFACE _GLIBCXX_ASSERTIONS)

# FORTIFY needs optimization. Sanitizers check more, and can't see through its functions.
set(SAMOYED_FORTIFIED "")
if(NOT SAMOYED_SANITIZE AND NOT SAMOYED_FUZZ AND CMAKE_BUILD_TYPE MATCHES "^(Release|RelWithDebInfo|MinSizeRel)$")
  set(SAMOYED_FORTIFIED 1)
  target_compile_definitions(samoyed_options INTERFACE _FORTIFY_SOURCE=2)
endif()

# samoyed_computes(TARGET...): leaves the standard library's checks out of targets whose loops take the time of a
# recognition, and get their sizes from the project's own code.
function(samoyed_computes)
  foreach(target IN LISTS ARGN)
    target_compile_options(${target} PRIVATE -U_GLIBCXX_ASSERTIONS)
  endforeach()
endfunction()

# samoyed_not_optimized(TARGET...): for targets that are compiled with -O0.
function(samoyed_not_optimized)
  foreach(target IN LISTS ARGN)
    target_compile_options(${target} PRIVATE -U_FORTIFY_SOURCE)
  endforeach()
endfunction()
