#include "dispatcher/discovery/dns_client.hpp"

#include <arpa/nameser.h>
#include <chrono>
#include <exception>
#include <memory>
#include <utility>

#include "dispatcher/discovery/ares_channel.hpp"
#include "dispatcher/discovery/dns_reply.hpp"
#include "dispatcher/discovery/dns_result.hpp"

namespace samoyed::dispatcher {
namespace {

using LookupTime = std::chrono::steady_clock::time_point;

/// The time for all questions of a lookup together.
constexpr std::chrono::seconds lookup_time_max{15};

/// The hosts of SRV records that are looked up. Further ones are left out.
constexpr std::size_t service_hosts_max = 256;

DnsOutcome outcome_of(const DnsReply& reply) {
  switch (reply.status) {
    case ARES_SUCCESS:
      if (auto records = parse_dns_reply(reply.bytes)) return *std::move(records);
      return DnsFailure{"the DNS server sent a malformed reply"};
    case ARES_ENODATA:
    case ARES_ENOTFOUND:
      return DnsRecords();
    case ARES_ECANCELLED:
    case ARES_ETIMEOUT:
      return DnsFailure{"no DNS server answered in time"};
    case ARES_ECONNREFUSED:
      // c-ares 1.18 also says so if each server answered with an error.
      return DnsFailure{"no DNS server can be reached, or each one fails (SERVFAIL, REFUSED)"};
    case ARES_ESERVFAIL:
      return DnsFailure{"the DNS server failed (SERVFAIL)"};
    case ARES_EREFUSED:
      return DnsFailure{"the DNS server refused to answer (REFUSED)"};
    default:
      return DnsFailure{ares_strerror(reply.status)};
  }
}

/// Looks up the IPv4 and IPv6 addresses of each host.
asio::awaitable<DnsResult> look_up_hosts(
    AresChannel& channel, std::vector<DnsRecords::Service> hosts, LookupTime deadline,
    std::chrono::seconds ttl_max = std::chrono::seconds::max()) {
  std::vector<DnsQuestion> questions;
  for (const auto& host : hosts) {
    questions.push_back({.name = host.host, .type = ns_t_a});
    questions.push_back({.name = host.host, .type = ns_t_aaaa});
  }
  const auto replies = co_await channel.ask(std::move(questions), deadline);
  std::vector<HostOutcomes> outcomes;
  for (std::size_t index = 0; index < hosts.size(); ++index) {
    outcomes.push_back(
        {.port = hosts[index].port,
         .outcomes = {outcome_of(replies[2 * index]), outcome_of(replies[2 * index + 1])}});
  }
  co_return join_hosts(outcomes, ttl_max);
}

/// Looks up the hosts of SRV records.
asio::awaitable<DnsResult> look_up_services(AresChannel& channel, std::string name,
                                            LookupTime deadline) {
  std::vector<DnsQuestion> question{{.name = std::move(name), .type = ns_t_srv}};
  const auto replies = co_await channel.ask(std::move(question), deadline);
  auto outcome = outcome_of(replies.front());
  if (const auto* const failure = std::get_if<DnsFailure>(&outcome)) co_return *failure;
  auto& records = std::get<DnsRecords>(outcome);
  const bool too_many = records.services.size() > service_hosts_max;
  if (too_many) records.services.resize(service_hosts_max);
  auto result = co_await look_up_hosts(channel, std::move(records.services), deadline, records.ttl);
  if (auto* const answer = std::get_if<DnsAnswer>(&result); answer && too_many) {
    answer->why_incomplete =
        "it has more than " + std::to_string(service_hosts_max) + " SRV records";
  }
  co_return result;
}

bool ends_search(const DnsResult& result) {
  const auto* const answer = std::get_if<DnsAnswer>(&result);
  return !answer || !answer->complete() || !answer->addresses.empty();
}

}  // namespace

const bool has_dns_client = true;

asio::awaitable<DnsResult> look_up_workers(asio::any_io_executor executor, DiscoveryName name,
                                           DnsServers servers) {
  const auto deadline = std::chrono::steady_clock::now() + lookup_time_max;
  std::shared_ptr<AresChannel> channel;
  std::vector<std::string> names;
  try {
    channel = std::make_shared<AresChannel>(executor, servers);
    names = complete_names(name, channel->search_rules());
  } catch (const std::exception& error) {
    co_return DnsFailure{error.what()};
  }
  DnsResult result;
  for (const std::string& complete : names) {
    if (name.has_services()) {
      result = co_await look_up_services(*channel, complete, deadline);
    } else {
      std::vector<DnsRecords::Service> host{{.host = complete, .port = name.port}};
      result = co_await look_up_hosts(*channel, std::move(host), deadline);
    }
    if (ends_search(result)) break;
  }
  co_return result;
}

}  // namespace samoyed::dispatcher
