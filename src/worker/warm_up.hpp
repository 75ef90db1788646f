#pragma once

#include <cstddef>
#include <string>

#include "worker/jpeg_writer.hpp"
#include "worker/recognition_queue.hpp"

namespace samoyed::worker {

/// A JPEG file of faint noise: quickly made, and decoded in the memory that a photograph takes. The same
/// at every start.
std::string make_warm_up_picture(JpegKind kind);

/// Has such pictures recognised on all of the queue's `threads` at once, progressive ones, which need the
/// most memory, and then one alone, which may be computed in another way. Otherwise the first pictures
/// of a process would pay for memory that nobody touched yet and for what libraries put off: 1000 page
/// faults, and forwards up to ten times slower.
///
/// Waits for the answers, whatever they are. To be called before anyone else uses the queue.
void warm_up(RecognitionQueue& queue, std::size_t threads);

}  // namespace samoyed::worker
