#include "web/errand_runner.hpp"

#include <utility>

#include "web/event_stream.hpp"

namespace samoyed::web {
namespace {

Response csv_stream() {
  Response response{200,
                    {{"Content-Type", "text/csv; charset=utf-8"},
                     {"Content-Disposition", "attachment; filename=\"results.csv\""},
                     {"Cache-Control", "no-store"}},
                    {}};
  response.stream = true;
  return response;
}

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
    ErrandEnd end{not_kept(visit)};
    co_return end;
  }
  ErrandEnd end;
  if (about_job) {
    end = co_await run_job(errand, visit);
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
  const StorageRoutes& storage = routes_.storage();
  ErrandEnd end;
  if (const auto* to_find = std::get_if<FindResults>(&errand)) {
    dispatcher::HistoryPage page = co_await history_->find(to_find->query);
    end.response = storage.results(std::move(page), visit);
  } else if (const auto* to_remove = std::get_if<RemoveResults>(&errand)) {
    const std::uint64_t rows = co_await history_->remove_all(to_remove->visitor);
    end.response = storage.removed(rows);
  } else {
    end.response = csv_stream();
    end.feed = feed_of_results(routes_, visit, *history_, std::get<ExportResults>(errand).visitor);
  }
  co_return end;
}

asio::awaitable<Response> ErrandRunner::submit(dispatcher::JobRequest request, const Visit& visit) {
  if (!jobs_) co_return not_kept(visit);
  const dispatcher::Submitted submitted = co_await jobs_->submit(std::move(request));
  co_return routes_.storage().submitted(submitted, visit);
}

Response ErrandRunner::not_kept(const Visit& visit) const {
  return routes_.api_refusal({Reason::not_found, "This server keeps nothing of that kind."}, visit);
}

}  // namespace samoyed::web
