#pragma once

#include <cstddef>
#include <memory>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>

#include "samoyed/dispatcher/history.hpp"
#include "samoyed/dispatcher/jobs.hpp"
#include "web/routes/errand.hpp"
#include "web/routes/feed.hpp"
#include "web/routes/routes.hpp"

namespace samoyed::web {

/// What became of an errand: the answer, and what follows its head where it is a stream.
struct ErrandEnd {
  Response response;
  std::unique_ptr<Feed> feed = nullptr;
};

/// Carries out what routes planned: asks the history and the jobs, which may both be missing.
///
/// Thread rule: the thread of the executor.
class ErrandRunner {
 public:
  /// All references and pointers must outlive it.
  ErrandRunner(asio::any_io_executor executor, const Routes& routes, dispatcher::History* history,
               dispatcher::Jobs* jobs)
      : executor_(std::move(executor)), routes_(routes), history_(history), jobs_(jobs) {}

  /// Throws StorageError. `visit` must outlive the call.
  asio::awaitable<ErrandEnd> run(Errand errand, const Visit& visit);

  /// Puts the pictures of a request among the jobs.
  asio::awaitable<Response> submit(dispatcher::JobRequest request, const Visit& visit);

 private:
  asio::awaitable<ErrandEnd> run_job(const Errand& errand, const Visit& visit);
  asio::awaitable<ErrandEnd> run_results(const Errand& errand, const Visit& visit);
  asio::awaitable<Response> run_count(const CountResults& errand, const Visit& visit);
  Response not_kept(const Errand& errand, const Visit& visit) const;

  asio::any_io_executor executor_;
  const Routes& routes_;
  dispatcher::History* const history_;
  dispatcher::Jobs* const jobs_;
  std::size_t counts_ = 0;  ///< Under way.
};

}  // namespace samoyed::web
