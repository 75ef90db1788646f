#include "web/apidoc/api_texts.hpp"

#include <algorithm>

namespace samoyed::web {
namespace {

using Json = nlohmann::ordered_json;

std::string enum_text(const Json& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 < words.size() ? ", " : " or ";
    text += words[i].get<std::string>();
  }
  return text;
}

std::string range_text(const Json& schema) {
  const bool least = schema.contains("minimum");
  const bool most = schema.contains("maximum");
  if (least && most) {
    return ", " + schema.at("minimum").dump() + " to " + schema.at("maximum").dump();
  }
  if (least) return ", at least " + schema.at("minimum").dump();
  if (most) return ", at most " + schema.at("maximum").dump();
  if (schema.contains("maxLength")) {
    return ", at most " + schema.at("maxLength").dump() + " characters";
  }
  return {};
}

}  // namespace

std::vector<Values> prose_parts(std::string_view sentence) {
  std::vector<Values> parts;
  bool code = false;
  while (!sentence.empty()) {
    const std::size_t end = std::min(sentence.find('`'), sentence.size());
    if (end > 0) parts.push_back({{"code", code}, {"text", std::string(sentence.substr(0, end))}});
    sentence.remove_prefix(std::min(end + 1, sentence.size()));
    code = !code;
  }
  return parts;
}

std::string type_text(const Json& schema) {
  if (schema.contains("enum")) return enum_text(schema.at("enum"));
  return schema.at("type").get<std::string>() + range_text(schema);
}

std::string example_text(const Json& example) {
  return example.is_string() ? example.get<std::string>() : example.dump(2) + "\n";
}

}  // namespace samoyed::web
