#include "web/server/make_request_context.hpp"

#include <string>
#include <utility>

#include "samoyed/io/ip_text.hpp"
#include "samoyed/io/random.hpp"
#include "web/access/visitor.hpp"
#include "web/http/client_address.hpp"
#include "web/http/request_id.hpp"

namespace samoyed::web {
namespace {

/// For a client without a cookie. Only uploads have results that need an owner.
void set_new_visitor(RequestContext& context, const ServerContext& server) {
  context.visitor = no_visitor;
  context.new_visitor_cookie.clear();
  if (!is_upload(context) || !server.services.history || !server.visitors.enabled()) return;
  CookieVisitor visitor = server.visitors.issue();
  context.visitor = std::move(visitor.visitor);
  context.new_visitor_cookie = std::move(visitor.new_cookie);
}

void set_visitor(RequestContext& context, const ServerContext& server, const Fields& fields) {
  if (server.services.rules.results_by_address) {
    context.visitor = "address " + context.client;
  } else if (auto known = server.visitors.find(fields, context.https)) {
    const bool used = context.route.route && uses_visitor(*context.route.route);
    if (known->trust != CookieTrust::good && !used) {
      context.visitor = no_visitor;
      return;
    }
    context.visitor = std::move(known->visitor);
    if (known->trust == CookieTrust::unencrypted) context.adoption = dispatcher::Adopted::all;
    if (known->trust == CookieTrust::unsigned_id) {
      context.adoption = dispatcher::Adopted::unsigned_only;
    }
  } else {
    set_new_visitor(context, server);
  }
}

}  // namespace

RequestContext make_request_context(const ServerContext& server, const Request& head,
                                    std::string_view peer_address,
                                    std::chrono::steady_clock::time_point now) {
  const auto trusted = [&](std::string_view address) {
    return server.options.access.trusted_proxies.contains(address);
  };
  const Client client = find_client(peer_address, head.fields, trusted);
  const std::string_view sent_id = find_field(head.fields, request_id_name);
  const std::string id =
      is_request_id(sent_id) ? std::string(sent_id) : io::random_hex(io::id_bytes);
  const std::string& own_base_path = server.options.access.base_path;
  // A proxy that reports a base path has removed it.
  RequestContext context{.route = resolve_route(head, client.base_path ? "" : own_base_path),
                         .request_id = id,
                         .client = io::limit_key(client.address),
                         .address = client.address,
                         .https = client.https,
                         .forwarded_host = client.host,
                         .base_path = client.base_path.value_or(own_base_path),
                         .now = now,
                         .time_ms = server.services.wall_clock_ms()};
  AdminGate::Checked checked =
      server.services.gate.check(head.fields, context.client, now, context.time_ms);
  context.admin = checked.verdict;
  // The browser may sign out before an upload has been answered.
  if (!is_upload(context)) context.renewed_session = std::move(checked.renewed_cookie);
  set_visitor(context, server, head.fields);
  return context;
}

asio::awaitable<void> adopt_visitor(ServerContext& server, RequestContext& context) {
  const dispatcher::Adopted what = *std::exchange(context.adoption, std::nullopt);
  if (!server.services.history) {
    set_new_visitor(context, server);
    co_return;
  }
  auto adoption = server.adoptions.adopt(*server.services.history, context.visitor, what,
                                         server.visitors.issue());
  VisitorAdoptions::Result result = co_await std::move(adoption);
  switch (result.end) {
    case VisitorAdoptions::End::adopted:
      context.adopted = true;
      context.visitor = std::move(result.visitor.visitor);
      context.new_visitor_cookie = std::move(result.visitor.new_cookie);
      break;
    case VisitorAdoptions::End::unknown:
      set_new_visitor(context, server);
      break;
    case VisitorAdoptions::End::undecided:
      // The cookie stays as it is.
      context.visitor = no_visitor;
      break;
  }
}

}  // namespace samoyed::web
