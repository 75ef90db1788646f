#pragma once

namespace samoyed::worker {

/// Makes OpenBLAS use the kernels that fit this processor if it doesn't recognize the processor:
/// Debian's 0.3.21 treats processors newer than itself as a Prescott of 2004, and is then 4 times
/// slower than it could be. Does nothing if the user has set OPENBLAS_CORETYPE. Nothing may
/// compute with OpenBLAS before or during the call.
void choose_openblas_kernels();

/// Ends the threads that OpenBLAS starts when it is loaded, and makes it compute on the calling
/// thread.
void end_openblas_threads();

}  // namespace samoyed::worker
