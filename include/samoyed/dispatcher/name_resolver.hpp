#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/ip/address.hpp>

#include "samoyed/dispatcher/worker_health.hpp"

namespace samoyed::dispatcher {

/// The addresses of a name, or why there are none.
struct FoundAddresses {
  std::error_code error;
  std::vector<asio::ip::address> addresses;
};

/// Asks the system for the addresses of a name; blocks for as long as that takes.
FoundAddresses look_up_name(const std::string& name);

/// Looks names up without letting a slow one delay others or the end of the program.
///
/// Each name that is not known yet is looked up by one of a few threads, started when they are
/// needed. getaddrinfo can't be interrupted: who gives up leaves it to end by itself, and the threads
/// are detached, so that not even a program's end waits for them. Whoever asks for the same name
/// meanwhile waits for the same answer, and good answers are kept for a little while.
///
/// Thread rule: the thread of the executor; its io_context must outlive the resolver, which may be
/// destroyed at any time, with look-ups under way.
class NameResolver {
 public:
  struct Limits {
    std::size_t threads_max = 8;
    /// Names that wait for a thread.
    std::size_t queue_max = 1024;
    /// When no thread became free for so long, no further name waits for one.
    std::chrono::milliseconds stuck_after{1000};
    std::size_t cached_names_max = 1024;
    std::chrono::milliseconds cache_time{10000};
  };
  using LookUp = std::function<FoundAddresses(const std::string& name)>;

  /// `look_up` is called from the resolver's threads, also after the resolver was destroyed.
  NameResolver(asio::any_io_executor executor, Limits limits, LookUp look_up = look_up_name);
  ~NameResolver();

  /// An IP address is its own answer. The error is `io::Errc::timed_out` if the answer did not
  /// come by the deadline, and `std::errc::no_buffer_space` where this side is to blame: the
  /// look-up had not even begun, too many names wait, or all threads are stuck (at once then).
  asio::awaitable<FoundAddresses> resolve(std::string name, Clock::time_point deadline);

 private:
  struct Waiter;
  struct Names;
  struct Jobs;

  static void work(const std::shared_ptr<Jobs>& jobs);
  bool begin(const std::string& name);

  asio::any_io_executor executor_;
  const Limits limits_;
  std::shared_ptr<Names> names_;  ///< Of the executor's thread.
  std::shared_ptr<Jobs> jobs_;    ///< Shared with the threads.
};

}  // namespace samoyed::dispatcher
