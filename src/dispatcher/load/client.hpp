#pragma once

#include <cstddef>
#include <memory>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>

#include "dispatcher/load/tally.hpp"

namespace samoyed::load {

/// Sends images to a target, one at a time, and opens connections as needed.
///
/// Thread rule: the thread of the executor that it was made with.
class Client {
 public:
  virtual ~Client() = default;

  /// Sends the image with this number and waits for its end, at most until `deadline`.
  virtual asio::awaitable<Ending> send(std::size_t image, Clock::time_point deadline) = 0;

  /// Ends a request whose deadline has passed. Call it periodically.
  virtual void watch(Clock::time_point now) = 0;
};

/// The target of the load. Must outlive its clients.
class Target {
 public:
  virtual ~Target() = default;

  virtual std::unique_ptr<Client> make_client(const asio::any_io_executor& executor) = 0;

  /// The name of the target in reports.
  virtual std::string name() const = 0;
};

}  // namespace samoyed::load
