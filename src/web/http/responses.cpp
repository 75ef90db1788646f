#include "web/http/responses.hpp"

#include <utility>

namespace samoyed::web {
namespace {

/// Long enough for a few images to be recognized.
constexpr std::string_view retry_after_s = "2";

/// The time window in which AdminGate counts wrong tokens.
constexpr std::string_view sign_in_retry_after_s = "60";

}  // namespace

Response html_response(int status, std::string body, std::string_view caching) {
  return {status,
          {{"Content-Type", "text/html; charset=utf-8"}, {"Cache-Control", std::string(caching)}},
          std::move(body)};
}

Response json_response(int status, std::string body, std::string_view media_type) {
  return {status,
          {{"Content-Type", std::string(media_type)}, {"Cache-Control", "no-store"}},
          std::move(body)};
}

Response text_response(int status, std::string_view line) {
  return {status,
          {{"Content-Type", "text/plain; charset=utf-8"}, {"Cache-Control", "no-store"}},
          std::string(line) + "\n"};
}

Response redirect(std::string location) {
  Response response = html_response(303, {});
  response.fields.push_back({"Location", std::move(location)});
  return response;
}

bool is_private(const Response& response) {
  const std::string_view caching = find_field(response.fields, "Cache-Control");
  return caching == "no-store" || caching.starts_with("private");
}

void give_reason(Response& response, Reason reason) {
  response.fields.push_back({std::string(reason_name), std::string(code_of(reason))});
  const int status = status_of(reason);
  if (status != 429 && status != 503) return;
  const bool sign_in = reason == Reason::sign_in_limit;
  response.fields.push_back(
      {"Retry-After", std::string(sign_in ? sign_in_retry_after_s : retry_after_s)});
}

}  // namespace samoyed::web
