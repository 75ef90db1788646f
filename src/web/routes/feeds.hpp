#pragma once

#include <memory>
#include <optional>
#include <string>

#include <asio/any_io_executor.hpp>

#include "samoyed/dispatcher/history.hpp"
#include "samoyed/dispatcher/jobs.hpp"
#include "web/http/feed.hpp"
#include "web/views/results_json.hpp"
#include "web/views/worker_events.hpp"
#include "web/views/worker_panel.hpp"

namespace samoyed::web {

/// Returns the list of workers as server-sent events: the first one at once, further ones when
/// something has changed. `events` must outlive the feed.
std::unique_ptr<Feed> feed_of_workers(const asio::any_io_executor& executor, WorkerEvents& events,
                                      WorkersView::Shown shown);

/// Returns a job's states as server-sent events, until its last state.
std::unique_ptr<Feed> feed_of_job(std::unique_ptr<dispatcher::JobWatch> watch,
                                  ResultDisplay display);

enum class ExportFormat { csv, json };

/// Returns all results that the query finds, from its first page on, one page of rows at a time.
/// `history` must outlive the feed.
std::unique_ptr<Feed> feed_of_results(dispatcher::History& history, dispatcher::HistoryQuery query,
                                      ExportFormat format, ResultDisplay display);

}  // namespace samoyed::web
