#include "web/routes/feeds.hpp"

#include <utility>

#include "samoyed/dispatcher/history_export.hpp"
#include "samoyed/io/event.hpp"
#include "web/http/event_stream.hpp"
#include "web/views/job_json.hpp"
#include "web/views/results_json.hpp"

namespace samoyed::web {
namespace {

class WorkersFeed final : public Feed {
 public:
  WorkersFeed(const asio::any_io_executor& executor, WorkerEvents& events, WorkersView::Shown shown)
      : pause_(executor), events_(events), shown_(shown) {}

  asio::awaitable<std::optional<std::string>> next(Clock::time_point until) override {
    if (last_) co_await pause_.wait_until(until);
    WorkerEvents::Event event = events_.latest(shown_, Clock::now());
    if (event == last_) co_return std::string();
    last_ = std::move(event);
    co_return *last_;
  }

 private:
  io::Event pause_;
  WorkerEvents& events_;
  const WorkersView::Shown shown_;
  WorkerEvents::Event last_;
};

class JobFeed final : public Feed {
 public:
  JobFeed(std::unique_ptr<dispatcher::JobWatch> watch, ResultDisplay display)
      : watch_(std::move(watch)), display_(std::move(display)) {}

  asio::awaitable<std::optional<std::string>> next(Clock::time_point until) override {
    const std::optional<dispatcher::Job> job = co_await watch_->next(until);
    if (job) co_return server_sent_event("job", job_json(*job, display_), job_event_id(*job));
    if (watch_->ended()) co_return std::nullopt;
    co_return std::string();
  }

 private:
  const std::unique_ptr<dispatcher::JobWatch> watch_;
  const ResultDisplay display_;
};

class ResultsFeed final : public Feed {
 public:
  ResultsFeed(dispatcher::History& history, dispatcher::HistoryQuery query, ExportFormat format,
              ResultDisplay display)
      : history_(history), format_(format), display_(std::move(display)), query_(std::move(query)) {
    query_.rows_max = dispatcher::history_page_rows_max;
  }

  asio::awaitable<std::optional<std::string>> next(Clock::time_point) override {
    if (!std::exchange(begun_, true)) co_return begin();
    if (ended_) co_return std::nullopt;
    const dispatcher::HistoryPage page = co_await history_.find(query_);
    std::string piece = rows(page);
    query_.before = page.next_before;
    ended_ = !page.next_before;
    if (ended_) piece += end();
    co_return piece;
  }

 private:
  std::string begin() const {
    return format_ == ExportFormat::csv ? dispatcher::history_csv_header() : R"({"results":[)";
  }

  std::string end() const { return format_ == ExportFormat::csv ? "" : "]}\n"; }

  std::string rows(const dispatcher::HistoryPage& page) {
    if (format_ == ExportFormat::json) {
      // A page is empty if all its rows are damaged.
      if (page.rows.empty()) return {};
      const bool separated = std::exchange(any_rows_, true);
      return (separated ? ",\n" : "") + results_json(page.rows, display_);
    }
    std::string text;
    for (const dispatcher::HistoryRow& row : page.rows) {
      text += dispatcher::history_csv_row(visible_row(row, display_.workers_visible));
    }
    return text;
  }

  dispatcher::History& history_;
  const ExportFormat format_;
  const ResultDisplay display_;
  dispatcher::HistoryQuery query_;
  bool any_rows_ = false;
  bool begun_ = false;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<Feed> feed_of_workers(const asio::any_io_executor& executor, WorkerEvents& events,
                                      WorkersView::Shown shown) {
  return std::make_unique<WorkersFeed>(executor, events, shown);
}

std::unique_ptr<Feed> feed_of_job(std::unique_ptr<dispatcher::JobWatch> watch,
                                  ResultDisplay display) {
  return std::make_unique<JobFeed>(std::move(watch), std::move(display));
}

std::unique_ptr<Feed> feed_of_results(dispatcher::History& history, dispatcher::HistoryQuery query,
                                      ExportFormat format, ResultDisplay display) {
  return std::make_unique<ResultsFeed>(history, std::move(query), format, std::move(display));
}

}  // namespace samoyed::web
