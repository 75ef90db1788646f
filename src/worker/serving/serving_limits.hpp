#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "samoyed/protocol/image_formats.hpp"
#include "samoyed/protocol/limits.hpp"

/// The limits of a worker's load, as plain values that the command line sets. They are kept apart
/// from the classes that they limit, so that using them doesn't require those classes' headers.
namespace samoyed::worker {

/// Limits of a RecognitionQueue.
struct QueueLimits {
  std::size_t threads = 1;
  /// Waiting images, without those that are being recognized.
  std::size_t queued_max = 256;
  /// Bytes of the waiting image files.
  std::size_t queued_bytes_max = std::size_t{256} << 20;
  /// A thread that has had no image for this long calls `on_idle`, once until its next image.
  std::chrono::milliseconds idle_after{3000};
};

/// How long a peer may take to send each of its messages, and how long its image may wait.
struct SessionTimeouts {
  /// Limit for a connection's first byte. `request` applies as well.
  std::chrono::milliseconds first_byte{5000};
  /// Limit for the first message of a connection, and for the next one on a kept connection.
  std::chrono::milliseconds request{120000};
  /// Limit from the A that accepts the image's size to the end of the image.
  std::chrono::milliseconds image{60000};
  /// Limit for the wait in the queue. An image whose recognition hasn't begun by then is answered
  /// `busy`. This is less than the 30 s that a dispatcher waits for a result, so that the
  /// dispatcher can still try another worker and doesn't consider this one dead.
  std::chrono::milliseconds queue{20000};
  /// Limit from the result to the A that acknowledges it, and for every write.
  std::chrono::milliseconds ack{10000};
};

/// Limits of a Server and its sessions.
struct ServerLimits {
  std::uint64_t image_bytes_max = protocol::image_bytes_max_default;
  /// The formats that the recognizer reads, for the hello.
  protocol::ImageFormatSet formats = protocol::original_image_formats;
  SessionTimeouts timeouts;
  /// Bytes of the image files that are being received, on all connections together.
  std::uint64_t receiving_bytes_max = std::uint64_t{512} << 20;
  /// Open connections. For a further peer, the connection that has waited longest for its peer is
  /// closed. If there is none, the peer waits until a connection ends.
  std::size_t connections_max = 1024;
  /// Open connections from one address. For a further one, the address's connection that has waited
  /// longest is closed; if there is none, the further one is closed at once. A dispatcher holds one
  /// connection for each image in flight.
  std::size_t connections_per_peer_max = 512;
};

}  // namespace samoyed::worker
