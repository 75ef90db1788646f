#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "samoyed/protocol/limits.hpp"

namespace samoyed::web {

/// How much of each thing a client may ask for.
struct ServerLimits {
  /// Connections at once; further ones wait in the kernel's queue until one ends.
  std::size_t connections_max = 512;
  /// Connections at once from one address.
  std::size_t connections_per_peer_max = 256;
  /// A request's line and fields.
  std::size_t header_bytes_max = std::size_t{16} << 10;
  /// One uploaded picture; the form around it may add `form_overhead_bytes_max`.
  std::uint64_t image_bytes_max = protocol::image_bytes_max_default;
  std::uint64_t form_overhead_bytes_max = std::uint64_t{64} << 10;
  /// Read and dropped after an answer that came before the request's end, so that the client, which
  /// is still sending, gets to read it.
  std::uint64_t linger_bytes_max = std::uint64_t{256} << 20;
};

/// How long each step of a connection may take in all, however many pieces it comes in.
struct ServerTimeouts {
  /// Between two requests; the connection is then closed without a word.
  std::chrono::milliseconds idle{30'000};
  /// From a request's first byte to its header's end.
  std::chrono::milliseconds header{10'000};
  /// From the header's end to the body's.
  std::chrono::milliseconds body{120'000};
  /// For one response to be taken by the client.
  std::chrono::milliseconds write{60'000};
  /// For what a client still sends after an early answer.
  std::chrono::milliseconds linger{5'000};
  /// From `stop()` to the end of what is under way.
  std::chrono::milliseconds drain{10'000};
};

struct ServerOptions {
  ServerLimits limits;
  ServerTimeouts timeouts;
};

}  // namespace samoyed::web
