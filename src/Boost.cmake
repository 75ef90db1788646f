# samoyed_boost: the headers of Boost.Beast, which parse HTTP, and of Boost.JSON, which parse results.

# Boost's headers may lie below the build folder: scripts/setup unpacks them there where the package
# would replace another Boost of the user's.
find_path(SAMOYED_BOOST_INCLUDE_DIR boost/beast/http/parser.hpp
          HINTS ${PROJECT_SOURCE_DIR}/build/deps/boost/usr/include
          DOC "Folder with the headers of Boost 1.81 or later")
if(NOT SAMOYED_BOOST_INCLUDE_DIR)
  message(FATAL_ERROR "Boost.Beast's headers are missing: run scripts/setup, or install "
                      "libboost1.81-dev, or set SAMOYED_BOOST_INCLUDE_DIR")
endif()
file(STRINGS ${SAMOYED_BOOST_INCLUDE_DIR}/boost/version.hpp boost_version
     REGEX "^#define BOOST_VERSION ")
string(REGEX REPLACE ".* " "" boost_version "${boost_version}")
if(boost_version LESS 108100)
  # Looked up anew once a newer one is there.
  set(too_old_boost_dir ${SAMOYED_BOOST_INCLUDE_DIR})
  unset(SAMOYED_BOOST_INCLUDE_DIR CACHE)
  message(FATAL_ERROR "The Boost in ${too_old_boost_dir} is ${boost_version}, but 108100 "
                      "(1.81) or later is needed: run scripts/setup, or install libboost1.81-dev")
endif()
add_library(samoyed_boost INTERFACE)
target_include_directories(samoyed_boost SYSTEM INTERFACE ${SAMOYED_BOOST_INCLUDE_DIR})
