#pragma once

namespace samoyed::worker {

/// Makes OpenBLAS use the kernels that fit this processor, where it doesn't know it: Debian's
/// 0.3.21 takes processors that came after it for a Prescott of 2004, and is then 4 times slower
/// than it could be. What the user says by OPENBLAS_CORETYPE counts. Nothing may compute by
/// OpenBLAS meanwhile, or have done so.
void choose_openblas_kernels();

/// Ends the threads that OpenBLAS begins when it is loaded, and has it compute on the thread that
/// calls it.
void end_openblas_threads();

}  // namespace samoyed::worker
