#pragma once

#include <cstddef>
#include <memory>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>

#include "dispatcher/load/tally.hpp"

namespace samoyed::load {

/// One who sends images to a target, one at a time, on a connection that it opens when it needs one.
///
/// Thread rule: the thread of the executor that it was made with.
class Client {
 public:
  virtual ~Client() = default;

  /// Sends the image of that number and waits for what becomes of it, until `deadline`.
  virtual asio::awaitable<Ending> send(std::size_t image, Clock::time_point deadline) = 0;

  /// Ends a request whose deadline is over. To be called now and then.
  virtual void watch(Clock::time_point now) = 0;
};

/// Who is loaded. Must outlive its clients.
class Target {
 public:
  virtual ~Target() = default;

  virtual std::unique_ptr<Client> make_client(const asio::any_io_executor& executor) = 0;

  /// For a person, and for whoever reads the report.
  virtual std::string name() const = 0;
};

}  // namespace samoyed::load
