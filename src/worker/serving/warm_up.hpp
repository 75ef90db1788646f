#pragma once

#include <cstddef>
#include <string>

#include "worker/serving/recognition_queue.hpp"

namespace samoyed::worker {

/// Returns a JPEG file. It is progressive, because that kind needs the most memory to decode, and
/// shows faint noise, which is quick to generate. The file is the same on every call.
std::string make_warm_up_image();

/// Recognizes that image on all of the queue's `threads` at once, twice, and then once more by
/// itself, which may use two threads. Without this the first images of a process would pay for
/// untouched memory and for work that libraries defer: 1000 page faults, and forward passes up to
/// ten times slower. Together with the network's check, these are at least the three forward passes
/// after which LibTorch has optimized an archive.
///
/// Waits for the results and ignores them. Must be called before the queue has any other user.
void warm_up(RecognitionQueue& queue, std::size_t threads);

}  // namespace samoyed::worker
