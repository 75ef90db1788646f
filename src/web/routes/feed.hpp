#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>

#include "samoyed/dispatcher/history.hpp"
#include "samoyed/dispatcher/jobs.hpp"
#include "web/routes/routes.hpp"

namespace samoyed::web {

/// Where the pieces of a stream come from. Keeps no queue: who is slow is told of the latest state only.
class Feed {
 public:
  using Clock = std::chrono::steady_clock;

  virtual ~Feed() = default;

  /// The next piece; empty if none came until then; nothing at the end. Throws StorageError.
  virtual asio::awaitable<std::optional<std::string>> next(Clock::time_point until) = 0;
};

/// The workers as events: at once, and after that when something changed. All references must outlive it.
std::unique_ptr<Feed> feed_of_workers(asio::any_io_executor executor, const Routes& routes,
                                      Visit visit);

/// A job's states as events, to the last.
std::unique_ptr<Feed> feed_of_job(const Routes& routes, Visit visit,
                                  std::unique_ptr<dispatcher::JobWatch> watch);

/// An export of a history's rows, a page at a time.
std::unique_ptr<Feed> feed_of_results(const Routes& routes, Visit visit,
                                      dispatcher::History& history, ExportResults wanted);

}  // namespace samoyed::web
