#include "web/routes/errand_runner.hpp"

#include <memory>
#include <utility>

#include "web/http/event_stream.hpp"

namespace samoyed::web {
namespace {

/// Each may read some hundred thousand rows, and all reading is done by one thread.
constexpr std::size_t counts_max = 4;

}  // namespace

asio::awaitable<ErrandEnd> ErrandRunner::run(Errand errand, const Visit& visit) {
  if (std::holds_alternative<WatchWorkers>(errand)) {
    ErrandEnd end{event_stream(), feed_of_workers(executor_, routes_, visit)};
    co_return end;
  }
  const bool about_job = std::holds_alternative<FindJob>(errand) ||
                         std::holds_alternative<CancelJob>(errand) ||
                         std::holds_alternative<WatchJob>(errand);
  if (about_job ? !jobs_ : !history_) {
    ErrandEnd end{not_kept(errand, visit)};
    co_return end;
  }
  ErrandEnd end;
  if (about_job) {
    end = co_await run_job(errand, visit);
  } else if (const auto* to_count = std::get_if<CountResults>(&errand)) {
    end.response = co_await run_count(*to_count, visit);
  } else {
    end = co_await run_results(errand, visit);
  }
  co_return end;
}

asio::awaitable<ErrandEnd> ErrandRunner::run_job(const Errand& errand, const Visit& visit) {
  const StorageRoutes& storage = routes_.storage();
  ErrandEnd end;
  if (const auto* to_cancel = std::get_if<CancelJob>(&errand)) {
    const bool done = co_await jobs_->cancel(to_cancel->id);
    end.response = storage.cancelled(done, visit);
  } else if (const auto* to_find = std::get_if<FindJob>(&errand)) {
    const auto job = co_await jobs_->find(to_find->id);
    end.response = storage.job(job, visit);
  } else {
    const std::string& id = std::get<WatchJob>(errand).id;
    const auto job = co_await jobs_->find(id);
    auto watch = job ? jobs_->watch(id) : nullptr;
    if (!job) {
      end.response = storage.job(job, visit);
    } else if (!watch) {
      end.response = routes_.refusal_of_stream(visit);
    } else {
      end.response = event_stream();
      end.feed = feed_of_job(routes_, visit, std::move(watch));
    }
  }
  co_return end;
}

asio::awaitable<ErrandEnd> ErrandRunner::run_results(const Errand& errand, const Visit& visit) {
  const ResultRoutes& results = routes_.results();
  ErrandEnd end;
  if (const auto* to_find = std::get_if<FindResults>(&errand)) {
    const dispatcher::HistoryPage page = co_await history_->find(to_find->query);
    end.response = results.found(*to_find, page, visit);
  } else if (const auto* to_show = std::get_if<FindThumbnail>(&errand)) {
    const auto row = co_await history_->find_row(to_show->id, to_show->visitor);
    end.response = results.thumbnail(row, visit);
  } else if (const auto* to_remove = std::get_if<RemoveResults>(&errand)) {
    const std::uint64_t rows = co_await history_->remove_all(to_remove->visitor);
    end.response = results.removed(*to_remove, rows, visit);
  } else {
    const auto& to_export = std::get<ExportResults>(errand);
    end.response = results.export_head(to_export.format);
    end.feed = feed_of_results(routes_, visit, *history_, to_export);
  }
  co_return end;
}

asio::awaitable<Response> ErrandRunner::run_count(const CountResults& errand, const Visit& visit) {
  if (counts_ >= counts_max) co_return routes_.statistics().overloaded(errand, visit);
  ++counts_;
  const std::shared_ptr<void> ended(nullptr, [this](void*) { --counts_; });
  dispatcher::HistoryStatistics numbers = co_await history_->statistics(errand.query);
  co_return routes_.statistics().counted(errand, std::move(numbers), visit);
}

asio::awaitable<Response> ErrandRunner::submit(dispatcher::JobRequest request, const Visit& visit) {
  if (!jobs_) co_return not_kept(FindJob{}, visit);
  const dispatcher::Submitted submitted = co_await jobs_->submit(std::move(request));
  co_return routes_.storage().submitted(submitted, visit);
}

Response ErrandRunner::not_kept(const Errand& errand, const Visit& visit) const {
  const bool counts = std::holds_alternative<CountResults>(errand);
  return routes_.results().not_kept(style_of(errand), counts ? Tab::statistics : Tab::results,
                                    visit);
}

}  // namespace samoyed::web
