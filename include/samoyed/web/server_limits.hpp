#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "samoyed/protocol/limits.hpp"

namespace samoyed::web {

/// How much of each thing a client may ask for.
struct ServerLimits {
  /// Connections at once.
  std::size_t connections_max = 1024;
  /// Connections at once from one address, a trusted proxy's excepted.
  std::size_t connections_per_peer_max = 512;
  /// Connections over the two limits above that are answered so at a time; further ones wait in the
  /// kernel's queue, or are closed at once where their address is over its own limit.
  std::size_t refused_connections_max = 64;
  /// Uploads at once, from the header's end to the answer written.
  std::size_t requests_max = 512;
  /// Uploads at once from one client (an IPv6 one counts by its /64): half of all, since a whole
  /// school or company may share an address.
  std::size_t requests_per_client_max = 256;
  /// Streams of events at once, and from one client.
  std::size_t streams_max = 256;
  std::size_t streams_per_client_max = 16;
  /// Held for all uploads together: bodies as they arrive, images at workers, answers.
  std::uint64_t request_bytes_max = std::uint64_t{1} << 30;
  /// A request's line and fields.
  std::size_t header_bytes_max = std::size_t{16} << 10;
  /// One uploaded image; the form around it may add `form_overhead_bytes_max`.
  std::uint64_t image_bytes_max = protocol::image_bytes_max_default;
  std::uint64_t form_overhead_bytes_max = std::uint64_t{64} << 10;
  /// Read and dropped after an answer that came before the request's end, so that the client, which
  /// is still sending, gets to read it.
  std::uint64_t linger_bytes_max = std::uint64_t{256} << 20;
  /// The same for a connection that was over a limit.
  std::uint64_t refused_linger_bytes_max = std::uint64_t{1} << 20;
  /// Connections that do so at a time; others are closed at once, and their client may lose the
  /// answer.
  std::size_t lingering_max = 64;
};

/// How long each step of a connection may take in all, however many pieces it comes in.
struct ServerTimeouts {
  /// Between two requests; the connection is then closed without a word.
  std::chrono::milliseconds idle{30'000};
  /// From a request's first byte to its header's end.
  std::chrono::milliseconds header{10'000};
  /// From the header's end to the body's.
  std::chrono::milliseconds body{120'000};
  /// From an upload's complete arrival to its answer.
  std::chrono::milliseconds request{60'000};
  /// For one response to be taken by the client.
  std::chrono::milliseconds write{60'000};
  /// For what a client still sends after an early answer.
  std::chrono::milliseconds linger{5'000};
  /// For each step of a connection that is over a limit and is answered so.
  std::chrono::milliseconds refused{2'000};
  /// From `stop()` to the end of what is under way.
  std::chrono::milliseconds drain{10'000};
};

}  // namespace samoyed::web
