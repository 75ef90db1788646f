#pragma once

namespace samoyed::worker {

/// Holds the libraries that would start threads of their own, OpenMP for oneDNN and LibTorch, and
/// OpenBLAS, to the calling thread: cores are shared out by images, not within one operation.
///
/// The first call of all does what there is to do for OpenBLAS (openblas.hpp).
///
/// To be called by every thread before it computes: OpenMP keeps its number of threads for each
/// thread that starts work. Costs nothing but the first time.
void use_one_thread();

}  // namespace samoyed::worker
