#include "dispatcher/discovery/dns_reply.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <array>
#include <limits>
#include <netinet/in.h>
#include <resolv.h>

#include "samoyed/io/ip_text.hpp"
#include "samoyed/protocol/address.hpp"

namespace samoyed::dispatcher {
namespace {

/// The length of an SRV record's fields before its target: priority, weight and port.
constexpr std::size_t srv_fields_bytes = 6;
constexpr std::size_t srv_port_offset = 4;

std::string address_text(int family, const ns_rr& record) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(family, ns_rr_rdata(record), text.data(), text.size());
  // The form in which a user's HOST:PORT is kept too, so that both are the same worker.
  return protocol::parse_host(io::unmapped_ip(text.data())).value();
}

/// Returns false if the record is malformed.
bool add_service(const ns_msg& message, const ns_rr& record, DnsRecords& records) {
  if (ns_rr_rdlen(record) <= srv_fields_bytes) return false;
  std::array<char, NS_MAXDNAME> target{};
  if (ns_name_uncompress(ns_msg_base(message), ns_msg_end(message),
                         ns_rr_rdata(record) + srv_fields_bytes, target.data(),
                         target.size()) < 0) {
    return false;
  }
  const auto port = static_cast<std::uint16_t>(ns_get16(ns_rr_rdata(record) + srv_port_offset));
  // A target that is no host name can't be connected to. parse_host turns it into lower case.
  if (const auto host = protocol::parse_host(target.data()); host && port != 0) {
    records.services.push_back({.host = *host, .port = port});
  }
  return true;
}

/// Returns false if the record is malformed.
bool add_record(const ns_msg& message, const ns_rr& record, DnsRecords& records) {
  switch (ns_rr_type(record)) {
    case ns_t_a:
      if (ns_rr_rdlen(record) != sizeof(in_addr)) return false;
      records.addresses.push_back(address_text(AF_INET, record));
      return true;
    case ns_t_aaaa:
      if (ns_rr_rdlen(record) != sizeof(in6_addr)) return false;
      records.addresses.push_back(address_text(AF_INET6, record));
      return true;
    case ns_t_srv:
      return add_service(message, record, records);
    default:
      return true;
  }
}

}  // namespace

std::optional<DnsRecords> parse_dns_reply(std::span<const unsigned char> reply) {
  ns_msg message;
  if (reply.size() > std::numeric_limits<int>::max() ||
      ns_initparse(reply.data(), static_cast<int>(reply.size()), &message) != 0) {
    return std::nullopt;
  }
  DnsRecords records;
  std::uint32_t ttl = std::numeric_limits<std::uint32_t>::max();
  const int count = ns_msg_count(message, ns_s_an);
  for (int index = 0; index < count; ++index) {
    ns_rr record;
    if (ns_parserr(&message, ns_s_an, index, &record) != 0 ||
        !add_record(message, record, records)) {
      return std::nullopt;
    }
    ttl = std::min<std::uint32_t>(ttl, ns_rr_ttl(record));
  }
  if (count > 0) records.ttl = std::chrono::seconds(ttl);
  return records;
}

}  // namespace samoyed::dispatcher
