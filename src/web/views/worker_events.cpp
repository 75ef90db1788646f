#include "web/views/worker_events.hpp"

#include <algorithm>
#include <utility>

#include "web/http/event_stream.hpp"
#include "web/views/api_json.hpp"

namespace samoyed::web {
namespace {

using dispatcher::WorkerRow;

/// Whether two rows are the same but for their numbers.
bool same_but_numbers(const WorkerRow& left, const WorkerRow& right) {
  return left.worker == right.worker && left.model == right.model && left.state == right.state &&
         left.heard == right.heard && left.by_address == right.by_address &&
         left.discovered_by == right.discovered_by;
}

}  // namespace

WorkerEvents::Event WorkerEvents::latest(WorkersView::Shown shown, Clock::time_point now) {
  Encoded& last = events_[static_cast<std::size_t>(shown)];
  if (last.event && now < last.at + changed_age_max_ms) return last.event;
  WorkerRows rows = workers_.snapshot();
  if (last.event && now < last.at + counted_age_max_ms &&
      std::ranges::equal(rows, last.rows, same_but_numbers)) {
    return last.event;
  }
  ++encoded_;
  last.at = now;
  last.rows = rows;
  const WorkersView view{.rows = std::move(rows),
                         .shown = shown,
                         .instance_name = instance_name_,
                         .discovery = discovery_()};
  std::string text = server_sent_event("workers", workers_json(view));
  if (!last.event || *last.event != text) {
    last.event = std::make_shared<const std::string>(std::move(text));
  }
  return last.event;
}

}  // namespace samoyed::web
