#pragma once

#include <vector>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>

#include "dispatcher/discovery/discovery_name.hpp"
#include "dispatcher/discovery/dns_answer.hpp"
#include "samoyed/protocol/address.hpp"

namespace samoyed::dispatcher {

/// False if the program was built without c-ares.
extern const bool has_dns_client;

/// IP addresses with ports. If empty, the servers of /etc/resolv.conf are asked.
using DnsServers = std::vector<protocol::Address>;

/// Looks up the workers of a name with c-ares, by the rules of /etc/resolv.conf, which is read
/// again each time. Unlike getaddrinfo, it gives the time to live of records and tells names that
/// don't exist from servers that don't answer. Reads no /etc/hosts.
///
/// The search domains are tried in turn until one has records. A failure ends the search, because
/// the records of a later domain may be other workers.
///
/// Truncated replies are asked again by TCP. A lookup that takes 15 seconds fails.
///
/// Thread rule: the thread of the executor, whose io_context must outlive the lookup.
asio::awaitable<DnsResult> look_up_workers(asio::any_io_executor executor, DiscoveryName name,
                                           DnsServers servers);

}  // namespace samoyed::dispatcher
