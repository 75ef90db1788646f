#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "samoyed/protocol/limits.hpp"

namespace samoyed::web {

/// Limits on what clients may use.
struct ServerLimits {
  /// Maximum number of open connections.
  std::size_t connections_max = 1024;
  /// The same per client address. Trusted proxies are exempt.
  std::size_t connections_per_peer_max = 512;
  /// Maximum number of connections over one of the limits above that are answered with an error at
  /// the same time. Further ones wait in the kernel's queue, or are closed at once if their address
  /// is over its own limit.
  std::size_t refused_connections_max = 64;
  /// Maximum number of uploads in progress. An upload is in progress from its complete arrival
  /// until its answer is written. Before that it counts only with its bytes.
  std::size_t requests_max = 512;
  /// The same per client. IPv6 clients count by their /64. Half of all uploads, because a whole
  /// school or company may share an address.
  std::size_t requests_per_client_max = 256;
  /// Maximum number of streamed responses at once, in total and per client.
  std::size_t streams_max = 256;
  std::size_t streams_per_client_max = 16;
  /// Bytes held for all uploads together: bodies as they arrive, images at workers, and answers.
  /// At the limit, the body that arrives slowest is rejected to make room.
  std::uint64_t request_bytes_max = std::uint64_t{1} << 30;
  /// Size of a request's header: the request line and the fields.
  std::size_t header_bytes_max = std::size_t{16} << 10;
  /// Size of one uploaded image. The form around it may add `form_overhead_bytes_max`.
  std::uint64_t image_bytes_max = protocol::image_bytes_max_default;
  std::uint64_t form_overhead_bytes_max = std::uint64_t{64} << 10;
  /// Size of a form with several images. One that is larger than an image lies on disk, with all
  /// others up to `stored_forms_max` times this size. One client's lie there up to this size
  /// together, so that others have room too.
  std::uint64_t form_bytes_max = std::uint64_t{1} << 30;
  std::uint64_t stored_forms_max = 4;
  /// Least rate at which a body must arrive, in bytes per second. `ServerTimeouts::body_grace` is
  /// how far a body may fall behind. A slow mobile network (GPRS) still reaches 4000.
  std::uint64_t body_bytes_per_second_min = 1000;
  /// Bytes that are read and dropped after an answer that was sent before the request's end, so
  /// that a client that is still sending can read the answer.
  std::uint64_t linger_bytes_max = std::uint64_t{256} << 20;
  /// The same for a connection over a limit.
  std::uint64_t refused_linger_bytes_max = std::uint64_t{1} << 20;
  /// Maximum number of connections that linger like this at the same time. Others are closed at
  /// once, and their clients may lose the answer.
  std::size_t lingering_max = 64;
};

/// How long each step of a connection may take in total, regardless of the number of pieces it
/// comes in.
struct ServerTimeouts {
  /// From the beginning of a connection to its first byte. After that, it is closed without an
  /// answer. `idle` applies as well.
  std::chrono::milliseconds first_byte{5'000};
  /// Between two requests. After that, the connection is closed without an answer.
  std::chrono::milliseconds idle{30'000};
  /// From a request's first byte to the end of its header.
  std::chrono::milliseconds header{10'000};
  /// From the end of the header to the end of the body.
  std::chrono::milliseconds body{600'000};
  /// How far a body may fall behind `ServerLimits::body_bytes_per_second_min`. A body that stalls
  /// ends after this time.
  std::chrono::milliseconds body_grace{20'000};
  /// From an upload's complete arrival to its answer.
  std::chrono::milliseconds request{60'000};
  /// The same for a form of several images, each of which has `request` within that. Images that
  /// have not begun by then fail.
  std::chrono::milliseconds form{600'000};
  /// For the client to receive one response.
  std::chrono::milliseconds write{60'000};
  /// For receiving what a client still sends after an early answer.
  std::chrono::milliseconds linger{5'000};
  /// For each step of a connection that is over a limit and is answered with an error.
  std::chrono::milliseconds refused{2'000};
  /// After this time without an event, a stream sends a comment, because proxies close connections
  /// that are silent for 30 s or more.
  std::chrono::milliseconds heartbeat{15'000};
  /// How long `/readyz` reports that the server will stop before it does.
  std::chrono::milliseconds ready_drain{0};
  /// From `stop()` until the requests in progress must have ended.
  std::chrono::milliseconds drain{10'000};
};

}  // namespace samoyed::web
