#include "web/http/bounded_json.hpp"

#include <nlohmann/json.hpp>

#include "samoyed/protocol/utf8.hpp"

namespace samoyed::web {

std::optional<nlohmann::ordered_json> parse_bounded_json(std::string_view text) {
  using Json = nlohmann::ordered_json;
  int values = 0;
  bool within = true;
  // Rejected values are not kept, so memory stays bounded until the end of the text.
  const auto keep = [&](int depth, Json::parse_event_t, Json&) {
    within = within && ++values <= json_values_max && depth <= json_depth_max;
    return within;
  };
  Json json = Json::parse(text.begin(), text.end(), keep, false);
  if (!within || json.is_discarded()) return std::nullopt;
  return json;
}

std::string to_text(const nlohmann::ordered_json& json) {
  return protocol::escape_json_controls(
      json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

}  // namespace samoyed::web
