#include "web/http/model_name.hpp"

#include "samoyed/protocol/limits.hpp"
#include "samoyed/protocol/utf8.hpp"
#include "web/http/url.hpp"

namespace samoyed::web {

std::optional<Problem> check_model_name(std::string_view name) {
  if (!name.empty() && name.size() <= protocol::model_name_bytes_max) return std::nullopt;
  return Problem{Reason::bad_parameter, "`model` must be the name of a model (limit " +
                                            std::to_string(protocol::model_name_bytes_max) +
                                            " bytes)."};
}

std::variant<std::string, Problem> read_model_name(std::string_view query) {
  const auto text = query_value(query, "model");
  if (!text) return std::string();
  std::string name = protocol::to_utf8(*text);
  if (auto problem = check_model_name(name)) return *std::move(problem);
  return name;
}

}  // namespace samoyed::web
