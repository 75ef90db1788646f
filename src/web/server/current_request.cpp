#include "web/server/current_request.hpp"

#include <cstdint>
#include <utility>

#include <spdlog/spdlog.h>

#include "samoyed/io/ip_text.hpp"
#include "samoyed/io/log.hpp"
#include "web/http/log_text.hpp"
#include "web/server/make_request_context.hpp"

namespace samoyed::web {

CurrentRequest make_current_request(ServerContext& server, const Request& head,
                                    const std::string& peer, const std::string& peer_address) {
  RequestContext context =
      make_request_context(server, head, peer_address, std::chrono::steady_clock::now());
  const bool direct = context.address == io::unmapped_ip(peer_address);
  CurrentRequest current{.context = {},
                         .begun = context.now,
                         .client = direct ? peer : context.address + " through " + peer,
                         .line = log_text(head.method) + " " + log_text(head.target),
                         .upload = is_upload(context)};
  current.context = std::move(context);
  return current;
}

void log_answer(const CurrentRequest& request, int status, std::size_t bytes) {
  const std::chrono::duration<double, std::milli> elapsed =
      std::chrono::steady_clock::now() - request.begun;
  const io::LogField fields[] = {{io::request_id_field, request.context.request_id},
                                 {"client", request.client},
                                 {"request", request.line},
                                 {"status", std::int64_t{status}},
                                 {"bytes", static_cast<std::int64_t>(bytes)},
                                 {"elapsed_ms", elapsed.count()}};
  io::log(spdlog::level::info,
          fmt::format("{} {} -> {}, {} bytes, {:.1f} ms", request.client, request.line, status,
                      bytes, elapsed.count()),
          fields);
}

}  // namespace samoyed::web
