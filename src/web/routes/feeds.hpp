#pragma once

#include <memory>
#include <optional>
#include <string>

#include <asio/any_io_executor.hpp>

#include "samoyed/dispatcher/history.hpp"
#include "samoyed/dispatcher/jobs.hpp"
#include "samoyed/dispatcher/worker_list.hpp"
#include "web/http/feed.hpp"
#include "web/views/worker_panel.hpp"

namespace samoyed::web {

/// The workers as server-sent events: at once, and after that when something has changed. The list
/// must outlive it.
std::unique_ptr<Feed> feed_of_workers(const asio::any_io_executor& executor,
                                      const dispatcher::WorkerList& workers,
                                      WorkersView::Shown shown);

/// A job's states as server-sent events, to the last one.
std::unique_ptr<Feed> feed_of_job(std::unique_ptr<dispatcher::JobWatch> watch,
                                  bool workers_visible);

enum class ExportFormat { csv, json };

/// All results of a visitor, or everyone's without one, a page of rows at a time. The history must
/// outlive it.
std::unique_ptr<Feed> feed_of_results(dispatcher::History& history,
                                      std::optional<std::string> visitor, ExportFormat format,
                                      bool workers_visible);

}  // namespace samoyed::web
