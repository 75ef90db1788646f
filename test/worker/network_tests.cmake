# The tests of src/worker/network.cmake's target, and what they need beside SAMOYED_SHARED_DIR and
# SAMOYED_SOURCE_DIR. They are a program of their own: each of their cases waits half a second for LibTorch
# to be loaded, which the others need not.
set(SAMOYED_WORKER_NETWORK_TESTS
  ${CMAKE_CURRENT_LIST_DIR}/channel_layout_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/forward_plan_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/forward_team_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/model_file_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/model_fixtures.cpp
  ${CMAKE_CURRENT_LIST_DIR}/model_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/network_recognizer_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/openblas_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/precision_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/recognizer_golden_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/squeezenet_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/torchscript_fixtures.cpp
  ${CMAKE_CURRENT_LIST_DIR}/torchscript_network_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/zip_archive_test.cpp)
find_package(ZLIB REQUIRED)
# LibTorch itself, for the archives that tests make; found by src/worker/network.cmake.
add_library(samoyed_test_torch INTERFACE)
target_include_directories(samoyed_test_torch SYSTEM INTERFACE ${TORCH_INCLUDE_DIR} ${TORCH_API_INCLUDE_DIR})
target_link_libraries(samoyed_test_torch INTERFACE ${TORCH_CPU_LIBRARY} ${C10_LIBRARY})
set(SAMOYED_WORKER_NETWORK_TEST_LIBRARIES nlohmann_json::nlohmann_json ZLIB::ZLIB ${CMAKE_DL_LIBS}
                                          samoyed_test_torch)

# One test again as if Debian's alternatives preferred the reference BLAS, where that is installed.
set(reference_blas_folder /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/blas)
if(EXISTS ${reference_blas_folder}/libblas.so.3)
  add_test(NAME "worker: OpenBLAS is used beside the reference BLAS"
           COMMAND samoyed_network_tests --warn NoTests "*OpenBLAS*")
  set_tests_properties("worker: OpenBLAS is used beside the reference BLAS" PROPERTIES
    ENVIRONMENT LD_LIBRARY_PATH=${reference_blas_folder})
endif()
# LibTorch's headers are for this file alone.
set_source_files_properties(${CMAKE_CURRENT_LIST_DIR}/torchscript_fixtures.cpp
                            PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # As src/worker/network.cmake does for its own.
  set_source_files_properties(${CMAKE_CURRENT_LIST_DIR}/torchscript_fixtures.cpp
                              PROPERTIES COMPILE_OPTIONS "-include;ATen/core/ivalue.h")
endif()
