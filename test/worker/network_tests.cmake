# What the tests of src/worker/network.cmake's target need beside SAMOYED_SHARED_DIR and SAMOYED_SOURCE_DIR.
find_package(ZLIB REQUIRED)
set(SAMOYED_WORKER_NETWORK_TEST_LIBRARIES nlohmann_json::nlohmann_json ZLIB::ZLIB ${CMAKE_DL_LIBS})

# One test again as if Debian's alternatives preferred the reference BLAS, where that is installed.
set(reference_blas_folder /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/blas)
if(EXISTS ${reference_blas_folder}/libblas.so.3)
  add_test(NAME "worker: OpenBLAS is used beside the reference BLAS"
           COMMAND samoyed_worker_tests --warn NoTests "*OpenBLAS*")
  set_tests_properties("worker: OpenBLAS is used beside the reference BLAS" PROPERTIES
    ENVIRONMENT LD_LIBRARY_PATH=${reference_blas_folder})
endif()
