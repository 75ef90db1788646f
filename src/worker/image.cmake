# From the bytes of an image file to the network's input: no LibTorch, no Asio.

find_package(JPEG REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(WEBP REQUIRED IMPORTED_TARGET libwebp libwebpdemux)
find_path(STB_INCLUDE_DIR stb_image.h PATH_SUFFIXES stb REQUIRED)

add_library(samoyed_worker_image STATIC
  ${CMAKE_CURRENT_LIST_DIR}/crop.cpp
  ${CMAKE_CURRENT_LIST_DIR}/decode_bmp.cpp
  ${CMAKE_CURRENT_LIST_DIR}/decode_jpeg.cpp
  ${CMAKE_CURRENT_LIST_DIR}/decode_png.cpp
  ${CMAKE_CURRENT_LIST_DIR}/decode_webp.cpp
  ${CMAKE_CURRENT_LIST_DIR}/exif.cpp
  ${CMAKE_CURRENT_LIST_DIR}/image_decoder.cpp
  ${CMAKE_CURRENT_LIST_DIR}/jpeg_reader.cpp
  ${CMAKE_CURRENT_LIST_DIR}/jpeg_writer.cpp
  ${CMAKE_CURRENT_LIST_DIR}/normalise.cpp
  ${CMAKE_CURRENT_LIST_DIR}/resize.cpp
  ${CMAKE_CURRENT_LIST_DIR}/resize_filter.cpp
  ${CMAKE_CURRENT_LIST_DIR}/resize_passes.cpp
  ${CMAKE_CURRENT_LIST_DIR}/resize_passes_avx2.cpp
  ${CMAKE_CURRENT_LIST_DIR}/shrink.cpp
  ${CMAKE_CURRENT_LIST_DIR}/stb_decoder.cpp
  ${CMAKE_CURRENT_LIST_DIR}/thumbnail.cpp
  ${CMAKE_CURRENT_LIST_DIR}/webp_lossless.cpp)
target_include_directories(samoyed_worker_image SYSTEM PRIVATE ${STB_INCLUDE_DIR})
target_link_libraries(samoyed_worker_image PUBLIC samoyed_options samoyed_protocol
                                           PRIVATE JPEG::JPEG PkgConfig::WEBP)

# Pillow's and torchvision's arithmetic to the last bit, on machines with fused multiply-add too.
set_source_files_properties(${CMAKE_CURRENT_LIST_DIR}/crop.cpp ${CMAKE_CURRENT_LIST_DIR}/normalise.cpp
                            ${CMAKE_CURRENT_LIST_DIR}/resize_filter.cpp
                            ${CMAKE_CURRENT_LIST_DIR}/resize_passes.cpp
                            ${CMAKE_CURRENT_LIST_DIR}/resize_passes_avx2.cpp
                            TARGET_DIRECTORY samoyed_worker_image
                            PROPERTIES COMPILE_OPTIONS "-ffp-contract=off;-O3")
# stb_image's own flaws in style; the compiler sees some of them too late for a pragma.
set_source_files_properties(${CMAKE_CURRENT_LIST_DIR}/stb_decoder.cpp
                            TARGET_DIRECTORY samoyed_worker_image
                            PROPERTIES COMPILE_OPTIONS "-Wno-maybe-uninitialized;-Wno-unused-function")
