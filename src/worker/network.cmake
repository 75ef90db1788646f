# The network, its model file and its labels: the only part of the house that sees LibTorch.
# Paths are looked up one by one: Debian's TorchConfig.cmake asks for a Caffe2 that wants much more.
find_path(TORCH_INCLUDE_DIR torch/csrc/jit/serialization/pickle.h REQUIRED)
find_path(TORCH_API_INCLUDE_DIR torch/torch.h
          HINTS ${TORCH_INCLUDE_DIR}/torch/csrc/api/include REQUIRED)
find_library(TORCH_CPU_LIBRARY torch_cpu REQUIRED)
find_library(C10_LIBRARY c10 REQUIRED)
find_library(OPENBLAS_LIBRARY openblas REQUIRED)
find_package(ZLIB REQUIRED)

# The files that a worker reads, as far as no LibTorch is needed for them.
add_library(samoyed_worker_files STATIC
  ${CMAKE_CURRENT_LIST_DIR}/file_bytes.cpp
  ${CMAKE_CURRENT_LIST_DIR}/labels.cpp
  ${CMAKE_CURRENT_LIST_DIR}/zip_archive.cpp)
target_link_libraries(samoyed_worker_files PUBLIC samoyed_options PRIVATE ZLIB::ZLIB)

add_library(samoyed_worker_network STATIC
  ${CMAKE_CURRENT_LIST_DIR}/model_file.cpp
  ${CMAKE_CURRENT_LIST_DIR}/squeezenet.cpp
  ${CMAKE_CURRENT_LIST_DIR}/squeezenet_architecture.cpp
  ${CMAKE_CURRENT_LIST_DIR}/squeezenet_recognizer.cpp)
target_include_directories(samoyed_worker_network SYSTEM PRIVATE ${TORCH_INCLUDE_DIR}
                                                                 ${TORCH_API_INCLUDE_DIR})
# OpenBLAS stands before LibTorch, whose sgemm_ would otherwise be that of whichever libblas.so.3
# Debian's alternatives point to: the loader takes a symbol from the first library that has it, in the
# order in which the program names them.
target_link_libraries(samoyed_worker_network
  PUBLIC samoyed_options samoyed_worker_image samoyed_worker_files
  PRIVATE ${OPENBLAS_LIBRARY} ${TORCH_CPU_LIBRARY} ${C10_LIBRARY})
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # LibTorch 1.13's headers use IValue in vectors before they define it, which clang refuses in C++20.
  set_source_files_properties(${CMAKE_CURRENT_LIST_DIR}/squeezenet.cpp
                              TARGET_DIRECTORY samoyed_worker_network
                              PROPERTIES COMPILE_OPTIONS "-include;ATen/core/ivalue.h")
endif()
