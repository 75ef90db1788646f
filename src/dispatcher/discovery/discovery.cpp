#include "dispatcher/discovery/discovery.hpp"

#include <algorithm>
#include <exception>
#include <set>
#include <utility>

#include <asio/co_spawn.hpp>
#include <spdlog/spdlog.h>

#include "dispatcher/discovery/discovery_plan.hpp"
#include "dispatcher/discovery/problem_log.hpp"
#include "samoyed/io/event.hpp"
#include "samoyed/io/wall_clock.hpp"

namespace samoyed::dispatcher {

/// One name, and how its lookups went.
struct Discovery::Name {
  Name(const asio::any_io_executor& executor, DiscoveryName discovered,
       const DiscoveryOptions& options)
      : name(std::move(discovered)),
        text(to_string(name)),
        plan(Clock::now(), options),
        woken(executor) {}

  const DiscoveryName name;
  const std::string text;
  DiscoveryPlan plan;
  io::Event woken;
  std::uint64_t lookups = 0;
  std::uint64_t failures = 0;
  Clock::time_point answered_or_started = Clock::now();
  std::optional<std::int64_t> answered_ms = std::nullopt;
  std::string problem = {};
  ProblemLog log = {};
};

Discovery::Discovery(asio::any_io_executor executor, WorkerList& workers,
                     std::vector<DiscoveryName> names, DiscoveryOptions options,
                     const io::NetworkList& networks, WorkerLookup look_up)
    : executor_(executor), workers_(workers), networks_(networks), look_up_(std::move(look_up)) {
  for (DiscoveryName& name : names) {
    names_.push_back(std::make_unique<Name>(executor, std::move(name), options));
  }
}

Discovery::~Discovery() = default;

void Discovery::start() {
  for (const auto& name : names_) {
    asio::co_spawn(executor_, follow(*name), [](std::exception_ptr failure) {
      if (failure) std::rethrow_exception(failure);
    });
  }
}

asio::awaitable<void> Discovery::follow(Name& name) {
  while (true) {
    const auto due = name.plan.next_lookup();
    if (Clock::now() < due) {
      co_await name.woken.wait_until(due);
      continue;
    }
    ++name.lookups;
    name.plan.begin_lookup();
    auto lookup = look_up_(name.name);
    DnsResult result = co_await std::move(lookup);
    if (auto* const failure = std::get_if<DnsFailure>(&result)) {
      ++name.failures;
      name.plan.on_failure(Clock::now(), random());
      set_problem(name, std::move(failure->why));
    } else {
      apply(name, std::get<DnsAnswer>(std::move(result)));
    }
  }
}

void Discovery::apply(Name& name, DnsAnswer answer) {
  name.answered_or_started = Clock::now();
  name.answered_ms = io::wall_clock_ms();
  std::string problem;
  if (answer.addresses.empty()) problem = "DNS has no addresses for it";
  if (!answer.complete()) problem = "the answer isn't complete: " + answer.why_incomplete;
  if (auto strangers = drop_strangers(answer); !strangers.empty()) problem = std::move(strangers);

  std::set<protocol::Address> in_rotation;
  for (const WorkerRow& row : workers_.snapshot()) {
    if (row.state == WorkerState::in_rotation) in_rotation.insert(row.worker.address);
  }
  const auto is_in_rotation = [&](const auto& address) { return in_rotation.contains(address); };
  for (const auto& address : name.plan.on_answer(answer, is_in_rotation, Clock::now(), random())) {
    spdlog::info("DNS no longer has worker {} ({})", protocol::to_string(address), name.text);
    release(address);
  }
  for (const auto& address : answer.addresses) {
    const auto result = workers_.discover(address, name.text);
    if (result == DiscoverResult::added) {
      spdlog::info("DNS has worker {} ({})", protocol::to_string(address), name.text);
    } else if (result == DiscoverResult::list_full) {
      problem = "there are more than " + std::to_string(workers_max) + " workers";
    }
  }
  set_problem(name, std::move(problem));
}

/// Removes the addresses that workers may not have. Returns the problem, or an empty string if
/// there are none.
std::string Discovery::drop_strangers(DnsAnswer& answer) const {
  std::string problem;
  std::erase_if(answer.addresses, [&](const protocol::Address& address) {
    if (networks_.contains(address.host)) return false;
    problem = "its address " + address.host +
              " is outside the networks that workers may be in; allow its network with "
              "--worker-network";
    return true;
  });
  return problem;
}

/// Removes a worker that one name no longer has, unless another one has it.
void Discovery::release(const protocol::Address& address) {
  const auto owner =
      std::ranges::find_if(names_, [&](const auto& name) { return name->plan.knows(address); });
  if (owner == names_.end()) {
    workers_.undiscover(address);
  } else {
    workers_.discover(address, (*owner)->text);
  }
}

void Discovery::set_problem(Name& name, std::string problem) {
  name.problem = std::move(problem);
  switch (name.log.after_lookup(name.problem, Clock::now())) {
    case ProblemLog::Line::problem:
      spdlog::warn("can't find all workers by {}: {}; workers known by it: {}", name.text,
                   name.problem, name.plan.known_count());
      break;
    case ProblemLog::Line::end_of_problems:
      spdlog::info("found the workers of {}", name.text);
      break;
    case ProblemLog::Line::none:
      break;
  }
}

double Discovery::random() { return std::generate_canonical<double, 32>(random_); }

void Discovery::on_lost(const protocol::Address& address) {
  for (const auto& name : names_) {
    name->plan.on_lost(address);
    name->woken.notify();
  }
}

std::vector<DiscoveryStatus> Discovery::statuses() const {
  std::vector<DiscoveryStatus> statuses;
  const auto now = Clock::now();
  for (const auto& name : names_) {
    statuses.push_back({.name = name->text,
                        .lookups = name->lookups,
                        .failures = name->failures,
                        .workers = name->plan.known_count(),
                        .answered_ms = name->answered_ms,
                        .answer_age = std::chrono::duration_cast<std::chrono::milliseconds>(
                            now - name->answered_or_started),
                        .problem = name->problem});
  }
  return statuses;
}

}  // namespace samoyed::dispatcher
