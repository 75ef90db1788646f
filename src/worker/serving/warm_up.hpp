#pragma once

#include <cstddef>
#include <string>

#include "worker/serving/recognition_queue.hpp"

namespace samoyed::worker {

/// A progressive JPEG file, the kind that needs the most memory, of faint noise, which is quickly made. The
/// same at every start.
std::string make_warm_up_image();

/// Has that image recognized on all of the queue's `threads` at once, twice, and then alone, when it may be
/// computed in another way. Otherwise the first images of a process would pay for memory that nobody
/// touched yet and for what libraries put off: 1000 page faults, and forwards up to ten times slower. Together
/// with the network's check it is at least the three forwards after which LibTorch has optimized an archive.
///
/// Waits for the answers, whatever they are. To be called before anyone else uses the queue.
void warm_up(RecognitionQueue& queue, std::size_t threads);

}  // namespace samoyed::worker
