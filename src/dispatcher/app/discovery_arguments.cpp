#include "dispatcher/app/discovery_arguments.hpp"

#include <algorithm>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "samoyed/io/duration_option.hpp"
#include "samoyed/io/ip_text.hpp"

namespace samoyed::dispatcher {
namespace {

constexpr std::uint16_t dns_port = 53;

/// More names would be more questions than a DNS server should get from one client.
constexpr std::size_t names_max = 64;

void add_name(const std::string& text, std::vector<DiscoveryName>& names) {
  if (!has_dns_client) {
    throw CLI::ValidationError(
        "--discover",
        "this program was built without c-ares; install libc-ares-dev and build it again");
  }
  const auto name = parse_discovery_name(text);
  if (!name) {
    throw CLI::ValidationError("--discover", "\"" + text + "\" can't be looked up; expected " +
                                                 std::string(discovery_name_syntax));
  }
  if (std::ranges::find(names, *name) != names.end()) return;
  if (names.size() == names_max) {
    throw CLI::ValidationError("--discover",
                               "at most " + std::to_string(names_max) + " names can be looked up");
  }
  names.push_back(*name);
}

/// Parses an IP address with or without a port.
std::optional<protocol::Address> parse_dns_server(const std::string& text) {
  auto server = protocol::parse_address(text);
  if (!server) {
    auto host = protocol::parse_host(text);
    if (!host) return std::nullopt;
    server = protocol::Address{.host = std::move(*host), .port = dns_port};
  }
  if (!io::is_ip_literal(server->host)) return std::nullopt;
  return server;
}

void add_server(const std::string& text, DnsServers& servers) {
  const auto server = parse_dns_server(text);
  if (!server) {
    throw CLI::ValidationError(
        "--dns-server", "\"" + text +
                            "\" isn't a DNS server's address; expected an IP address, with a port "
                            "unless it is 53, for example 10.0.0.2 or 127.0.0.1:8600");
  }
  servers.push_back(*server);
}

}  // namespace

void add_discovery_options(CLI::App& app, DiscoveryArguments& arguments) {
  app.add_option_function<std::vector<std::string>>(
         "--discover",
         [&arguments](const std::vector<std::string>& texts) {
           for (const std::string& text : texts) add_name(text, arguments.names);
         },
         "DNS name whose addresses (A, AAAA) are workers, as NAME:PORT, or whose SRV records are, "
         "as _SERVICE._tcp.NAME; looked up again and again")
      ->allow_extra_args(false)
      ->type_name("NAME");
  app.add_option_function<std::vector<std::string>>(
         "--dns-server",
         [&arguments](const std::vector<std::string>& texts) {
           for (const std::string& text : texts) add_server(text, arguments.servers);
         },
         "DNS server for --discover, as an IP address with or without a port")
      ->allow_extra_args(false)
      ->type_name("IP[:PORT]")
      ->default_str("those of /etc/resolv.conf");
  DiscoveryOptions& options = arguments.options;
  io::add_milliseconds_option(
      app, "--discover-hold-ms", options.hold,
      "Time for which a worker that answers stays after DNS has dropped it, in milliseconds");
  io::add_milliseconds_option(
      app, "--discover-interval-min-ms", options.interval_min,
      "Shortest time between two lookups of a name, in milliseconds; doubles with each failed one");
  io::add_milliseconds_option(app, "--discover-interval-max-ms", options.interval_max,
                              "Longest time between two lookups of a name, in milliseconds; in "
                              "between, its records' time to live decides");
}

void check_discovery(const DiscoveryArguments& arguments) {
  if (arguments.options.interval_min <= arguments.options.interval_max) return;
  throw CLI::ValidationError("--discover-interval-max-ms",
                             "must be at least --discover-interval-min-ms");
}

}  // namespace samoyed::dispatcher
