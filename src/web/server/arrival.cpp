#include "web/server/arrival.hpp"

#include <utility>

#include "samoyed/io/ip_text.hpp"
#include "samoyed/io/random.hpp"
#include "samoyed/io/wall_clock.hpp"
#include "web/access/visitor.hpp"
#include "web/http/client_address.hpp"
#include "web/http/request_id.hpp"

namespace samoyed::web {
namespace {

void know_visitor(Visit& visit, const Site& site, const Fields& fields, bool is_upload) {
  if (site.options.results_by == dispatcher::ResultsBy::address) {
    visit.visitor = "address " + visit.client;
  } else if (auto known = find_visitor(fields)) {
    visit.visitor = std::move(*known);
  } else if (is_upload && site.history) {
    visit.visitor = io::random_hex(io::id_bytes);
    visit.new_visitor = true;
  } else {
    visit.visitor = no_visitor;
  }
}

}  // namespace

Visit arrive(const Site& site, const Request& head, std::string_view peer_address, bool is_upload,
             std::chrono::steady_clock::time_point now) {
  const auto trusted = [&](std::string_view address) {
    return site.options.access.trusted_proxies.contains(address);
  };
  const Client client = find_client(peer_address, head.fields, trusted);
  const std::string_view sent_id = find_field(head.fields, request_id_name);
  Visit visit{
      .request_id = is_request_id(sent_id) ? std::string(sent_id) : io::random_hex(io::id_bytes),
      .client = io::limit_key(client.address),
      .address = client.address,
      .https = client.https,
      .now = now,
      .time_ms = io::wall_clock_ms()};
  visit.admin = site.gate.check(head.fields, visit.client, now);
  know_visitor(visit, site, head.fields, is_upload);
  return visit;
}

}  // namespace samoyed::web
