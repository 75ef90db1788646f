# The tests of src/worker/image.cmake's target. They need test/ in the include path, SAMOYED_SHARED_DIR as a string,
# and these definitions and libraries.
set(SAMOYED_WORKER_IMAGE_TESTS
  ${CMAKE_CURRENT_LIST_DIR}/exif_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/image_bomb_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/image_bombs.cpp
  ${CMAKE_CURRENT_LIST_DIR}/image_damage_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/image_decoder_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/image_workspace_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/jpeg_crop_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/jpeg_maker.cpp
  ${CMAKE_CURRENT_LIST_DIR}/jpeg_writer_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/normalise_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/resize_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/shrink_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/spares_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/thumbnail_test.cpp)
set(SAMOYED_WORKER_IMAGE_TEST_DEFINITIONS
  SAMOYED_IMAGE_FIXTURES_DIR="${CMAKE_CURRENT_LIST_DIR}/data")
# Files that ask for much are made with these.
find_package(JPEG REQUIRED)
find_package(ZLIB REQUIRED)
set(SAMOYED_WORKER_IMAGE_TEST_LIBRARIES JPEG::JPEG ZLIB::ZLIB)
