#include "dispatcher/discovery/dns_result.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "samoyed/dispatcher/worker_list.hpp"

namespace samoyed::dispatcher {
namespace {

/// `seen` are the addresses of the answer.
void add(const DnsRecords& records, std::uint16_t port, std::set<protocol::Address>& seen,
         DnsAnswer& answer) {
  for (const std::string& host : records.addresses) {
    protocol::Address address{.host = host, .port = port};
    if (seen.contains(address)) continue;
    if (seen.size() == workers_max) {
      answer.why_incomplete = "it has more than " + std::to_string(workers_max) + " addresses";
      return;
    }
    seen.insert(address);
    answer.addresses.push_back(std::move(address));
  }
}

}  // namespace

DnsResult join_hosts(const std::vector<HostOutcomes>& hosts, std::chrono::seconds ttl_max) {
  DnsAnswer answer;
  answer.ttl = ttl_max;
  bool any_answered = hosts.empty();
  DnsFailure failure;
  std::set<protocol::Address> seen;
  for (const HostOutcomes& host : hosts) {
    for (const DnsOutcome& outcome : host.outcomes) {
      if (const auto* const failed = std::get_if<DnsFailure>(&outcome)) {
        answer.why_incomplete = failed->why;
        failure = *failed;
        continue;
      }
      any_answered = true;
      const auto& records = std::get<DnsRecords>(outcome);
      add(records, host.port, seen, answer);
      // An answer without records has no time to live.
      if (!records.addresses.empty()) answer.ttl = std::min(answer.ttl, records.ttl);
    }
  }
  if (!any_answered) return failure;
  if (answer.addresses.empty()) answer.ttl = {};
  return answer;
}

}  // namespace samoyed::dispatcher
