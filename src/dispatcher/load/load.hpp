#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>

#include "dispatcher/load/client.hpp"
#include "dispatcher/load/tally.hpp"
#include "samoyed/io/event.hpp"

namespace samoyed::load {

/// Sends images to a target and tallies how they end.
///
/// Closed loop: a fixed number of clients, each of which sends its next image as soon as it has its
/// answer. Open loop: images are due at times that don't depend on the answers. If no client is
/// free, a new one is created, and if the generator is late, it sends all overdue images at once.
/// Both loops send until the window ends, and then wait for the requests in flight.
///
/// Thread rule: the thread that runs `io`. All references must outlive this object.
class Load {
 public:
  struct Settings {
    std::size_t image_count = 1;
    std::chrono::milliseconds request_timeout{60000};
    /// The origin of an open loop's due times. Its distance to the tally's window must be the same
    /// in each run, so that the same seed makes the same requests due, however late the generator
    /// starts.
    Clock::time_point begin;
  };

  Load(asio::io_context& io, Target& target, Settings settings, Tally& tally);

  /// Each of these starts a load; `io.run()` then carries it out.
  void start_closed_loop(int clients);
  void start_open_loop(double rate_per_s, std::uint64_t seed, int in_flight_max);

 private:
  asio::awaitable<void> send_one_by_one(Client& client);
  asio::awaitable<void> send_when_due(double rate_per_s, std::uint64_t seed, int in_flight_max);
  asio::awaitable<void> send_due(Client& client, Clock::time_point due);
  asio::awaitable<void> watch_deadlines();

  template <typename Run>
  void spawn(Run&& run);
  Client& add_client();
  std::size_t next_image() { return next_image_++ % settings_.image_count; }

  asio::io_context& io_;
  Target& target_;
  const Settings settings_;
  Tally& tally_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<Client*> idle_clients_;  ///< Open loop only.
  std::size_t next_image_ = 0;
  int running_ = 0;  ///< Number of coroutines that send.
  io::Event next_watch_;
};

}  // namespace samoyed::load
