#include "samoyed/dispatcher/worker_list.hpp"

#include <algorithm>

namespace samoyed::dispatcher {
namespace {

/// The first row whose id is above `id`, or end.
auto first_after(const std::vector<WorkerRow>& rows, WorkerId id) {
  return std::ranges::upper_bound(rows, id, {}, [](const WorkerRow& row) { return row.worker.id; });
}

}  // namespace

AddResult WorkerList::add(const protocol::Address& address) {
  {
    const std::lock_guard lock(mutex_);
    const auto same = [&](const WorkerRow& row) { return row.worker.address == address; };
    if (std::ranges::any_of(rows_, same)) return AddResult::already_there;
    if (rows_.size() == workers_max) return AddResult::list_full;
    rows_.push_back({.worker = {++last_id_, address}, .model = {}});
  }
  on_change_();
  return AddResult::added;
}

bool WorkerList::remove(const protocol::Address& address) {
  return remove_if([&](const Worker& worker) { return worker.address == address; });
}

bool WorkerList::remove(WorkerId id) {
  return remove_if([&](const Worker& worker) { return worker.id == id; });
}

template <typename Predicate>
bool WorkerList::remove_if(Predicate predicate) {
  {
    const std::lock_guard lock(mutex_);
    const auto removed = std::ranges::find_if(rows_, predicate, &WorkerRow::worker);
    if (removed == rows_.end()) return false;
    rows_.erase(removed);
  }
  on_change_();
  return true;
}

std::optional<Worker> WorkerList::pick() {
  const std::lock_guard lock(mutex_);
  if (rows_.empty()) return std::nullopt;
  auto next = first_after(rows_, cursor_);
  if (next == rows_.end()) next = rows_.begin();
  cursor_ = next->worker.id;
  return next->worker;
}

std::optional<Worker> WorkerList::pick_other(WorkerId after,
                                             std::span<const WorkerId> tried) const {
  const std::lock_guard lock(mutex_);
  const auto untried = [&](const WorkerRow& row) {
    return std::ranges::find(tried, row.worker.id) == tried.end();
  };
  const auto start = first_after(rows_, after);
  auto next = std::find_if(start, rows_.end(), untried);
  if (next == rows_.end()) {
    next = std::find_if(rows_.begin(), start, untried);
    if (next == start) return std::nullopt;
  }
  return next->worker;
}

void WorkerList::set_model(WorkerId id, const WorkerModel& model) {
  const std::lock_guard lock(mutex_);
  const auto row = std::ranges::find(rows_, id, [](const WorkerRow& r) { return r.worker.id; });
  if (row != rows_.end()) row->model = model;
}

std::vector<WorkerRow> WorkerList::rows() const {
  const std::lock_guard lock(mutex_);
  return rows_;
}

}  // namespace samoyed::dispatcher
