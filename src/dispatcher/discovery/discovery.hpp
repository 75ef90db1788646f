#pragma once

#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>

#include "dispatcher/discovery/discovery_name.hpp"
#include "dispatcher/discovery/discovery_options.hpp"
#include "dispatcher/discovery/dns_answer.hpp"
#include "samoyed/dispatcher/discovery_status.hpp"
#include "samoyed/dispatcher/worker_list.hpp"
#include "samoyed/io/network_list.hpp"

namespace samoyed::dispatcher {

/// Asks DNS for the workers of a name.
using WorkerLookup = std::function<asio::awaitable<DnsResult>(const DiscoveryName&)>;

/// Keeps the list of workers as DNS has it, as each name's DiscoveryPlan decides. A worker that two
/// names have leaves when both have dropped it. A worker that someone listed by its address stays.
///
/// Thread rule: the thread of the executor.
class Discovery {
 public:
  /// `networks` are those that workers may be in; other addresses of an answer are ignored and
  /// logged. The references must outlive this object. It must outlive the coroutines that `start`
  /// makes, unless the io_context no longer runs.
  Discovery(asio::any_io_executor executor, WorkerList& workers, std::vector<DiscoveryName> names,
            DiscoveryOptions options, const io::NetworkList& networks, WorkerLookup look_up);
  ~Discovery();

  /// Looks up all names again and again, for as long as the executor runs. Call once.
  void start();

  /// Looks up the names of a worker at once, because it may have moved.
  void on_lost(const protocol::Address& address);

  /// One status for each name, in the order of the names.
  std::vector<DiscoveryStatus> statuses() const;

 private:
  struct Name;

  asio::awaitable<void> follow(Name& name);
  void apply(Name& name, DnsAnswer answer);
  std::string drop_strangers(DnsAnswer& answer) const;
  void release(const protocol::Address& address);
  void set_problem(Name& name, std::string problem);
  double random();

  asio::any_io_executor executor_;
  WorkerList& workers_;
  const io::NetworkList& networks_;
  const WorkerLookup look_up_;
  std::vector<std::unique_ptr<Name>> names_;
  std::minstd_rand random_{std::random_device()()};
};

}  // namespace samoyed::dispatcher
