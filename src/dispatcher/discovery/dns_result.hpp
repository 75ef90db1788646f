#pragma once

#include <span>
#include <string>
#include <vector>

#include "dispatcher/discovery/dns_answer.hpp"
#include "dispatcher/discovery/dns_reply.hpp"

namespace samoyed::dispatcher {

/// How one question ended: with records, of which there may be none, or with a failure.
using DnsOutcome = std::variant<DnsRecords, DnsFailure>;

/// A name's address questions (A and AAAA), and the port of its workers.
struct HostOutcomes {
  std::uint16_t port = 0;
  std::vector<DnsOutcome> outcomes;
};

/// Joins the addresses of hosts, at most `workers_max`. Fails if no question was answered.
/// `ttl_max` bounds the answer's time to live: that of the SRV records that named the hosts.
DnsResult join_hosts(const std::vector<HostOutcomes>& hosts,
                     std::chrono::seconds ttl_max = std::chrono::seconds::max());

}  // namespace samoyed::dispatcher
