#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "samoyed/protocol/limits.hpp"

/// What bounds a worker's load, as plain values that the command line sets: none of it needs the
/// headers of what it bounds.
namespace samoyed::worker {

/// Limits of a RecognitionQueue.
struct QueueLimits {
  std::size_t threads = 1;
  /// Images that wait, those under recognition not counted.
  std::size_t queued_max = 256;
  /// Bytes of the image files that wait.
  std::size_t queued_bytes_max = std::size_t{256} << 20;
  /// A thread without an image for so long calls `on_idle`, once until its next image.
  std::chrono::milliseconds idle_after{3000};
};

/// How long a peer may take for each message that it has to send, and its image may wait.
struct SessionTimeouts {
  /// For the first message of a connection, and for the next one on a kept connection.
  std::chrono::milliseconds request{120000};
  /// From the size's A to the image's end.
  std::chrono::milliseconds image{60000};
  /// In the queue: an image whose recognition hasn't begun by then is answered `busy`. Less than
  /// the 30 s that a dispatcher waits for a result, so that it can still try another worker and
  /// doesn't take this one for dead.
  std::chrono::milliseconds queue{20000};
  /// From the result to its A, and for any write.
  std::chrono::milliseconds ack{10000};
};

/// Limits of a Server and its sessions.
struct ServerLimits {
  std::uint64_t image_bytes_max = protocol::image_bytes_max_default;
  SessionTimeouts timeouts;
  /// Bytes of image files that are being received, on all connections together.
  std::uint64_t receiving_bytes_max = std::uint64_t{512} << 20;
  /// Further peers wait in the kernel's queue until a connection ends.
  std::size_t connections_max = 1024;
  /// From one address; further ones are closed at once. A dispatcher holds one for each image that
  /// is on its way.
  std::size_t connections_per_peer_max = 512;
};

}  // namespace samoyed::worker
