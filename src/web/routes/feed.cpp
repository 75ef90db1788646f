#include "web/routes/feed.hpp"

#include <utility>

#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

namespace samoyed::web {
namespace {

class WorkersFeed final : public Feed {
 public:
  WorkersFeed(asio::any_io_executor executor, const Routes& routes, Visit visit)
      : pause_(std::move(executor)), routes_(routes), visit_(std::move(visit)) {}

  asio::awaitable<std::optional<std::string>> next(Clock::time_point until) override {
    if (!last_.empty()) {
      pause_.expires_at(until);
      std::error_code ignored;  // The pause is all that is wanted of it.
      co_await pause_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    std::string event = routes_.workers_event(visit_);
    if (event == last_) co_return std::string();
    last_ = event;
    co_return event;
  }

 private:
  asio::steady_timer pause_;
  const Routes& routes_;
  const Visit visit_;
  std::string last_;
};

class JobFeed final : public Feed {
 public:
  JobFeed(const Routes& routes, Visit visit, std::unique_ptr<dispatcher::JobWatch> watch)
      : routes_(routes), visit_(std::move(visit)), watch_(std::move(watch)) {}

  asio::awaitable<std::optional<std::string>> next(Clock::time_point until) override {
    const std::optional<dispatcher::Job> job = co_await watch_->next(until);
    if (job) co_return routes_.storage().job_event(*job, visit_);
    if (watch_->ended()) co_return std::nullopt;
    co_return std::string();
  }

 private:
  const Routes& routes_;
  const Visit visit_;
  const std::unique_ptr<dispatcher::JobWatch> watch_;
};

class ResultsFeed final : public Feed {
 public:
  ResultsFeed(const Routes& routes, Visit visit, dispatcher::History& history, ExportResults wanted)
      : results_(routes.results()),
        visit_(std::move(visit)),
        history_(history),
        format_(wanted.format) {
    query_.visitor = std::move(wanted.visitor);
    query_.rows_max = dispatcher::history_page_rows_max;
  }

  asio::awaitable<std::optional<std::string>> next(Clock::time_point) override {
    if (!std::exchange(begun_, true)) co_return results_.export_begin(format_);
    if (ended_) co_return std::nullopt;
    const dispatcher::HistoryPage page = co_await history_.find(query_);
    std::string piece = results_.export_rows(format_, page, !query_.before, visit_);
    query_.before = page.next_before;
    ended_ = !page.next_before;
    if (ended_) piece += results_.export_end(format_);
    co_return piece;
  }

 private:
  const ResultRoutes& results_;
  const Visit visit_;
  dispatcher::History& history_;
  const ExportFormat format_;
  dispatcher::HistoryQuery query_;
  bool begun_ = false;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<Feed> feed_of_workers(asio::any_io_executor executor, const Routes& routes,
                                      Visit visit) {
  return std::make_unique<WorkersFeed>(std::move(executor), routes, std::move(visit));
}

std::unique_ptr<Feed> feed_of_job(const Routes& routes, Visit visit,
                                  std::unique_ptr<dispatcher::JobWatch> watch) {
  return std::make_unique<JobFeed>(routes, std::move(visit), std::move(watch));
}

std::unique_ptr<Feed> feed_of_results(const Routes& routes, Visit visit,
                                      dispatcher::History& history, ExportResults wanted) {
  return std::make_unique<ResultsFeed>(routes, std::move(visit), history, std::move(wanted));
}

}  // namespace samoyed::web
