#pragma once

#include <vector>

#include "dispatcher/discovery/discovery_name.hpp"
#include "dispatcher/discovery/discovery_options.hpp"
#include "dispatcher/discovery/dns_client.hpp"

namespace CLI {
class App;
}

namespace samoyed::dispatcher {

/// The options that say how workers are found by DNS.
struct DiscoveryArguments {
  std::vector<DiscoveryName> names;
  DnsServers servers;
  DiscoveryOptions options;
};

/// Adds `--discover` and the options that go with it. A program that was built without c-ares
/// rejects `--discover`.
void add_discovery_options(CLI::App& app, DiscoveryArguments& arguments);

/// Throws CLI::ValidationError if two of the options contradict each other. Call it when all are
/// parsed.
void check_discovery(const DiscoveryArguments& arguments);

}  // namespace samoyed::dispatcher
