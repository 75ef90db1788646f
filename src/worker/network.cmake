# The network, its model file and its labels: the only part of the house that sees LibTorch and oneDNN.
# Paths are looked up one by one: Debian's TorchConfig.cmake asks for a Caffe2 that wants much more.
find_path(TORCH_INCLUDE_DIR torch/csrc/jit/serialization/pickle.h REQUIRED)
find_path(TORCH_API_INCLUDE_DIR torch/torch.h
          HINTS ${TORCH_INCLUDE_DIR}/torch/csrc/api/include REQUIRED)
find_library(TORCH_CPU_LIBRARY torch_cpu REQUIRED)
find_library(C10_LIBRARY c10 REQUIRED)
find_library(OPENBLAS_LIBRARY openblas REQUIRED)
# The one that LibTorch itself is linked with.
find_path(DNNL_INCLUDE_DIR dnnl.hpp REQUIRED)
find_library(DNNL_LIBRARY dnnl REQUIRED)
find_package(ZLIB REQUIRED)

# Our own kernels, without LibTorch or oneDNN.
add_library(samoyed_worker_kernels STATIC
  ${CMAKE_CURRENT_LIST_DIR}/max_pool.cpp
  ${CMAKE_CURRENT_LIST_DIR}/simd.cpp
  ${CMAKE_CURRENT_LIST_DIR}/winograd.cpp
  ${CMAKE_CURRENT_LIST_DIR}/winograd_avx2.cpp
  ${CMAKE_CURRENT_LIST_DIR}/winograd_avx512.cpp)
target_link_libraries(samoyed_worker_kernels PUBLIC samoyed_options)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  # Called only where the processor has it (simd.hpp). Sums may be fused: they are not Pillow's.
  set_source_files_properties(
    ${CMAKE_CURRENT_LIST_DIR}/max_pool.cpp ${CMAKE_CURRENT_LIST_DIR}/winograd_avx2.cpp
    TARGET_DIRECTORY samoyed_worker_kernels
    PROPERTIES COMPILE_OPTIONS "-mavx2;-mfma;-O3;-ffp-contract=fast")
  set_source_files_properties(
    ${CMAKE_CURRENT_LIST_DIR}/winograd_avx512.cpp
    TARGET_DIRECTORY samoyed_worker_kernels
    PROPERTIES COMPILE_OPTIONS "-mavx512f;-mprefer-vector-width=512;-O3;-ffp-contract=fast")
endif()

# The files that a worker reads, as far as no LibTorch is needed for them.
add_library(samoyed_worker_files STATIC
  ${CMAKE_CURRENT_LIST_DIR}/file_bytes.cpp
  ${CMAKE_CURRENT_LIST_DIR}/labels.cpp
  ${CMAKE_CURRENT_LIST_DIR}/model_card.cpp
  ${CMAKE_CURRENT_LIST_DIR}/zip_archive.cpp)
target_link_libraries(samoyed_worker_files PUBLIC samoyed_options samoyed_worker_image
                                           PRIVATE ZLIB::ZLIB nlohmann_json::nlohmann_json)

add_library(samoyed_worker_network STATIC
  ${CMAKE_CURRENT_LIST_DIR}/channel_layout.cpp
  ${CMAKE_CURRENT_LIST_DIR}/convolution.cpp
  ${CMAKE_CURRENT_LIST_DIR}/forward_plan.cpp
  ${CMAKE_CURRENT_LIST_DIR}/forward_plan_builder.cpp
  ${CMAKE_CURRENT_LIST_DIR}/forward_team.cpp
  ${CMAKE_CURRENT_LIST_DIR}/model.cpp
  ${CMAKE_CURRENT_LIST_DIR}/model_file.cpp
  ${CMAKE_CURRENT_LIST_DIR}/network_recognizer.cpp
  ${CMAKE_CURRENT_LIST_DIR}/one_thread.cpp
  ${CMAKE_CURRENT_LIST_DIR}/openblas.cpp
  ${CMAKE_CURRENT_LIST_DIR}/precision.cpp
  ${CMAKE_CURRENT_LIST_DIR}/squeezenet.cpp
  ${CMAKE_CURRENT_LIST_DIR}/squeezenet_architecture.cpp
  ${CMAKE_CURRENT_LIST_DIR}/torch_squeezenet.cpp
  ${CMAKE_CURRENT_LIST_DIR}/torchscript_network.cpp)
target_include_directories(samoyed_worker_network SYSTEM PRIVATE
  ${TORCH_INCLUDE_DIR} ${TORCH_API_INCLUDE_DIR} ${DNNL_INCLUDE_DIR})
# OpenBLAS stands before LibTorch, whose sgemm_ would otherwise be that of whichever libblas.so.3
# Debian's alternatives point to: the loader takes a symbol from the first library that has it, in the
# order in which the program names them.
target_link_libraries(samoyed_worker_network
  PUBLIC samoyed_options samoyed_worker_image samoyed_worker_files
  PRIVATE samoyed_worker_kernels ${OPENBLAS_LIBRARY} ${TORCH_CPU_LIBRARY} ${C10_LIBRARY} ${DNNL_LIBRARY}
          ${CMAKE_DL_LIBS})
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # LibTorch 1.13's headers use IValue in vectors before they define it, which clang refuses in C++20.
  set_source_files_properties(${CMAKE_CURRENT_LIST_DIR}/torch_squeezenet.cpp
                              ${CMAKE_CURRENT_LIST_DIR}/torchscript_network.cpp
                              TARGET_DIRECTORY samoyed_worker_network
                              PROPERTIES COMPILE_OPTIONS "-include;ATen/core/ivalue.h")
endif()
