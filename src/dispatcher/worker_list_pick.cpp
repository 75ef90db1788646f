#include <algorithm>

#include "samoyed/dispatcher/worker_list.hpp"

// How a WorkerList picks workers in turn.
namespace samoyed::dispatcher {
namespace {

bool was_tried(WorkerId id, std::span<const WorkerId> tried) {
  return std::ranges::find(tried, id) != tried.end();
}

}  // namespace

bool WorkerList::must_wait(std::string_view model, Clock::time_point now,
                           std::span<const WorkerId> tried) const {
  const std::lock_guard lock(mutex_);
  const ModelChoice choice = choose(model);
  const auto untried = [&](const Entry& entry) {
    return choice.includes(entry) && !was_tried(entry.row.worker.id, tried);
  };
  // Draining workers count only if there is no other.
  const bool any_stays = std::ranges::any_of(
      entries_, [&](const Entry& entry) { return entry.in_rotation() && untried(entry); });
  const auto state = any_stays ? WorkerState::in_rotation : WorkerState::draining;
  bool any = false;
  for (const Entry& entry : entries_) {
    if (entry.health.state() != state || !untried(entry)) continue;
    const bool doubtful = entry.doubtful(now);
    if (!doubtful && entry.has_room(now)) return false;
    // A doubtful worker may never have room, but a pause ends.
    any = any || !doubtful || entry.room.paused(now);
  }
  return any;
}

Clock::time_point WorkerList::room_changes_at(Clock::time_point now) const {
  const std::lock_guard lock(mutex_);
  auto next = Clock::time_point::max();
  const auto consider = [&](Clock::time_point time) {
    if (time > now) next = std::min(next, time);
  };
  for (const Entry& entry : entries_) {
    if (!entry.serves()) continue;
    consider(entry.room.paused_until());
    if (!entry.answered && entry.first_contact) consider(entry.doubtful_from());
  }
  return next;
}

std::optional<Worker> WorkerList::pick(std::string_view model, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  WorkerId* const cursor = find_cursor(model);
  const WorkerId after = cursor ? *cursor : cursor_;
  const ModelChoice choice = choose(model);
  const auto may_run = [&](const Entry& entry) { return choice.includes(entry); };
  const auto fits = [&](const Entry& entry) { return may_run(entry) && !entry.doubtful(now); };
  auto next =
      next_after(after, [&](const Entry& entry) { return fits(entry) && entry.has_room(now); });
  if (!next) next = next_after(after, fits);
  if (!next) next = next_after(after, may_run);
  if (!next) next = next_after(after, may_run, WorkerState::draining);
  if (next && cursor) *cursor = next->id;
  return next;
}

std::optional<Worker> WorkerList::pick_other(WorkerId after, std::span<const WorkerId> tried,
                                             std::string_view model, Clock::time_point now) const {
  const std::lock_guard lock(mutex_);
  const ModelChoice choice = choose(model);
  const auto untried = [&](const Entry& entry) {
    return choice.includes(entry) && !was_tried(entry.row.worker.id, tried);
  };
  const auto proven = [&](const Entry& entry) {
    return untried(entry) && entry.row.counts.done > 0;
  };
  auto next =
      next_after(after, [&](const Entry& entry) { return proven(entry) && entry.has_room(now); });
  if (!next) next = next_after(after, proven);
  if (next) return next;
  next =
      next_after(after, [&](const Entry& entry) { return untried(entry) && !entry.doubtful(now); });
  if (!next) next = next_after(after, untried);
  return next ? next : next_after(after, untried, WorkerState::draining);
}

/// Returns null for a model that no worker is known to run, because clients may name any model and
/// each cursor takes memory.
WorkerId* WorkerList::find_cursor(std::string_view model) {
  if (model.empty()) return &cursor_;
  const auto known = model_cursors_.find(model);
  if (known != model_cursors_.end()) return &known->second;
  if (!any_runs(model)) return nullptr;
  return &model_cursors_.emplace(model, 0).first->second;
}

bool WorkerList::any_runs(std::string_view model) const {
  return std::ranges::any_of(entries_, [&](const Entry& entry) { return entry.runs(model); });
}

void WorkerList::drop_unused_cursors() {
  std::erase_if(model_cursors_, [this](const auto& cursor) { return !any_runs(cursor.first); });
}

std::optional<Worker> WorkerList::next_after(WorkerId after,
                                             const std::function<bool(const Entry&)>& eligible,
                                             WorkerState state) const {
  const auto fits = [&](const Entry& entry) {
    return entry.health.state() == state && eligible(entry);
  };
  const auto start = std::ranges::upper_bound(
      entries_, after, {}, [](const Entry& entry) { return entry.row.worker.id; });
  auto next = std::find_if(start, entries_.end(), fits);
  if (next == entries_.end()) {
    next = std::find_if(entries_.begin(), start, fits);
    if (next == start) return std::nullopt;
  }
  return next->row.worker;
}

}  // namespace samoyed::dispatcher
