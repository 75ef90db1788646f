#include "samoyed/dispatcher/name_resolver.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <asio/post.hpp>

#include "samoyed/io/errc.hpp"
#include "samoyed/io/event.hpp"

namespace samoyed::dispatcher {

/// A request that waits for the addresses of a name.
struct NameResolver::Waiter {
  explicit Waiter(const asio::any_io_executor& executor) : arrived(executor) {}
  io::Event arrived;
  std::optional<FoundAddresses> found;
};

/// The cached names, and the waiting requests by name.
struct NameResolver::Names {
  struct Kept {
    std::vector<asio::ip::address> addresses;
    Clock::time_point until;
  };

  void arrived(const std::string& name, const FoundAddresses& found, const Limits& limits) {
    for (const auto& waiter : std::exchange(waiting[name], {})) {
      waiter->found = found;
      waiter->arrived.notify();
    }
    waiting.erase(name);
    if (found.error) return;
    const auto now = Clock::now();
    std::erase_if(kept, [&](const auto& entry) { return entry.second.until <= now; });
    if (kept.size() < limits.cached_names_max) {
      kept[name] = {found.addresses, now + limits.cache_time};
    }
  }

  /// Also holds names whose lookup is in flight but whose waiters have all given up.
  std::map<std::string, std::vector<std::shared_ptr<Waiter>>> waiting;
  std::map<std::string, Kept> kept;
};

/// The names to look up, and where to send their addresses.
struct NameResolver::Lookups {
  std::mutex mutex;
  // Guarded by mutex; the executor may be used only while `closed` is false:
  std::deque<std::string> queue;
  std::size_t threads = 0;
  Clock::time_point last_begun;  ///< When the last lookup began.
  bool closed = false;
  asio::any_io_executor executor;
  // These never change:
  Lookup look_up;
  Limits limits;
  std::weak_ptr<Names> names;
};

NameResolver::NameResolver(asio::any_io_executor executor, Limits limits, Lookup look_up)
    : executor_(std::move(executor)),
      limits_(limits),
      names_(std::make_shared<Names>()),
      lookups_(std::make_shared<Lookups>()) {
  lookups_->executor = executor_;
  lookups_->look_up = std::move(look_up);
  lookups_->limits = limits_;
  lookups_->names = names_;
}

NameResolver::~NameResolver() {
  const std::lock_guard lock(lookups_->mutex);
  lookups_->closed = true;
  lookups_->queue.clear();
  lookups_->executor = {};
}

asio::awaitable<FoundAddresses> NameResolver::resolve(std::string name,
                                                      Clock::time_point deadline) {
  std::error_code error;
  const auto literal = asio::ip::make_address(name, error);
  if (!error) co_return FoundAddresses{{}, {literal}};
  const auto kept = names_->kept.find(name);
  if (kept != names_->kept.end() && kept->second.until > Clock::now()) {
    co_return FoundAddresses{{}, kept->second.addresses};
  }
  if (!begin(name)) co_return FoundAddresses{make_error_code(std::errc::no_buffer_space), {}};
  const auto waiter = std::make_shared<Waiter>(executor_);
  names_->waiting[name].push_back(waiter);
  co_await waiter->arrived.wait_until(deadline);
  if (waiter->found) co_return std::move(*waiter->found);
  std::erase(names_->waiting[name], waiter);
  const std::lock_guard lock(lookups_->mutex);
  const bool begun = std::ranges::find(lookups_->queue, name) == lookups_->queue.end();
  co_return FoundAddresses{
      begun ? make_error_code(io::Errc::timed_out) : make_error_code(std::errc::no_buffer_space),
      {}};
}

/// Queues the name unless it is queued or being looked up already. Returns false if it is unlikely
/// to be looked up: all threads are stuck, the queue is full, or no thread can be started.
bool NameResolver::begin(const std::string& name) {
  const std::lock_guard lock(lookups_->mutex);
  const bool known = names_->waiting.contains(name);
  const bool queued = known && std::ranges::find(lookups_->queue, name) != lookups_->queue.end();
  if (known && !queued) return true;
  const bool stuck = lookups_->threads >= limits_.threads_max &&
                     Clock::now() - lookups_->last_begun >= limits_.stuck_after;
  if (stuck) return false;
  if (queued) return true;
  if (lookups_->queue.size() >= limits_.queue_max) return false;
  if (lookups_->threads < limits_.threads_max) {
    try {
      std::thread([lookups = lookups_] { work(lookups); }).detach();
      ++lookups_->threads;
      lookups_->last_begun = Clock::now();
    } catch (const std::system_error&) {
      if (lookups_->threads == 0) return false;
    }
  }
  lookups_->queue.push_back(name);
  return true;
}

/// The body of a thread: looks up names until none is queued.
void NameResolver::work(const std::shared_ptr<Lookups>& lookups) {
  std::unique_lock lock(lookups->mutex);
  while (!lookups->closed && !lookups->queue.empty()) {
    const std::string name = std::move(lookups->queue.front());
    lookups->queue.pop_front();
    lookups->last_begun = Clock::now();
    lock.unlock();
    const FoundAddresses found = lookups->look_up(name);
    lock.lock();
    if (lookups->closed) break;
    asio::post(lookups->executor, [name, found, limits = lookups->limits, weak = lookups->names] {
      if (const auto names = weak.lock()) names->arrived(name, found, limits);
    });
  }
  --lookups->threads;
}

}  // namespace samoyed::dispatcher
