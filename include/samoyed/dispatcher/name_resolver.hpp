#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>

#include "samoyed/dispatcher/look_up_name.hpp"
#include "samoyed/dispatcher/worker_health.hpp"

namespace samoyed::dispatcher {

/// Looks up names. A slow lookup delays neither other names nor the end of the program.
///
/// A few threads, started on demand, look up names that are not cached. getaddrinfo can't be
/// interrupted, so a lookup runs on after its request has given up. The threads are detached, so
/// the program can end without waiting for them. Requests for the same name share one lookup, and
/// successful answers are cached briefly.
///
/// Thread rule: the thread of the executor. Its io_context must outlive the resolver. The resolver
/// may be destroyed at any time, even during lookups.
class NameResolver {
 public:
  struct Limits {
    std::size_t threads_max = 8;
    /// Maximum number of names that wait for a thread.
    std::size_t queue_max = 1024;
    /// If no thread has become free for this long, further names are rejected at once.
    std::chrono::milliseconds stuck_after{1000};
    std::size_t cached_names_max = 1024;
    std::chrono::milliseconds cache_time{10000};
  };

  /// `look_up` is called on the resolver's threads, even after the resolver is destroyed.
  NameResolver(asio::any_io_executor executor, Limits limits, Lookup look_up = look_up_name);
  ~NameResolver();

  /// Returns the addresses of `name`; an IP address resolves to itself. The error is
  /// `io::Errc::timed_out` if the lookup was still running at the deadline. It is
  /// `std::errc::no_buffer_space` if this machine is to blame: the lookup hadn't started by the
  /// deadline, too many names are waiting, or all threads are stuck. The last two are reported at
  /// once.
  asio::awaitable<FoundAddresses> resolve(std::string name, Clock::time_point deadline);

 private:
  struct Waiter;
  struct Names;
  struct Lookups;

  static void work(const std::shared_ptr<Lookups>& lookups);
  bool begin(const std::string& name);

  asio::any_io_executor executor_;
  const Limits limits_;
  std::shared_ptr<Names> names_;      ///< Used on the executor's thread only.
  std::shared_ptr<Lookups> lookups_;  ///< Shared with the threads.
};

}  // namespace samoyed::dispatcher
