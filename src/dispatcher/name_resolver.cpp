#include "samoyed/dispatcher/name_resolver.hpp"

#include <algorithm>
#include <cerrno>
#include <deque>
#include <mutex>
#include <netdb.h>
#include <optional>
#include <sys/socket.h>
#include <thread>
#include <utility>

#include <asio/error.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include "samoyed/io/errc.hpp"

namespace samoyed::dispatcher {
namespace {

/// The errors of getaddrinfo.
std::error_code look_up_error(int result) {
  switch (result) {
    case EAI_SYSTEM:
      return {errno, std::system_category()};
    case EAI_MEMORY:
      return make_error_code(std::errc::not_enough_memory);
    case EAI_AGAIN:
      return asio::error::host_not_found_try_again;
    default:
      return asio::error::host_not_found;
  }
}

}  // namespace

FoundAddresses look_up_name(const std::string& name) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (const int result = getaddrinfo(name.c_str(), nullptr, &hints, &list); result != 0) {
    return {look_up_error(result), {}};
  }
  FoundAddresses found;
  for (const addrinfo* info = list; info; info = info->ai_next) {
    asio::ip::tcp::endpoint endpoint;
    if (info->ai_addrlen > endpoint.capacity()) continue;
    std::copy_n(reinterpret_cast<const char*>(info->ai_addr), info->ai_addrlen,
                reinterpret_cast<char*>(endpoint.data()));
    endpoint.resize(info->ai_addrlen);
    found.addresses.push_back(endpoint.address());
  }
  freeaddrinfo(list);
  return found;
}

/// A request that waits for the addresses of a name.
struct NameResolver::Waiter {
  Waiter(const asio::any_io_executor& executor, Clock::time_point deadline)
      : arrived(executor, deadline) {}
  asio::steady_timer arrived;  ///< Cancelled on arrival.
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
      waiter->arrived.cancel();
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

/// The names to look up, and where their addresses go.
struct NameResolver::Jobs {
  std::mutex mutex;
  // Guarded by mutex; the executor may be used while `closed` is false:
  std::deque<std::string> queue;
  std::size_t threads = 0;
  Clock::time_point last_begun;  ///< When the last look-up began.
  bool closed = false;
  asio::any_io_executor executor;
  // Never change:
  LookUp look_up;
  Limits limits;
  std::weak_ptr<Names> names;
};

NameResolver::NameResolver(asio::any_io_executor executor, Limits limits, LookUp look_up)
    : executor_(std::move(executor)),
      limits_(limits),
      names_(std::make_shared<Names>()),
      jobs_(std::make_shared<Jobs>()) {
  jobs_->executor = executor_;
  jobs_->look_up = std::move(look_up);
  jobs_->limits = limits_;
  jobs_->names = names_;
}

NameResolver::~NameResolver() {
  const std::lock_guard lock(jobs_->mutex);
  jobs_->closed = true;
  jobs_->queue.clear();
  jobs_->executor = {};
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
  const auto waiter = std::make_shared<Waiter>(executor_, deadline);
  names_->waiting[name].push_back(waiter);
  // Both the answer and the deadline end the wait.
  co_await waiter->arrived.async_wait(asio::redirect_error(asio::use_awaitable, error));
  if (waiter->found) co_return std::move(*waiter->found);
  std::erase(names_->waiting[name], waiter);
  const std::lock_guard lock(jobs_->mutex);
  const bool begun = std::ranges::find(jobs_->queue, name) == jobs_->queue.end();
  co_return FoundAddresses{
      begun ? make_error_code(io::Errc::timed_out) : make_error_code(std::errc::no_buffer_space),
      {}};
}

/// True if the name is being looked up, or is likely to be.
bool NameResolver::begin(const std::string& name) {
  const std::lock_guard lock(jobs_->mutex);
  const bool known = names_->waiting.contains(name);
  const bool queued = known && std::ranges::find(jobs_->queue, name) != jobs_->queue.end();
  if (known && !queued) return true;
  const bool stuck = jobs_->threads >= limits_.threads_max &&
                     Clock::now() - jobs_->last_begun >= limits_.stuck_after;
  if (stuck) return false;
  if (queued) return true;
  if (jobs_->queue.size() >= limits_.queue_max) return false;
  if (jobs_->threads < limits_.threads_max) {
    try {
      std::thread([jobs = jobs_] { work(jobs); }).detach();
      ++jobs_->threads;
      jobs_->last_begun = Clock::now();
    } catch (const std::system_error&) {
      if (jobs_->threads == 0) return false;
    }
  }
  jobs_->queue.push_back(name);
  return true;
}

/// The body of a thread: looks up names until none waits.
void NameResolver::work(const std::shared_ptr<Jobs>& jobs) {
  std::unique_lock lock(jobs->mutex);
  while (!jobs->closed && !jobs->queue.empty()) {
    const std::string name = std::move(jobs->queue.front());
    jobs->queue.pop_front();
    jobs->last_begun = Clock::now();
    lock.unlock();
    const FoundAddresses found = jobs->look_up(name);
    lock.lock();
    if (jobs->closed) break;
    asio::post(jobs->executor, [name, found, limits = jobs->limits, weak = jobs->names] {
      if (const auto names = weak.lock()) names->arrived(name, found, limits);
    });
  }
  --jobs->threads;
}

}  // namespace samoyed::dispatcher
