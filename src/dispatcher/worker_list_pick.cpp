#include <algorithm>

#include "samoyed/dispatcher/worker_list.hpp"

// How a WorkerList picks workers in turn.
namespace samoyed::dispatcher {

namespace {

/// Images in flight at one worker: one that is recognized, and one that has arrived when the next
/// thread is free.
constexpr std::size_t places_per_thread = 2;
/// For images so quick that a thread would often wait for the next one.
constexpr std::size_t places_per_thread_max = 32;
constexpr double queued_ms_min = 10;

/// A worker that was never contacted, a reference server, which has one thread, and a worker that
/// is older than hello's `threads`.
constexpr std::size_t places_before_hello = 4;
constexpr std::size_t places_of_reference = 2;
constexpr std::size_t places_of_older = 32;
/// The defaults of a worker's --queue-length-max and of the connections to one worker.
constexpr std::size_t places_max = 256;

}  // namespace

std::size_t WorkerList::Entry::places() const {
  if (reference) return places_of_reference;
  if (!row.model) return places_before_hello;
  if (threads == 0) return places_of_older;
  std::size_t per_thread = places_per_thread;
  if (cost_ms) {
    const double quick = queued_ms_min / std::max(*cost_ms, queued_ms_min / places_per_thread_max);
    per_thread = std::max(per_thread, static_cast<std::size_t>(quick));
  }
  return std::min(per_thread * threads, places_max);
}

bool WorkerList::must_wait(std::string_view model, Clock::time_point now) const {
  const std::lock_guard lock(mutex_);
  const ModelChoice choice = choose(model);
  bool any = false;
  for (const Entry& entry : entries_) {
    if (!entry.in_rotation() || !choice.includes(entry) || entry.doubtful(now)) continue;
    if (entry.has_room()) return false;
    any = true;
  }
  return any;
}

std::optional<Worker> WorkerList::pick(std::string_view model, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  WorkerId* const cursor = find_cursor(model);
  const WorkerId after = cursor ? *cursor : cursor_;
  const ModelChoice choice = choose(model);
  const auto may_run = [&](const Entry& entry) { return choice.includes(entry); };
  const auto fits = [&](const Entry& entry) { return may_run(entry) && !entry.doubtful(now); };
  auto next =
      next_after(after, [&](const Entry& entry) { return fits(entry) && entry.has_room(); });
  if (!next) next = next_after(after, fits);
  if (!next) next = next_after(after, may_run);
  if (next && cursor) *cursor = next->id;
  return next;
}

std::optional<Worker> WorkerList::pick_other(WorkerId after, std::span<const WorkerId> tried,
                                             std::string_view model, Clock::time_point now) const {
  const std::lock_guard lock(mutex_);
  const ModelChoice choice = choose(model);
  const auto untried = [&](const Entry& entry) {
    return choice.includes(entry) && std::ranges::find(tried, entry.row.worker.id) == tried.end();
  };
  const auto proven = [&](const Entry& entry) {
    return untried(entry) && entry.row.counts.done > 0;
  };
  auto next =
      next_after(after, [&](const Entry& entry) { return proven(entry) && entry.has_room(); });
  if (!next) next = next_after(after, proven);
  if (next) return next;
  next =
      next_after(after, [&](const Entry& entry) { return untried(entry) && !entry.doubtful(now); });
  return next ? next : next_after(after, untried);
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

std::optional<Worker> WorkerList::next_after(
    WorkerId after, const std::function<bool(const Entry&)>& eligible) const {
  const auto fits = [&](const Entry& entry) { return entry.in_rotation() && eligible(entry); };
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
