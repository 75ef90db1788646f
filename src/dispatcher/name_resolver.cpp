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

  /// Also holds names whose look-up is in flight but whose waiters have all given up.
  std::map<std::string, std::vector<std::shared_ptr<Waiter>>> waiting;
  std::map<std::string, Kept> kept;
};

/// The names to look up, and where to send their addresses.
struct NameResolver::LookUps {
  std::mutex mutex;
  // Guarded by mutex; the executor may be used only while `closed` is false:
  std::deque<std::string> queue;
  std::size_t threads = 0;
  Clock::time_point last_begun;  ///< When the last look-up began.
  bool closed = false;
  asio::any_io_executor executor;
  // These never change:
  LookUp look_up;
  Limits limits;
  std::weak_ptr<Names> names;
};

NameResolver::NameResolver(asio::any_io_executor executor, Limits limits, LookUp look_up)
    : executor_(std::move(executor)),
      limits_(limits),
      names_(std::make_shared<Names>()),
      look_ups_(std::make_shared<LookUps>()) {
  look_ups_->executor = executor_;
  look_ups_->look_up = std::move(look_up);
  look_ups_->limits = limits_;
  look_ups_->names = names_;
}

NameResolver::~NameResolver() {
  const std::lock_guard lock(look_ups_->mutex);
  look_ups_->closed = true;
  look_ups_->queue.clear();
  look_ups_->executor = {};
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
  const std::lock_guard lock(look_ups_->mutex);
  const bool begun = std::ranges::find(look_ups_->queue, name) == look_ups_->queue.end();
  co_return FoundAddresses{
      begun ? make_error_code(io::Errc::timed_out) : make_error_code(std::errc::no_buffer_space),
      {}};
}

/// Queues the name unless it is queued or being looked up already. Returns false if it is unlikely
/// to be looked up: all threads are stuck, the queue is full, or no thread can be started.
bool NameResolver::begin(const std::string& name) {
  const std::lock_guard lock(look_ups_->mutex);
  const bool known = names_->waiting.contains(name);
  const bool queued = known && std::ranges::find(look_ups_->queue, name) != look_ups_->queue.end();
  if (known && !queued) return true;
  const bool stuck = look_ups_->threads >= limits_.threads_max &&
                     Clock::now() - look_ups_->last_begun >= limits_.stuck_after;
  if (stuck) return false;
  if (queued) return true;
  if (look_ups_->queue.size() >= limits_.queue_max) return false;
  if (look_ups_->threads < limits_.threads_max) {
    try {
      std::thread([look_ups = look_ups_] { work(look_ups); }).detach();
      ++look_ups_->threads;
      look_ups_->last_begun = Clock::now();
    } catch (const std::system_error&) {
      if (look_ups_->threads == 0) return false;
    }
  }
  look_ups_->queue.push_back(name);
  return true;
}

/// The body of a thread: looks up names until none is queued.
void NameResolver::work(const std::shared_ptr<LookUps>& look_ups) {
  std::unique_lock lock(look_ups->mutex);
  while (!look_ups->closed && !look_ups->queue.empty()) {
    const std::string name = std::move(look_ups->queue.front());
    look_ups->queue.pop_front();
    look_ups->last_begun = Clock::now();
    lock.unlock();
    const FoundAddresses found = look_ups->look_up(name);
    lock.lock();
    if (look_ups->closed) break;
    asio::post(look_ups->executor,
               [name, found, limits = look_ups->limits, weak = look_ups->names] {
                 if (const auto names = weak.lock()) names->arrived(name, found, limits);
               });
  }
  --look_ups->threads;
}

}  // namespace samoyed::dispatcher
