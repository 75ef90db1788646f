#pragma once

namespace samoyed::worker {

/// Makes libraries that would start threads of their own compute on the calling thread only: OpenMP
/// (used by oneDNN and LibTorch) and OpenBLAS. Cores are divided between images, not within one
/// operation.
///
/// The first call in the process also sets up OpenBLAS (openblas.hpp).
///
/// Every thread must call this before it computes, because OpenMP has a separate number of threads
/// for each calling thread. Only a thread's first call costs anything.
void use_one_thread();

}  // namespace samoyed::worker
