#pragma once

#include <cstddef>
#include <string>

#include "worker/serving/recognition_queue.hpp"

namespace samoyed::worker {

/// A progressive JPEG file, the kind that needs the most memory, of faint noise, which takes little
/// time to make. The same on every call.
std::string make_warm_up_image();

/// Recognizes that image on all of the queue's `threads` at once, twice, and then alone, which may
/// use two threads. Otherwise the first images of a process would pay for untouched memory and for
/// what libraries defer: 1000 page faults, and forwards up to ten times slower. Together with the
/// network's check these are at least the three forwards after which LibTorch has optimized an
/// archive.
///
/// Waits for the answers and ignores them. To be called before anyone else uses the queue.
void warm_up(RecognitionQueue& queue, std::size_t threads);

}  // namespace samoyed::worker
