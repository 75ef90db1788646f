#pragma once

#include <filesystem>
#include <string>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/local/stream_protocol.hpp>

#include "samoyed/io/event.hpp"
#include "worker/announce/announcer_arguments.hpp"

namespace samoyed::worker {

/// The worker's side of samoyed-announcer.
///
/// Thread rule: the thread of the executor. It must outlive its coroutines, unless the io_context
/// no longer runs.
class Announcer {
 public:
  /// Starts the program, which needs rights that the worker gives up later. Throws
  /// std::runtime_error if it can't be started.
  Announcer(const asio::any_io_executor& executor, const std::filesystem::path& program,
            const AnnouncerArguments& arguments);

  /// From now on the dispatcher is told of the worker that listens on this HOST:PORT. Call once.
  void announce(const std::string& address);

  /// Has the worker removed from the dispatcher's list, and waits until that has happened or
  /// failed, at most 4 seconds.
  asio::awaitable<void> withdraw();

 private:
  void send(const std::string& text);
  asio::awaitable<void> watch();

  asio::local::stream_protocol::socket socket_;
  io::Event ended_;
  bool has_ended_ = false;
  bool withdrawing_ = false;
};

/// False if the program was built without samoyed-announcer.
extern const bool has_announcer;

}  // namespace samoyed::worker
